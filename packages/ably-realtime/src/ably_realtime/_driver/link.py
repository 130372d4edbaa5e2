"""One attempt's transport, from the dial to the last byte."""

from __future__ import annotations

import asyncio
import ssl
from typing import Protocol

from .._core import inputs as do
from .._wire.error_info import ErrorInfo
from ..seams import Transport, TransportFactory, TransportRequest, UpgradeRefused
from .listeners import Tasks


class Owner(Protocol):
    """Who the transports belong to: the engine."""

    def frame_received(self, attempt: int, data: str | bytes) -> None: ...

    def post(self, event: do.Input) -> None: ...

    def link_closed(self, link: Link) -> None: ...


class Link:
    """Passes on what a transport says under the number of its attempt.

    A transport may speak before `open` has returned it; what the core answers meanwhile waits in
    `_unsent`.
    """

    def __init__(self, attempt: int, owner: Owner) -> None:
        self.attempt = attempt
        self._owner = owner
        self._task: asyncio.Task[None] | None = None
        self._transport: Transport | None = None
        self._unsent: list[str | bytes] = []
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the transport was given up; its task ends once the socket is gone."""
        return self._closed

    @property
    def task(self) -> asyncio.Task[None]:
        """The task that dials, and then stays until the socket is gone."""
        assert self._task is not None, "a link is opened as soon as it is made"
        return self._task

    def open(self, factory: TransportFactory, request: TransportRequest, tasks: Tasks) -> None:
        """Dial, in a task of its own."""
        self._task = tasks.start(self._run(factory, request), f"ably-transport-{self.attempt}")
        self._task.add_done_callback(lambda _: self._owner.link_closed(self))

    def send(self, data: str | bytes) -> None:
        """Send a frame, or keep it until the transport is open."""
        if self._transport is not None:
            self._transport.send(data)
        else:
            self._unsent.append(data)

    def close(self) -> None:
        """Stop the dial, or close what it opened; nothing is reported from here on."""
        if self._closed:
            return
        self._closed = True
        if self._transport is not None:
            self._transport.close()
        elif self._task is not None:
            self._task.cancel()

    # -- what the transport says

    def received(self, data: str | bytes) -> None:
        if not self._closed:
            self._owner.frame_received(self.attempt, data)

    def alive(self) -> None:
        if not self._closed:
            self._owner.post(do.Alive(self.attempt))

    def dropped(self, error: BaseException | None) -> None:
        self._report(_dropped(error), try_elsewhere=True)

    # --

    async def _run(self, factory: TransportFactory, request: TransportRequest) -> None:
        """Dial, then stay until the socket is gone."""
        try:
            self._transport = await factory.open(request, self)
            for data in self._unsent:
                self._transport.send(data)
            self._unsent.clear()
            if self._closed:  # given up in the very moment it opened
                self._transport.close()
            await self._transport.wait_closed()
        except Exception as error:
            self._report(_not_opened(error), try_elsewhere=_elsewhere(error))

    def _report(self, error: ErrorInfo, *, try_elsewhere: bool) -> None:
        if not self._closed:
            self._closed = True
            self._owner.post(do.Dropped(self.attempt, error, try_elsewhere))
            if self._transport is not None:
                self._transport.close()


def _dropped(error: BaseException | None) -> ErrorInfo:
    why = f": {error}" if error is not None and str(error) else ""
    return ErrorInfo(
        code=80003, status_code=400, message=f"the connection was lost{why}", cause=error
    )


def _not_opened(error: Exception) -> ErrorInfo:
    if isinstance(error, UpgradeRefused):
        return ErrorInfo(code=80000, status_code=error.status_code, message=str(error), cause=error)
    if isinstance(error, ssl.SSLCertVerificationError):
        message = f"the server's TLS certificate was not accepted: {error.verify_message}"
        hint = "For a server of your own, set SSL_CERT_FILE to its certificate."
        return ErrorInfo(code=80000, status_code=400, message=message, cause=error, hint=hint)
    message = f"cannot open a connection: {type(error).__name__}: {error}"
    return ErrorInfo(code=80000, status_code=400, message=message, cause=error)


def _elsewhere(error: Exception) -> bool:
    """Whether another host may do better (RSC15l)."""
    if isinstance(error, UpgradeRefused):
        from_cloudfront = error.headers.get("server", "").lower() == "cloudfront"
        return 500 <= error.status_code <= 504 or (from_cloudfront and error.status_code >= 400)
    return True
