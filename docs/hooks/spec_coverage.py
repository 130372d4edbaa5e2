"""The page that says, point by point, which tests hold the client to Ably's specification.

The cases are those of the Universal Test Specification, as the tests name them in their markers.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "uts" / "ids.tsv"
SPECIFICATION = "https://sdk.ably.com/builds/ably/specification/main"
DOCUMENTS = {"realtime": "features", "objects": "objects-features"}

TITLES = {
    "DO": "Options of derived channels",
    "PAOM": "Objects: messages to the application",
    "PAOOP": "Objects: operations in them",
    "PC": "Plugins",
    "RSA": "Authentication",
    "RSC": "Client, as in REST",
    "RSF": "Forwards compatibility, as in REST",
    "RSL": "Channel, as in REST",
    "RTAN": "Annotations",
    "RTB": "Backoff",
    "RTC": "Client",
    "RTF": "Forwards compatibility",
    "RTINS": "Objects: instances",
    "RTL": "Channel",
    "RTLC": "Objects: counters",
    "RTLCV": "Objects: initial values of counters",
    "RTLM": "Objects: maps",
    "RTLMV": "Objects: initial values of maps",
    "RTLO": "Objects",
    "RTN": "Connection",
    "RTO": "Objects of a channel",
    "RTP": "Presence",
    "RTPO": "Objects: paths",
    "RTS": "Channels",
    "TB": "Channel options",
    "TM": "Message",
}


def coverage_page() -> str:
    """The page, in Markdown."""
    return "\n".join(_lines(read_cases(CASES), marked_tests()))


def read_cases(path: Path) -> list[str]:
    """The ids of the cases that there are."""
    return [row.split("\t")[0] for row in path.read_text(encoding="utf-8").splitlines()]


def marked_tests() -> dict[str, list[str]]:
    """The tests of each case, as pytest collects them: `file::function`, without parameters."""
    found = subprocess.run(  # noqa: S603 - a script of ours
        [sys.executable, str(Path(__file__).with_name("collect_cases.py"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        raise RuntimeError(f"the tests cannot be collected:\n{found.stdout}{found.stderr}")
    tests: dict[str, list[str]] = json.loads(found.stdout.splitlines()[-1])
    return tests


def points(case: str) -> list[str]:
    """The points of the specification that a case is about: `objects/unit/RTO4-RTO5/…`."""
    return case.split("/")[2].split("-")


def _lines(cases: list[str], tests: Mapping[str, list[str]]) -> Iterator[str]:
    covered = [case for case in cases if tests.get(case)]
    yield "# Coverage of the specification"
    yield ""
    yield (
        f"**{len(covered)} of {len(cases)}** cases of Ably's Universal Test Specification "
        "are carried out by a test. This page is made from the tests themselves: each names its "
        "case in a marker, `@pytest.mark.uts(…)`. `nox -s uts` runs them and counts what passes."
    )
    yield ""
    yield "| area | points | cases | with a test |"
    yield "|---|---:|---:|---:|"
    families = _by_family(cases)
    for family, of_point in families.items():
        every = {case for point in of_point.values() for case in point}
        done = sum(case in covered for case in every)
        name = f"[{_title(family)}](#{family.lower()})"
        yield f"| {name} | {len(of_point)} | {len(every)} | {done} |"
    for family, of_point in families.items():
        yield f"\n## {_title(family)} {{: #{family.lower()} }}\n"
        yield "| point | case | tests |"
        yield "|---|---|---|"
        for point, its_cases in of_point.items():
            for case in its_cases:
                area, level, _, name = case.split("/")
                link = f"[{point}]({SPECIFICATION}/{DOCUMENTS[area]}/#{point})"
                yield f"| {link} | {name} ({level}) | {_tests(tests.get(case, []))} |"


def _by_family(cases: list[str]) -> dict[str, dict[str, list[str]]]:
    families: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    pairs = [(point, case) for case in cases for point in points(case)]
    for point, case in sorted(pairs, key=lambda pair: (_natural(pair[0]), pair[1])):
        families[_family(point)][point].append(case)
    return families


def _tests(nodes: list[str]) -> str:
    if not nodes:
        return "none"
    parts = [node.partition("::") for node in nodes]
    folder = PurePosixPath("tests/uts")
    return "<br>".join(
        f"`{PurePosixPath(path).relative_to(folder)}` {name}" for path, _, name in parts
    )


def _family(point: str) -> str:
    match = re.match("[A-Z]+", point)
    assert match is not None, point
    return match[0]


def _title(family: str) -> str:
    return f"{TITLES[family]} ({family})"


def _natural(point: str) -> list[tuple[int, str]]:
    """RTN2 before RTN10, RTN4a before RTN4b."""
    parts = re.findall(r"\d+|\D+", point)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
