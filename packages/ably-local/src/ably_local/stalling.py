"""Sockets that stay open and fall silent.

A server that hangs answers no ping and sends none either. Those are below the frames, where only
the protocol object of the HTTP server can reach them, so it offers itself to the endpoint.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import Scope
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from .policy import Policy, Stall

_EXTENSION = "ably_local.silence"


class _SilenceableProtocol(WebSocketsSansIOProtocol):
    """A WebSocket that can be made to neither read nor ping."""

    def handle_connect(self, event: Request) -> None:
        """Begin to serve a request, with this protocol within the endpoint's reach."""
        super().handle_connect(event)
        if not self.handshake_complete:
            self.scope["extensions"][_EXTENSION] = self  # type: ignore[assignment]

    def silence(self, *, reading: bool, writing: bool) -> None:
        """Stop to read, to send pings, or both; undo what is not asked for any more."""
        if self.transport.is_closing():
            return
        if reading:
            self.transport.pause_reading()
        elif not self.read_paused:
            self.transport.resume_reading()
        self.stop_keepalive()
        if not (reading or writing):
            self.start_keepalive()


silenceable_protocol: type[asyncio.Protocol] = _SilenceableProtocol
"""What the HTTP server has to speak WebSocket with for a `Gate` to work."""


class Gate:
    """Whether one socket may read and write, which `changed` is called about."""

    def __init__(self, scope: Scope, policy: Policy, changed: Callable[[], object]) -> None:
        protocol = scope.get("extensions", {}).get(_EXTENSION)
        self._protocol = protocol if isinstance(protocol, _SilenceableProtocol) else None
        self._policy = policy
        self._changed = changed
        self._may_read = asyncio.Event()
        self._may_read.set()
        self.may_write: bool = True
        self.connection_id: str | None = None

    def watch(self) -> None:
        """Begin to follow the policy."""
        self._policy.watch(self._update)
        self._update()

    async def wait_to_read(self) -> None:
        """Return as soon as reading is allowed."""
        await self._may_read.wait()

    def open(self) -> None:
        """Allow both for good, since the socket is about to be closed."""
        self._policy.unwatch(self._update)
        self._set(reading=True, writing=True)

    def _update(self) -> None:
        stalls = self._policy.matching(Stall, self.connection_id)
        self._set(
            reading=not any(stall.reading for stall in stalls),
            writing=not any(stall.writing for stall in stalls),
        )

    def _set(self, *, reading: bool, writing: bool) -> None:
        if (reading, writing) == (self._may_read.is_set(), self.may_write):
            return
        if reading:
            self._may_read.set()
        else:
            self._may_read.clear()
        self.may_write = writing
        if self._protocol is not None:
            self._protocol.silence(reading=not reading, writing=not writing)
        self._changed()
