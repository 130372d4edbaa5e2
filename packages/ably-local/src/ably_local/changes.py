"""Noticing that something happened, for those who wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

T = TypeVar("T")


class Changes:
    """Conditions on what the server holds, looked at again whenever that may have changed.

    Everything that clients do arrives over the ASGI interface, and everything they are told leaves
    over it, so that is where changes are noticed. What happens by itself is a timer's doing, whose
    clock calls `notice`.
    """

    def __init__(self) -> None:
        self._conditions: dict[asyncio.Future[Any], Callable[[], Any]] = {}
        self._is_scheduled = False

    def watching(self, app: ASGIApp) -> ASGIApp:
        """Return `app`, with what goes in and out of it noticed."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            async def watched_receive() -> Message:
                message = await receive()
                self.notice()
                return message

            def watched_send(message: Message) -> Awaitable[None]:
                self.notice()
                return send(message)

            await app(scope, watched_receive, watched_send)

        return watched

    def notice(self) -> None:
        """Look at the conditions once whatever is going on has been dealt with."""
        if self._conditions and not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._look)

    async def until(self, condition: Callable[[], T]) -> T:
        """Return the first true value of `condition`; raise what it raises.

        Raises RuntimeError if the server stops before.
        """
        value = condition()
        if value:
            return value
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._conditions[future] = condition
        try:
            return await future
        finally:
            self._conditions.pop(future, None)

    def stop(self) -> None:
        """End every wait."""
        for future in self._conditions:
            if not future.done():
                future.set_exception(RuntimeError("the server stopped"))

    def _look(self) -> None:
        self._is_scheduled = False
        for future, condition in list(self._conditions.items()):
            if future.done():
                continue
            try:
                value = condition()
            except Exception as error:
                future.set_exception(error)
            else:
                if value:
                    future.set_result(value)
