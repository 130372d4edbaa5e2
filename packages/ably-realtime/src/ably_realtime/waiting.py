"""Waiting for a state, and knowing when it will not come."""

from __future__ import annotations

import asyncio
from typing import Any

from .errors import AblyError
from .events import Emitter


async def wait_for_state(subject: Any, wanted: frozenset[Any], hopeless: frozenset[Any]) -> Any:
    """Return the change into a wanted state, or None if it holds already.

    Raises `AblyError` in a hopeless one. A cancelled wait leaves nothing behind.
    """
    if subject.state in wanted:
        return None
    if subject.state in hopeless:
        raise _hopeless(subject, wanted)
    arrival: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def look(change: Any) -> None:
        if arrival.done():
            return
        if change.current in wanted:
            arrival.set_result(change)
        elif change.current in hopeless:
            arrival.set_exception(_hopeless(subject, wanted, change.reason))

    internal: Emitter[Any] = subject.internal
    internal.on(look)
    try:
        return await arrival
    finally:
        internal.off(look)


def _hopeless(subject: Any, wanted: frozenset[Any], cause: AblyError | None = None) -> AblyError:
    names = " or ".join(sorted(state.value for state in wanted))
    cause = cause or subject.error_reason
    return AblyError(
        code=80000 if cause is None else cause.code,
        status_code=400 if cause is None else cause.status_code,
        message=f"it will not become {names}: it is {subject.state.value}",
        cause=cause,
        hint=None if cause is None else cause.hint,
    )
