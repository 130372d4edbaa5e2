"""A run refreshes the page about the client: the table, the drawing, and what was missed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks import client_page as page
from benchmarks.catalogue import WORKLOADS, Contender
from benchmarks.results import Run, Samples

TEXT = page.PAGE.read_text(encoding="utf-8")


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the page, in an empty folder."""
    copied = tmp_path / page.PAGE.name
    copied.write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(page, "PAGE", copied)
    monkeypatch.setattr(page, "RATIOS", tmp_path / "images" / page.RATIOS.name)
    return copied


def a_run(name: str, values: dict[str, list[float]]) -> Run:
    run = Run(
        datetime(2026, 2, 3, 15, 4, tzinfo=UTC),
        "2 x abacus",
        {"Python": "3.11"},
        False,
        7,
        tuple(Contender),
    )
    workload = next(workload for workload in WORKLOADS if workload.name == name)
    measure = workload.measures[0]
    title = measure.title.format(**workload.arguments)
    run.samples.append(Samples(workload, measure, title, values))
    return run


def test_the_figures_and_the_missed_targets_are_written(copy: Path) -> None:
    page.refresh(
        a_run("receive-64", {"ours": [700, 500, 600], "speed": [1_000], "ably": [100, 90, 110]})
    )
    text = copy.read_text(encoding="utf-8")
    assert "2026-02-03 15:04 UTC, median of 7" in text
    assert "600 (500 to 700)" in text
    assert "- receive 64 B with the extra: 10 x ably, target 20 x" in text
    assert "- receive 64 B: " not in text
    assert "(images/performance-ratios.svg)" in text
    assert "<svg" in page.RATIOS.read_text(encoding="utf-8")


def test_a_limit_that_was_passed_is_a_missed_target(copy: Path) -> None:
    page.refresh(a_run("channel-memory", {"ours": [5_000], "speed": [4_000], "ably": [9_000]}))
    text = copy.read_text(encoding="utf-8")
    assert "- memory a channel: 5,000 B, target 4,096 B" in text
    assert "with the extra: 4,000" not in text


def test_nothing_missed_is_said_too(copy: Path) -> None:
    page.refresh(a_run("echo", {"ours": [1], "speed": [1], "ably": [1]}))
    assert "Every target was reached." in copy.read_text(encoding="utf-8")
