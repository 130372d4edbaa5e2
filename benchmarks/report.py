"""A run as a table on the terminal, as Markdown, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from benchmarks.catalogue import OURS, Contender
from benchmarks.results import Run, Samples

PEERS = (Contender.ABLY, Contender.ABLY_JS)
SHORT_NAMES: dict[str, str] = {Contender.ABLY_JS: "js"}
COMPARED = tuple((ours, peer) for ours in OURS for peer in PEERS)


def heading(run: Run) -> str:
    """What the table is about, and its first line."""
    columns = "".join(f"{SHORT_NAMES.get(c, c):>7}" for c in run.contenders)
    return (
        f"{introduction(run)}\n"
        "limit: what the stub server gives a plain socket. Below each median: half the range.\n"
        "Last: times better than `ably` and ably-js, without and with the extra, and above (>) or\n"
        "below (<) which target.\n\n"
        f"{'':24}{'':>5}{columns}{'x ably':>8}{'x js':>8}{'speed':>8}{'x js':>8}"
    )


def rows_as_text(run: Run, samples: Iterable[Samples]) -> str:
    """Two lines for each measure."""
    return "\n".join(_row_as_text(run, row) for row in samples)


def _row_as_text(run: Run, row: Samples) -> str:
    medians = "".join(f"{short(row.median(contender)):>7}" for contender in run.contenders)
    spreads = "".join(f"{percent(row.spread(contender)):>7}" for contender in run.contenders)
    ratios = "".join(f"{_ratio(row, ours, peer):>8}" for ours, peer in COMPARED)
    unit = row.measure.unit
    lines = (f"{row.title:24}{unit:>5}{medians}{ratios}", f"{'  ' + _limit(row):29}{spreads}")
    return "\n".join(line.rstrip() for line in lines)


def as_markdown(run: Run) -> str:
    """The table for a page."""
    names: list[str] = [*run.contenders]
    names += [f"{ours} x {peer} (target)" for ours, peer in COMPARED]
    lines = [
        introduction(run).replace("\n", "  \n"),
        "",
        f"| work | unit | {' | '.join(names)} |",
        f"|---|---|{'---:|' * len(names)}",
    ]
    for row in run.samples:
        cells = [median_and_range(row, contender) for contender in run.contenders]
        cells += [_ratio_in_words(row, ours, peer) for ours, peer in COMPARED]
        title = "; ".join(filter(None, (row.title, _limit(row))))
        lines.append(f"| {title} | {row.measure.unit} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def missed_targets(run: Run) -> list[str]:
    """Each target that was missed, and by how much."""
    return [line for row in run.samples for ours in OURS for line in _misses(row, ours)]


def _misses(row: Samples, ours: Contender) -> list[str]:
    what = f"{row.title}{' with the extra' if ours is Contender.SPEED else ''}"
    found = []
    for peer in PEERS:
        advantage, wanted = row.advantage(ours, peer), row.wanted(ours, peer)
        if row.reached(ours, peer) is False and advantage is not None and wanted is not None:
            found.append(f"{what}: {_factor(advantage)} x {peer}, target {_factor(wanted)} x")
    at_most = row.measure.target_of(ours).at_most
    if row.within_limit(ours) is False and at_most is not None:
        unit = row.measure.unit
        found.append(f"{what}: {short(row.median(ours))} {unit}, target {at_most:,g} {unit}")
    return found


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
        "targets": {ours: _targets_as_json(row, ours) for ours in OURS},
    }


def _targets_as_json(row: Samples, ours: Contender) -> dict[str, object]:
    return {
        "advantages": {peer: row.advantage(ours, peer) for peer in PEERS},
        "wanted": {peer: row.wanted(ours, peer) for peer in PEERS},
        "at_most": row.measure.target_of(ours).at_most,
        "reached": [*(row.reached(ours, peer) for peer in PEERS), row.within_limit(ours)],
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
    limits = [
        f"{at_most:,g} {row.measure.unit}{', missed' if row.within_limit(ours) is False else ''}"
        for ours in OURS
        if (at_most := row.measure.target_of(ours).at_most) is not None
    ]
    return f"at most {' and '.join(dict.fromkeys(limits))}" if limits else ""


def _ratio(row: Samples, ours: Contender, peer: Contender) -> str:
    advantage, wanted = row.advantage(ours, peer), row.wanted(ours, peer)
    if advantage is None:
        return ""
    if wanted is None:
        return _factor(advantage)
    return f"{_factor(advantage)}{'>' if row.reached(ours, peer) else '<'}{_factor(wanted)}"


def _ratio_in_words(row: Samples, ours: Contender, peer: Contender) -> str:
    advantage, wanted = row.advantage(ours, peer), row.wanted(ours, peer)
    if advantage is None:
        return ""
    if wanted is None:
        return _factor(advantage)
    missed = "" if row.reached(ours, peer) else ", missed"
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
