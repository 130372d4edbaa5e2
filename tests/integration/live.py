"""Waiting for what really happens, in real time, with generous deadlines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tests.uts.harness import assert_in_order, states
from tests.uts.harness.waiting import Stateful

PATIENCE = 10.0
"""Seconds after which something that takes milliseconds is taken for broken."""

POLL_INTERVAL = 0.002


async def eventually(
    condition: Callable[[], object], *, timeout: float = PATIENCE, waiting_for: str = "it"
) -> None:
    """Wait until a condition holds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    while not condition():
        assert loop.time() < deadline, f"waited {timeout:g} s for {waiting_for}"
        await asyncio.sleep(POLL_INTERVAL)


async def reach(target: Stateful, *wanted: str, timeout: float = PATIENCE) -> None:
    """Wait until a connection or a channel is in one of these states."""
    await eventually(
        lambda: target.state in wanted,
        timeout=timeout,
        waiting_for=f"{target!r} to become {' or '.join(wanted)}",
    )


async def pass_through(
    changes: Sequence[Any], expected: Iterable[str], *, timeout: float = PATIENCE
) -> None:
    """Wait until recorded changes contain these states in this order, with others between."""
    wanted = list(expected)

    def passed() -> bool:
        try:
            assert_in_order(states(changes), wanted)
        except AssertionError:
            return False
        return True

    await eventually(passed, timeout=timeout, waiting_for=f"{wanted} among {changes}")
