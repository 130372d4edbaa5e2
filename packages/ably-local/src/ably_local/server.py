"""`LocalAbly`: the server as a context manager in the caller's own event loop."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .app import build
from .clock import Clock
from .faults import Faults
from .frame_log import RecordedFrame
from .limits import Limits
from .listener import Listener, bind
from .service import Service
from .tls import Certificate


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """One connection, at the moment it was asked about."""

    id: str
    client_id: str | None
    is_connected: bool


class LocalAbly:
    """An Ably-compatible server on this machine.

    ```python
    async with LocalAbly() as server:
        client = AblyRealtime(**server.client_options())
    ```

    It is ready to accept connections when `async with` enters, and everything it held is gone when
    it exits. `port` 0 picks a free one; `key` is generated unless given in full
    (`app.key:secret`), else ValueError. With `tls`, clients must trust `ca_file`. OSError is raised
    on entry if the port is taken.
    """

    def __init__(
        self,
        *,
        host: str = "localhost",
        port: int = 0,
        key: str | None = None,
        tls: bool = False,
        limits: Limits | None = None,
    ) -> None:
        self.clock = Clock()
        self.host = host
        self.port = port
        self.tls = tls
        self.ca_file: Path | None = None
        self._limits = limits or Limits()
        self._service = Service(self.clock, self._limits)
        self.faults = Faults(self._service)
        self.key = self._add_default_app(key)
        self._stack = AsyncExitStack()

    @property
    def url(self) -> str:
        """The base URL of the REST API; that of the WebSocket has `ws` in place of `http`."""
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    def client_options(self) -> dict[str, Any]:
        """Return the options with which `AblyRealtime` and `AblyRest` use this server.

        Without TLS that is token authentication, since a key is never sent over plain HTTP
        (RSC18).
        """
        options: dict[str, Any] = {"key": self.key, "endpoint": self.host, "tls": self.tls}
        if self.tls:
            return options | {"tls_port": self.port}
        return options | {"use_token_auth": True, "port": self.port}

    @property
    def frames(self) -> list[RecordedFrame]:
        """The latest 5,000 frames that went over the sockets, oldest first.

        They are given as a JSON client sees them. `clear_frames()` forgets them.
        """
        return self._service.log.frames()

    def clear_frames(self) -> None:
        """Forget the frames recorded so far."""
        self._service.log.clear()

    @property
    def connections(self) -> list[ConnectionView]:
        """The connections that are open, or closed and still resumable."""
        return [
            ConnectionView(connection.id, connection.client_id, connection.is_connected)
            for connection in self._service.realtime
        ]

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            context = None
            if self.tls:
                directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="ably-local-"))
                certificate = Certificate(Path(directory))
                self.ca_file = certificate.ca_file
                context = certificate.context()
            sockets = bind(self.host, self.port)
            self.port = sockets[0].getsockname()[1]
            # Clients that see pings rely on one within each idle interval (RTN23b).
            ping_interval = self._limits.max_idle_interval / 1000 * 2 / 3
            listener = Listener(build(self._service), sockets, context, ping_interval)
            await listener.start()
            stack.push_async_callback(listener.stop)
            stack.callback(self._service.realtime.shut_down)
            self.clock.start(asyncio.get_running_loop())
            stack.callback(self.clock.stop)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def _add_default_app(self, key: str | None) -> str:
        if key is None:
            return self._service.apps.add().add_key().text
        name, _, secret = key.partition(":")
        app_id, _, key_id = name.partition(".")
        if not (app_id and key_id and secret):
            raise ValueError("a key has the form app.key:secret")
        return self._service.apps.add(app_id).add_key(key_id=key_id, secret=secret).text
