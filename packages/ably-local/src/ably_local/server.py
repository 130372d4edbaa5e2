"""`LocalAbly`: the server as a context manager in the caller's own event loop."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from .app import build
from .apps import App
from .changes import Changes
from .channel import Channel
from .clock import Clock
from .faults import Faults
from .frame_log import RecordedFrame
from .limits import Limits
from .listener import Listener, bind
from .service import Service
from .sqlite_storage import SqliteStorage
from .storage import InMemory
from .tls import Certificate
from .views import PresentMember, PublishedMessage

T = TypeVar("T")


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

    It is ready to accept connections when `async with` enters. `port` 0 picks a free one; `key` is
    generated unless given in full (`app.key:secret`), else ValueError. With `tls`, clients must
    trust `ca_file`.

    Everything it held is gone when it exits, unless `data` names a file: apps, keys, and the
    history and mutable messages of the namespaces that have them are kept there, and nothing of
    them that was acknowledged is lost however the process ends. The key of the first start is then
    used again.

    On entry, OSError is raised if the port is taken, and StorageError if the file is in use,
    damaged, or of a newer version.
    """

    def __init__(
        self,
        *,
        host: str = "localhost",
        port: int = 0,
        key: str | None = None,
        tls: bool = False,
        data: str | os.PathLike[str] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.clock: Clock = Clock()
        self.host = host
        self.port: int = port
        self.tls = tls
        self.ca_file: Path | None = None
        self._limits = limits or Limits()
        self.data: Path | None = None if data is None else Path(data)
        storage = InMemory() if self.data is None else SqliteStorage(self.data)
        self._service = Service(self.clock, self._limits, storage=storage)
        self.faults: Faults = Faults(self._service)
        self._given_key = None if key is None else _parts(key)
        self._key = self._announced_key() if self.data is None else key
        self._changes = Changes()
        self.clock.fired = self._changes.notice
        self._stack = AsyncExitStack()

    @property
    def key(self) -> str:
        """The API key, secret included; RuntimeError while only the unopened data file knows it."""
        if self._key is None:
            raise RuntimeError("the key is in the data file, which `async with` opens")
        return self._key

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
    def channels(self) -> list[str]:
        """The names of the channels that are in use or remembered, in order."""
        app = self._app()
        return sorted(channel.name for channel in app.channels) if app is not None else []

    def published(self, channel: str) -> list[PublishedMessage]:
        """Return the messages published on a channel, oldest first.

        Those are what its history holds: the last two minutes, or a day in the namespaces that are
        persisted or mutable.
        """
        found = self._channel(channel)
        if found is None:
            return []
        history = found.messages.history
        return [PublishedMessage.of(message) for message in history.latest(len(history))]

    def present(self, channel: str) -> list[PresentMember]:
        """Return the members present on a channel, ordered by client id."""
        found = self._channel(channel)
        members = found.presence.members() if found is not None else []
        return sorted(map(PresentMember.of, members), key=lambda member: str(member.client_id))

    def attached(self, channel: str) -> list[ConnectionView]:
        """Return the connections that are attached to a channel."""
        found = self._channel(channel)
        ids = {attachment.connection_id for attachment in found.feed} if found is not None else ()
        return [connection for connection in self.connections if connection.id in ids]

    async def wait_until(
        self,
        condition: Callable[[], T],
        *,
        timeout: float = 5_000,  # noqa: ASYNC109 - what asyncio.timeout raises names no condition
    ) -> T:
        """Wait until `condition` returns something true, and return that.

        It is called on this event loop, at once and again whenever a client has done or been told
        something or a timer has fired. `timeout` is in milliseconds, after which TimeoutError is
        raised. What `condition` raises is raised.
        """
        deadline = asyncio.timeout(timeout / 1000)
        try:
            async with deadline:
                return await self._changes.until(condition)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise TimeoutError(f"what was waited for did not happen in {timeout:g} ms") from None

    def reset(self) -> None:
        """Forget everything but the key, and stop misbehaving; clients may reconnect at once.

        Connections end without a word. Time is not set back.
        """
        for connection in self._service.realtime:
            connection.end()
        for app in self._service.apps:
            self._service.apps.delete(app.id)
        self._service.apps.given_key(*_parts(self.key))
        self.faults.revoke_tokens()
        self.faults.reset()
        self.clear_frames()
        self._changes.notice()

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
            if self.data is not None:
                stack.callback(self._service.storage.close)
                self._service.open()
                self._key = self._announced_key()
                self._service.storage.commit()
            if self.tls:
                directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="ably-local-"))
                certificate = Certificate(Path(directory))
                self.ca_file = certificate.ca_file
                context = certificate.context()
            sockets = bind(self.host, self.port)
            self.port = sockets[0].getsockname()[1]
            # Clients that see pings rely on one within each idle interval (RTN23b).
            ping_interval = self._limits.max_idle_interval / 1000 * 2 / 3
            application = self._changes.watching(build(self._service, self.host))
            listener = Listener(application, sockets, context, ping_interval)
            await listener.start()
            stack.push_async_callback(listener.stop)
            stack.callback(self._service.realtime.shut_down)
            self.clock.start(asyncio.get_running_loop())
            stack.callback(self.clock.stop)
            stack.callback(self._changes.stop)
            stack.callback(self.faults.reset)
            stack.callback(self._service.activity.close)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def _app(self) -> App | None:
        return self._service.apps.find(self.key.partition(".")[0])

    def _channel(self, name: str) -> Channel | None:
        app = self._app()
        return None if app is None else app.channels.find(name)

    def _announced_key(self) -> str:
        apps = self._service.apps
        key = apps.given_key(*self._given_key) if self._given_key else apps.default_key()
        return key.text


def _parts(key: str) -> tuple[str, str]:
    """Return the name and the secret of a key, or raise ValueError."""
    name, _, secret = key.partition(":")
    app_id, _, key_id = name.partition(".")
    if not (app_id and key_id and secret):
        raise ValueError("a key has the form app.key:secret")
    return name, secret
