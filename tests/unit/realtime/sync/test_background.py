from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from ably_realtime import AblyRealtime
from ably_realtime.sync.background import Background, background

CLIENT = AblyRealtime(token="token")


@pytest.fixture
def loop() -> Iterator[Background]:
    loop = Background()
    yield loop
    loop.end()


def test_a_process_has_one() -> None:
    assert background() is background()


def test_work_is_done_on_its_thread(loop: Background) -> None:
    async def work() -> int:
        assert loop.is_current_thread()
        return threading.get_ident()

    assert not loop.is_current_thread()
    assert loop.outcome(loop.start(CLIENT, work), None) != threading.get_ident()


@pytest.mark.parametrize("seconds", [0, 0.001])
def test_what_does_not_happen_in_time_was_begun_and_is_cancelled(
    loop: Background, seconds: float
) -> None:
    begun, cancelled = threading.Event(), threading.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(TimeoutError, match=f"within {seconds * 1000:g} ms"):
        loop.outcome(loop.start(CLIENT, work), seconds)
    assert cancelled.wait(10)
    assert begun.is_set()


def test_what_happens_at_the_last_moment_counts(loop: Background) -> None:
    class HappensJustNow(Future[str]):
        def result(self, timeout: float | None = None) -> str:
            if not self.done():
                self.set_result("done")
                raise TimeoutError
            return super().result(timeout)

    assert loop.outcome(HappensJustNow(), 0) == "done"


def test_a_timeout_of_its_own_is_raised_as_it_is(loop: Background) -> None:
    async def work() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        loop.outcome(loop.start(CLIENT, work), None)


def test_an_interrupted_wait_is_given_up(loop: Background, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    cancelled = threading.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    future = loop.start(CLIENT, work)
    monkeypatch.setattr(future, "result", interrupt)
    with pytest.raises(KeyboardInterrupt):
        loop.outcome(future, None)
    assert cancelled.wait(10)


def test_its_end_cancels_what_runs() -> None:
    loop = Background()

    async def work() -> None:
        await asyncio.Event().wait()

    future = loop.start(CLIENT, work)
    loop.end()
    assert loop.ended
    assert future.cancelled()
