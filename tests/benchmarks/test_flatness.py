"""A verdict of flat memory means something: what grows is told from what goes up and down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from benchmarks.local.flatness import Sample, trend
from benchmarks.local.soak import Soak

WARM_UP, SECONDS = 240, 600
LEVEL = 100_000_000


def samples(grown: Callable[[int], float]) -> list[Sample]:
    """A sample each second, of a level and what has been added to it by then."""
    return [Sample(second, int(LEVEL + grown(second)), 20) for second in range(SECONDS + 1)]


def swept(second: int) -> float:
    """Up to a tenth is added, and cleared away every minute."""
    return LEVEL / 10 * (second % 60) / 60


def filling(second: int) -> float:
    """Half is added until the warm-up ends, and nothing later."""
    return LEVEL / 2 * min(second / WARM_UP, 1)


def leaking(share: float) -> Callable[[int], float]:
    """So much is added from the warm-up to the end, beside what is swept."""
    return lambda second: swept(second) + LEVEL * share * second / (SECONDS - WARM_UP)


@pytest.mark.parametrize(
    ("grown", "flat"),
    [
        (lambda _: 0, True),
        (swept, True),
        (filling, True),
        (leaking(-0.5), True),
        (leaking(0.005), True),
        (leaking(0.04), False),
        (leaking(0.5), False),
    ],
    ids=["level", "swept", "filling", "falling", "within tolerance", "leak", "large leak"],
)
def test_memory_is_flat_unless_it_grows_after_the_warm_up(
    grown: Callable[[int], float], flat: bool
) -> None:
    assert trend(samples(grown), WARM_UP).is_flat is flat


def test_the_growth_is_that_of_the_time_that_counts() -> None:
    grown = trend(samples(lambda second: 1_000 * second), WARM_UP)
    assert grown.growth == pytest.approx(360_000)
    assert grown.level == pytest.approx(LEVEL + 420_000)


def test_a_soak_that_is_all_warm_up_has_no_verdict() -> None:
    with pytest.raises(ValueError, match="warm-up"):
        trend(samples(swept), SECONDS)


def soaked(grown: Callable[[int], float] = swept) -> Soak:
    return Soak(
        date=datetime(2026, 1, 1, tzinfo=UTC),
        machine="",
        versions={},
        seconds=SECONDS,
        warm_up=WARM_UP,
        connections=1,
        channels=1,
        each_second=1,
        samples=samples(grown),
    )


def test_a_soak_passes_when_all_was_answered_and_nothing_stayed() -> None:
    assert soaked().passed
    assert soaked().verdict().startswith("flat: ")


def test_a_soak_fails_by_growing_memory() -> None:
    soak = soaked(leaking(0.04))
    assert not soak.passed
    assert soak.verdict().startswith("NOT FLAT: ")


def test_a_soak_fails_by_descriptors_left_open() -> None:
    soak = soaked()
    soak.left_open = 1
    assert not soak.passed
    assert soak.verdict().endswith("; 1 descriptors were left open")


def test_a_soak_fails_by_a_wrong_answer() -> None:
    soak = soaked()
    soak.failure = "client-1, publish: NACK"
    assert not soak.passed
    assert soak.verdict() == "FAILED: client-1, publish: NACK"
