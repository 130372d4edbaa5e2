"""Waiting for a state, and knowing when it will not come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from ._wire.error_info import ErrorInfo
from .errors import AblyError


async def wait_for_state(
    subject: Any,
    wanted: frozenset[Any] | None,
    hopeless: frozenset[Any],
    why_not: Callable[[], ErrorInfo],
) -> Any:
    """Return the change into a wanted state, or None if it holds already.

    With `wanted` None that is the next change, whichever it is. Raises `why_not()` as `AblyError`
    in a hopeless state. A cancelled wait leaves nothing behind.
    """
    if wanted is not None and subject.state in wanted:
        return None
    if subject.state in hopeless:
        raise AblyError.from_info(why_not())
    arrival: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def look(_: str, change: Any) -> None:
        if arrival.done():
            return
        if wanted is None or change.current in wanted:
            arrival.set_result(change)
        elif change.current in hopeless:
            arrival.set_exception(AblyError.from_info(why_not()))

    unwatch = subject.watch(look)
    try:
        return await arrival
    finally:
        unwatch()
