"""The drawings of the page in docs."""

from __future__ import annotations

from pathlib import Path

from benchmarks.drawing import drawing, save
from benchmarks.local.soak import MEGABYTE, Soak
from benchmarks.results import Run


def draw_fan_out(run: Run, path: Path) -> None:
    """Deliveries a second, for each number of subscribers and each format."""
    rows = [
        row
        for row in run.samples
        if row.workload.operation == "fan_out" and row.measure.key == "rate"
    ]
    figure, axes = drawing("subscribers", "deliveries/s")
    width = 0.8 / len(run.contenders)
    for number, contender in enumerate(run.contenders):
        places = [place + (number + 0.5) * width - 0.4 for place in range(len(rows))]
        medians = [row.median(contender) or 0.0 for row in rows]
        axes.bar(places, medians, width * 0.92, label=contender)
    axes.set_xticks(range(len(rows)), [f"{row.workload.arguments['subscribers']}" for row in rows])
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.legend(frameon=False)
    save(figure, path)


def draw_soak(soak: Soak, path: Path) -> None:
    """The memory of the server from the beginning to the end; the warm-up is shaded."""
    figure, axes = drawing("minutes", "resident memory, MB")
    minutes = [sample.seconds / 60 for sample in soak.samples]
    axes.plot(minutes, [sample.resident_bytes / MEGABYTE for sample in soak.samples])
    axes.axvspan(0, soak.warm_up / 60, color="0.92", label="warm-up")
    axes.set_xlim(0, soak.seconds / 60)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, loc="lower right")
    save(figure, path)
