"""How long to wait before the next try (RTB1)."""

from __future__ import annotations

import pytest

from ably_realtime._core.backoff import backoff_coefficient, jitter_coefficient, retry_delay


def test_backoff() -> None:
    """RTB1a."""
    assert [backoff_coefficient(retry) for retry in range(1, 8)] == [1, 4 / 3, 5 / 3, 2, 2, 2, 2]


@pytest.mark.parametrize(("random", "jitter"), [(0.0, 0.8), (0.5, 0.9), (1.0, 1.0)])
def test_jitter(random: float, jitter: float) -> None:
    """RTB1b."""
    assert jitter_coefficient(random) == pytest.approx(jitter)


def test_the_delay_is_the_product() -> None:
    assert retry_delay(15_000, 2, 0.5) == pytest.approx(15_000 * 4 / 3 * 0.9)
