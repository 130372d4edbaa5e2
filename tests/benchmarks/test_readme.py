"""The figures in the READMEs: those of the last run, and nothing else of the page changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import readme

UNITS = {"rate": "msg/s", "time": "ms", "p50": "us", "connected": "ms", "each": "B"}


def results(*, speed: bool = True, without: str = "") -> dict[str, Any]:
    """A run in which this client is 4 times better, and 8 times with the extra."""
    rows = []
    for workload, measure in readme.SHOWN:
        values = {"ours": 400.0, "speed": 800.0, "ably": 100.0}
        if measure != "rate":
            values = {name: 80_000.0 / value for name, value in values.items()}
        if not speed:
            del values["speed"]
        unit = UNITS[measure]
        row = {"workload": workload, "measure": measure, "title": f"the {workload}"}
        rows.append({**row, "unit": unit, "medians": values})
    return {
        "date": "2026-02-03T15:04:05+00:00",
        "machine": "2 x abacus",
        "versions": {"Python": "3.11.7", "ably": "3.1.4"},
        "quick": True,
        "rows": [row for row in rows if row["workload"] != without],
    }


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, ...]:
    """Copies of the READMEs, and an empty folder of results."""
    copies = tuple(tmp_path / f"{number}.md" for number, _ in enumerate(readme.PAGES))
    for page, copy in zip(readme.PAGES, copies, strict=True):
        copy.write_text(page.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(readme, "PAGES", copies)
    monkeypatch.setattr(readme, "RESULTS", tmp_path)
    return copies


def measured(tmp_path: Path, run: dict[str, Any]) -> None:
    (tmp_path / "results.json").write_text(json.dumps(run), encoding="utf-8")


def test_the_figures_of_the_last_run_stand_in_both(pages: tuple[Path, ...], tmp_path: Path) -> None:
    measured(tmp_path, results())
    before = [page.read_text(encoding="utf-8") for page in pages]
    assert readme.main() == 0
    for page, old in zip(pages, before, strict=True):
        new = page.read_text(encoding="utf-8")
        assert "| the receive-64 | 400 msg/s | 800 msg/s | 100 msg/s | 4.0 to 8.0 |" in new
        assert "| the connect | 200 us | 100 us | 800 us | 4.0 to 8.0 |" in new
        assert "a quick run on 2026-02-03: 2 x abacus, Python 3.11.7." in new
        assert old.partition("<!-- end of")[2] == new.partition("<!-- end of")[2]
        assert old.partition("<!-- figures")[0] == new.partition("<!-- figures")[0]


def test_without_the_extra_there_is_no_column_for_it() -> None:
    table = readme.figures(results(speed=False))
    assert "[speed]" not in table
    assert "| the receive-64 | 400 msg/s | 100 msg/s | 4.0 |" in table


@pytest.mark.parametrize("missing", ["presence-20000", "everything"])
def test_a_run_that_lacks_something_changes_nothing(
    pages: tuple[Path, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    if missing != "everything":
        measured(tmp_path, results(without=missing))
    before = [page.read_text(encoding="utf-8") for page in pages]
    assert readme.main() == 1
    assert "run benchmarks/run.py first" in capsys.readouterr().err
    assert [page.read_text(encoding="utf-8") for page in pages] == before


def test_what_it_shows_is_measured() -> None:
    from benchmarks.catalogue import WORKLOADS

    measures = {(work.name, measure.key) for work in WORKLOADS for measure in work.measures}
    assert set(readme.SHOWN) <= measures
