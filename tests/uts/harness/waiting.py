"""Waiting for what a client does, with fake time passing only where a test allows it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from .clock import SETTLE_TURNS, FakeClock

T = TypeVar("T")


class Stateful(Protocol):
    """A connection or a channel."""

    @property
    def state(self) -> str: ...


async def poll_until(
    condition: Callable[[], bool], *, timeout: float = 0, waiting_for: str = "the condition"
) -> None:
    """Wait for a condition while at most `timeout` milliseconds of fake time pass."""
    clock = FakeClock.running()
    deadline = clock.now() + timeout
    while True:
        for _ in range(SETTLE_TURNS):
            if condition():
                return
            await asyncio.sleep(0)
        if not clock.run_next(deadline):
            break
    raise AssertionError(f"waited {timeout:g} ms for {waiting_for}")


async def await_state(target: Stateful, *states: str, timeout: float = 0) -> None:
    """Wait for one of the states while at most `timeout` milliseconds of fake time pass.

    A state left again within one turn of the loop is not seen: record the changes instead.
    """
    try:
        await poll_until(lambda: target.state in states, timeout=timeout)
    except AssertionError:
        error = getattr(target, "error_reason", None)
        raise AssertionError(
            f"waited {timeout:g} ms for {' or '.join(states)}, "
            f"still {target.state} (error_reason: {error!r})"
        ) from None


async def complete(awaitable: Awaitable[T], *, timeout: float = 0) -> T:
    """The result of an awaitable that settles within `timeout` milliseconds of fake time."""
    future = asyncio.ensure_future(awaitable)
    try:
        await poll_until(future.done, timeout=timeout, waiting_for=f"{awaitable!r} to settle")
    except AssertionError:
        future.cancel()
        raise
    return await future


def record(emitter: Any) -> list[Any]:
    """A list that gains every change the connection or channel announces from now on."""
    changes: list[Any] = []
    emitter.on(changes.append)
    return changes


def states(changes: Sequence[Any]) -> list[str]:
    return [change.current for change in changes]


def assert_in_order(actual: Sequence[str], expected: Sequence[str]) -> None:
    """Each expected value occurs, in this order; others may stand between (CONTAINS_IN_ORDER)."""
    rest = iter(actual)
    missing = [value for value in expected if value not in rest]
    assert not missing, f"{list(actual)} does not contain {list(expected)} in this order"
