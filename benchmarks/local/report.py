"""A run as a table on the terminal, as Markdown, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable

from benchmarks.report import introduction, median_and_range, percent, short
from benchmarks.results import Run, Samples


def heading(run: Run) -> str:
    """What the table is about, and its first line."""
    columns = "".join(f"{name:>20}" for name in run.contenders)
    return (
        f"{introduction(run)}\n"
        "Beside each median: half the range. Messages have 64 bytes.\n\n"
        f"{'':28}{'':>8}{columns}"
    )


def rows_as_text(run: Run, samples: Iterable[Samples]) -> str:
    """A line for each measure."""
    return "\n".join(_row_as_text(run, row) for row in samples)


def _row_as_text(run: Run, row: Samples) -> str:
    cells = (f"{short(row.median(c))} {percent(row.spread(c)):>5}" for c in run.contenders)
    columns = "".join(f"{cell:>20}" for cell in cells)
    return f"{row.title:28}{row.measure.unit:>8}{columns}"


def as_markdown(run: Run, samples: Iterable[Samples]) -> str:
    """The table for a page."""
    lines = [
        f"| work | unit | {' | '.join(run.contenders)} |",
        f"|---|---|{'---:|' * len(run.contenders)}",
    ]
    for row in samples:
        cells = " | ".join(median_and_range(row, contender) for contender in run.contenders)
        lines.append(f"| {row.title} | {row.measure.unit} | {cells} |")
    return "\n".join(lines)


def as_json(run: Run) -> str:
    """Everything, with each single value."""
    return json.dumps(
        {
            "date": run.date.isoformat(timespec="seconds"),
            "machine": run.machine,
            "versions": run.versions,
            "quick": run.quick,
            "repetitions": run.repetitions,
            "failures": run.failures,
            "rows": [
                {
                    "workload": row.workload.name,
                    "measure": row.measure.key,
                    "title": row.title,
                    "unit": row.measure.unit,
                    "values": row.values,
                    "medians": {name: row.median(name) for name in row.values},
                }
                for row in run.samples
            ],
        },
        indent=2,
    )
