"""Which cases of the Universal Test Specification pass: a report at the end of a session."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

import pytest

# A case with several runs has the worst of their outcomes.
OUTCOMES = ("passed", "skipped", "failed")


class UtsReport:
    """A pytest plugin: checks the ids that tests carry and reports the outcome of each."""

    def __init__(self, areas: Mapping[str, str], path: Path) -> None:
        self.areas = areas
        self.outcomes: dict[str, str] = {}
        self._path = path
        self._cases: dict[str, list[str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            cases = [case for mark in item.iter_markers("uts") for case in mark.args]
            if unknown := [case for case in cases if case not in self.areas]:
                raise pytest.UsageError(f"{item.nodeid}: no case of the specification: {unknown}")
            self._cases[item.nodeid] = cases

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # Setup and teardown count where they go wrong.
        if report.when == "call" or not report.passed:
            self.add(self._cases.get(report.nodeid, ()), report.outcome)

    def add(self, cases: Iterable[str], outcome: str) -> None:
        """Count one more run of these cases."""
        for case in cases:
            self.outcomes[case] = max(self.outcomes.get(case, outcome), outcome, key=OUTCOMES.index)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not session.config.option.collectonly:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(self.outcomes, indent=2, sort_keys=True) + "\n")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("Universal Test Specification")
        for line in summary(self.areas, self.outcomes):
            terminalreporter.write_line(line)


def read_areas(path: Path) -> dict[str, str]:
    """The area of each case id: the folder of its file in the specification."""
    rows = (line.split("\t") for line in path.read_text().splitlines())
    return {case: str(PurePosixPath(file).parent.relative_to("uts")) for case, file in rows}


def summary(areas: Mapping[str, str], outcomes: Mapping[str, str]) -> Iterator[str]:
    """Cases passed out of all, then the same by area."""
    passed = [case for case, outcome in outcomes.items() if outcome == "passed"]
    yield f"UTS: {len(passed)}/{len(areas)}"
    passed_by_area = Counter(areas[case] for case in passed)
    for area, total in sorted(Counter(areas.values()).items()):
        yield f"  {area}: {passed_by_area[area]}/{total}"
