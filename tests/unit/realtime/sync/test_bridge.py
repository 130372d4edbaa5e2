from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest

from ably_realtime import AblyError
from ably_realtime.sync.bridge import in_seconds, outcome


@pytest.mark.parametrize(("timeout", "seconds"), [(None, None), (0, 0), (1500, 1.5), (0.5, 0.0005)])
def test_milliseconds_become_seconds(timeout: float | None, seconds: float | None) -> None:
    assert in_seconds(timeout) == seconds


@pytest.mark.parametrize("timeout", [-1, "5", True, float("nan")])
def test_no_number_of_milliseconds_is_refused(timeout: Any) -> None:
    with pytest.raises(AblyError, match="timeout is a number of milliseconds"):
        in_seconds(timeout)


def test_what_does_not_happen_in_time_is_cancelled() -> None:
    future: Future[None] = Future()
    with pytest.raises(TimeoutError, match="within 1 ms"):
        outcome(future, 0.001)
    assert future.cancelled()


def test_what_happens_at_the_last_moment_counts() -> None:
    future = HappensJustNow()
    assert outcome(future, 0) == "done"


class HappensJustNow(Future[str]):
    """Done between the end of the wait and the attempt to cancel it."""

    def cancel(self) -> bool:
        self.set_result("done")
        return super().cancel()


def test_a_timeout_of_its_own_is_raised_as_it_is() -> None:
    future: Future[None] = Future()
    future.set_exception(TimeoutError("its own"))
    with pytest.raises(TimeoutError, match="its own"):
        outcome(future, None)


def test_an_interrupted_wait_is_given_up() -> None:
    class Interrupted(Future[None]):
        def result(self, timeout: float | None = None) -> None:
            raise KeyboardInterrupt

    future = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        outcome(future, None)
    assert future.cancelled()
