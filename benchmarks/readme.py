"""Write the figures of the last run into the READMEs: `python benchmarks/readme.py`.

Reads build/benchmarks/results.json, as `benchmarks/run.py` leaves it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])  # the modules know each other as benchmarks.…

from benchmarks.catalogue import OURS, Contender
from benchmarks.pages import replace_part
from benchmarks.report import short
from benchmarks.session import RESULTS
from benchmarks.worker_process import ROOT

PAGES = (ROOT / "README.md", ROOT / "packages" / "ably-realtime" / "README.md")
SHOWN = (
    ("receive-64", "rate"),
    ("publish-in-flight", "rate"),
    ("acknowledge", "p50"),
    ("attach-10000", "time"),
    ("presence-20000", "time"),
    ("connect", "p50"),
    ("reconnect", "connected"),
    ("channel-memory", "each"),
)
"""The workload and the measure of each row."""

COLUMNS = {Contender.OURS: "`ably-realtime`", Contender.SPEED: "with `[speed]`"}


def figures(results: Mapping[str, Any]) -> str:
    """The table, and when and on what it was measured; LookupError names what is missing."""
    rows = {(row["workload"], row["measure"]): row for row in results["rows"]}
    missing = [workload for workload, measure in SHOWN if (workload, measure) not in rows]
    if missing:
        raise LookupError(f"the run did not measure {', '.join(missing)}")
    shown = [rows[each] for each in SHOWN]
    ours = [contender for contender in OURS if all(contender in row["medians"] for row in shown)]
    theirs = f"`ably` {results['versions']['ably']}"
    head = ["", *(COLUMNS[contender] for contender in ours), theirs, "times better"]
    lines = [f"| {' | '.join(head)} |", f"|---|{'---:|' * (len(head) - 1)}"]
    lines += [_line(row, ours) for row in shown]
    date = datetime.fromisoformat(results["date"])
    length = "a quick run" if results["quick"] else "a whole run"
    versions = f"Python {results['versions']['Python']}"
    lines += ["", f"Medians of {length} on {date:%Y-%m-%d}: {results['machine']}, {versions}."]
    return "\n".join(lines)


def _line(row: Mapping[str, Any], ours: list[Contender]) -> str:
    medians, unit = row["medians"], row["unit"]
    theirs = medians[Contender.ABLY]
    better = []
    for contender in ours:
        own = medians[contender]
        better.append(f"{own / theirs if unit.endswith('/s') else theirs / own:.1f}")
    values = [f"{short(medians[contender])} {unit}" for contender in (*ours, Contender.ABLY)]
    return f"| {' | '.join([row['title'], *values, ' to '.join(dict.fromkeys(better))])} |"


def main() -> int:
    """Refresh every page; return the exit code."""
    path = RESULTS / "results.json"
    try:
        text = figures(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, LookupError) as error:
        print(f"{error}: run benchmarks/run.py first, as a whole", file=sys.stderr)
        return 1
    for page in PAGES:
        replace_part(page, "figures", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
