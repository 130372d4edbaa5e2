"""Which host next (RTN17)."""

from __future__ import annotations

import pytest

from ably_realtime._core.hosts import Hosts

FALLBACKS = ("a", "b", "c")


@pytest.mark.parametrize(
    ("random", "order"),
    [(0.0, ["a", "b", "c"]), (0.999, ["c", "b", "a"]), (0.5, ["b", "c", "a"])],
)
def test_the_primary_then_each_fallback_once_in_random_order(
    random: float, order: list[str]
) -> None:
    """RTN17i, RTN17j."""
    hosts = Hosts("primary", FALLBACKS, lambda: random)
    for _ in range(2):  # each sequence begins afresh
        hosts.restart()
        assert (hosts.current, hosts.on_fallback) == ("primary", False)
        tried = []
        while hosts.has_next:
            hosts.advance()
            assert hosts.on_fallback
            tried.append(hosts.current)
        assert tried == order


def test_without_fallbacks_there_is_no_next() -> None:
    """RTN17g."""
    hosts = Hosts("primary", (), lambda: 0.0)
    hosts.restart()
    assert not hosts.has_next
