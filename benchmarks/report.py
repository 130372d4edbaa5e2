"""A run as a table on the terminal, as Markdown, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from benchmarks.catalogue import Contender
from benchmarks.results import Run, Samples

PEERS = (Contender.ABLY, Contender.ABLY_JS)
SHORT_NAMES: dict[str, str] = {Contender.ABLY_JS: "js"}


def heading(run: Run) -> str:
    """What the table is about, and its first line."""
    columns = "".join(f"{SHORT_NAMES.get(c, c):>7}" for c in run.contenders)
    return (
        f"{introduction(run)}\n"
        "limit: what the stub server gives a plain socket. Below each median: half the range.\n"
        "Last: times better than `ably` and ably-js, and above (>) or below (<) which target.\n\n"
        f"{'':24}{'':>5}{columns}{'x ably':>8}{'x js':>8}"
    )


def rows_as_text(run: Run, samples: Iterable[Samples]) -> str:
    """Two lines for each measure."""
    return "\n".join(_row_as_text(run, row) for row in samples)


def _row_as_text(run: Run, row: Samples) -> str:
    medians = "".join(f"{short(row.median(contender)):>7}" for contender in run.contenders)
    spreads = "".join(f"{percent(row.spread(contender)):>7}" for contender in run.contenders)
    ratios = "".join(f"{_ratio(row, peer):>8}" for peer in PEERS)
    unit = row.measure.unit
    lines = (f"{row.title:24}{unit:>5}{medians}{ratios}", f"{'  ' + _limit(row):29}{spreads}")
    return "\n".join(line.rstrip() for line in lines)


def as_markdown(run: Run) -> str:
    """The table for a page."""
    names = [*run.contenders, "x `ably` (target)", "x ably-js (target)"]
    lines = [
        introduction(run).replace("\n", "  \n"),
        "",
        f"| work | unit | {' | '.join(names)} |",
        f"|---|---|{'---:|' * len(names)}",
    ]
    for row in run.samples:
        cells = [median_and_range(row, contender) for contender in run.contenders]
        cells += [_ratio_in_words(row, peer) for peer in PEERS]
        title = "; ".join(filter(None, (row.title, _limit(row))))
        lines.append(f"| {title} | {row.measure.unit} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


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
            "rows": [_row_as_json(row) for row in run.samples],
        },
        indent=2,
    )


def _row_as_json(row: Samples) -> dict[str, object]:
    return {
        "workload": row.workload.name,
        "measure": row.measure.key,
        "title": row.title,
        "unit": row.measure.unit,
        "values": row.values,
        "medians": {contender: row.median(contender) for contender in row.values},
        "advantages": {peer: row.advantage(peer) for peer in PEERS},
        "wanted": {peer: row.wanted(peer) for peer in PEERS},
        "at_most": row.measure.target.at_most,
        "reached": [*(row.reached(peer) for peer in PEERS), row.within_limit],
    }


def introduction(run: Run) -> str:
    """When, on what and how a run measured."""
    length = "quick, " if run.quick else ""
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    return (
        f"{run.date:%Y-%m-%d %H:%M} UTC, {length}median of {run.repetitions}\n"
        f"{run.machine}\n{versions}"
    )


def _limit(row: Samples) -> str:
    at_most = row.measure.target.at_most
    if at_most is None:
        return ""
    missed = ", missed" if row.within_limit is False else ""
    return f"at most {at_most:,g} {row.measure.unit}{missed}"


def _ratio(row: Samples, peer: Contender) -> str:
    advantage, wanted = row.advantage(peer), row.wanted(peer)
    if advantage is None:
        return ""
    if wanted is None:
        return _factor(advantage)
    return f"{_factor(advantage)}{'>' if row.reached(peer) else '<'}{_factor(wanted)}"


def _ratio_in_words(row: Samples, peer: Contender) -> str:
    advantage, wanted = row.advantage(peer), row.wanted(peer)
    if advantage is None:
        return ""
    if wanted is None:
        return _factor(advantage)
    missed = "" if row.reached(peer) else ", missed"
    return f"{_factor(advantage)} ({_factor(wanted)}{missed})"


def _factor(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0") if value < 10 else f"{value:.0f}"


def median_and_range(row: Samples, contender: str) -> str:
    """The median, and the least and the most."""
    if contender not in row.values:
        return ""
    values: Sequence[float] = row.values[contender]
    low, high = short(min(values)), short(max(values))
    return f"{short(row.median(contender))} ({low} to {high})"


def percent(value: float | None) -> str:
    """A share, if there is one."""
    return "" if value is None else f"{value:.0%}"


def short(value: float | None) -> str:
    """Three digits, and a letter for thousands or millions."""
    if value is None:
        return "-"
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size * 9.995:
            return f"{_three_digits(value / size)}{letter}"
    return f"{value:,.0f}" if value >= 1_000 else _three_digits(value)


def _three_digits(value: float) -> str:
    return f"{value:.{max(0, 3 - len(str(int(value))))}f}"
