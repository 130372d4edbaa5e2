"""How long to wait before the next try (RTB1)."""

from __future__ import annotations


def retry_delay(initial: float, retry: int, random: float) -> float:
    """Milliseconds before the nth retry in a row, counted from 1.

    `initial` is the configured timeout, `random` a number in [0, 1) that becomes the jitter.
    """
    return initial * backoff_coefficient(retry) * jitter_coefficient(random)


def backoff_coefficient(retry: int) -> float:
    """1, 4/3, 5/3, 2, 2, ... for retries counted from 1 (RTB1a)."""
    return min((retry + 2) / 3, 2.0)


def jitter_coefficient(random: float) -> float:
    """A number in [0.8, 1), from one in [0, 1) (RTB1b)."""
    return 0.8 + 0.2 * random
