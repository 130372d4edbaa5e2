"""A run refreshes its part of the page, and its drawing, and leaves the rest as it is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.local import page
from benchmarks.local.catalogue import WORKLOADS
from benchmarks.local.flatness import Sample
from benchmarks.local.soak import Soak
from benchmarks.results import Run, Samples

DATE = datetime(2026, 2, 3, 15, 4, tzinfo=UTC)
TEXT = page.PAGE.read_text(encoding="utf-8")


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the page, in an empty folder."""
    copy = tmp_path / page.PAGE.name
    copy.write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(page, "PAGE", copy)
    for drawing in ("FAN_OUT", "SOAK"):
        path = tmp_path / "images" / getattr(page, drawing).name
        monkeypatch.setattr(page, drawing, path)
    return tmp_path


def outside(text: str, part: str) -> tuple[str, str]:
    """What stands before and after a part of the page."""
    before, _, rest = text.partition(f"<!-- {part}:")
    return before, rest.partition(f"<!-- end of {part} -->")[2]


def a_run(rate: float) -> Run:
    run = Run(DATE, "2 x abacus", {"Python": "3.11"}, False, 5, ("JSON", "MessagePack"))
    for workload in WORKLOADS:
        for measure in workload.measures:
            title = measure.title.format(**workload.arguments)
            values = {"JSON": [rate, rate + 2, rate + 1], "MessagePack": [7.0]}
            run.samples.append(Samples(workload, measure, title, values))
    return run


def test_the_rates_are_replaced(docs: Path) -> None:
    page.refresh_rates(a_run(500))
    page.refresh_rates(a_run(900))
    text = (docs / page.PAGE.name).read_text(encoding="utf-8")
    assert outside(text, "rates") == outside(TEXT, "rates")
    assert "2026-02-03 15:04 UTC, median of 5  \n2 x abacus  \nPython 3.11\n" in text
    assert "| deliver to 200 | msg/s | 901 (900 to 902) | 7.00 (7.00 to 7.00) |" in text
    assert "501 (500" not in text
    assert "(images/ably-local-fan-out.svg)" in text
    assert "<svg" in (docs / "images" / "ably-local-fan-out.svg").read_text(encoding="utf-8")


def test_the_soak_is_replaced(docs: Path) -> None:
    soak = Soak(DATE, "2 x abacus", {"Python": "3.11"}, 600, 240, 200, 1_000, 200)
    soak.samples = [Sample(second, 100_000_000, 20) for second in range(601)]
    soak.done["publish"] = 1_234
    page.refresh_soak(soak)
    text = (docs / page.PAGE.name).read_text(encoding="utf-8")
    assert outside(text, "soak") == outside(TEXT, "soak")
    assert "200 connections, 1,000 channels, 600 s  \n2 x abacus  \nPython 3.11\n" in text
    assert "Verdict: flat: memory of 100.0 MB rose by +0.00 MB" in text
    assert "1,234 x publish" in text
    assert "(images/ably-local-soak.svg)" in text
    assert "<svg" in (docs / "images" / "ably-local-soak.svg").read_text(encoding="utf-8")


def test_the_same_figures_give_the_same_drawing(docs: Path) -> None:
    path = docs / "images" / "ably-local-fan-out.svg"
    page.refresh_rates(a_run(500))
    first = path.read_bytes()
    page.refresh_rates(a_run(500))
    assert path.read_bytes() == first
