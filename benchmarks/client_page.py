"""The page in docs about the client: the parts of it that a whole run writes."""

from __future__ import annotations

from pathlib import Path

from benchmarks.catalogue import Contender
from benchmarks.drawing import drawing, save
from benchmarks.pages import DOCS, IMAGES, link, replace_part
from benchmarks.report import as_markdown, missed_targets
from benchmarks.results import Run, Samples

PAGE = DOCS / "performance.md"
RATIOS = IMAGES / "performance-ratios.svg"

_DRAWN = (Contender.SPEED, Contender.OURS, Contender.ABLY_JS)


def refresh(run: Run) -> None:
    """Write what a run measured and which targets it missed, and draw it beside `ably`."""
    draw_ratios(run, RATIOS)
    alt = "How many times faster than ably each client is, by workload"
    replace_part(PAGE, "figures", f"![{alt}]({link(PAGE, RATIOS)})\n\n{as_markdown(run)}")
    missed = missed_targets(run)
    lines = [f"- {target}" for target in missed] or ["Every target was reached."]
    replace_part(PAGE, "missed", "\n".join(lines))


def draw_ratios(run: Run, path: Path) -> None:
    """How many times better than `ably` each is, for what all of them were measured at."""
    rows = [row for row in run.samples if _is_comparable(row)]
    drawn = [contender for contender in _DRAWN if contender in run.contenders]
    figure, axes = drawing("times better than ably 3.x", "", height=0.5 + 0.42 * len(rows))
    width = 0.84 / len(drawn)
    for number, contender in enumerate(reversed(drawn)):
        places = [place + (number + 0.5) * width - 0.42 for place in range(len(rows))]
        ratios = [row.advantage(contender, Contender.ABLY) or 0.0 for row in rows]
        axes.barh(places, ratios, width * 0.9, label=contender)
    axes.axvline(1, color="0.3", linewidth=0.8)
    axes.set_yticks(range(len(rows)), [row.title for row in rows])
    axes.invert_yaxis()
    axes.legend(frameon=False)
    save(figure, path)


def _is_comparable(row: Samples) -> bool:
    return row.measure.compared and all(
        row.median(contender) for contender in (Contender.OURS, Contender.ABLY)
    )
