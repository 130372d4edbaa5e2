"""The realtime client."""

# Written by `nox -s sync` from ../client.py: change that and run it again.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..options import Options
from .channels import Channels
from .connection import Connection
from .lifecycle import Client


class AblyRealtime(Client):
    """A connection to Ably and the channels on it, for code without asyncio (RTC).

        with AblyRealtime(key="appId.keyId:secret") as client:
            channel = client.channels.get("orders")
            channel.subscribe(print)
            channel.publish("created", {"id": 1})

    Takes the options of `ClientOptions`; `transport`, `clock` and `http` are the seams of
    `ably_realtime.seams`, `metrics` the hooks of `ably_realtime.metrics`, which are called on the
    background loop. A client can be made anywhere and used from any thread. It connects when it is
    first used, unless `auto_connect=False`, and then belongs to this process: a child forked later
    needs a client of its own. Raises `AblyError` for options that cannot work.

    Whatever waits takes `timeout`, in milliseconds; without one it waits as long as the client of
    `ably_realtime` would. After that time TimeoutError is raised, and the client goes on with what
    it was asked: a message may still be published. Ctrl-C ends a wait in the same way.

    Listeners run on one thread of the client's own, in the order in which things happen, and may
    use the client as any other thread does. With `callback_executor`, a
    `concurrent.futures.Executor`, its threads call them: each listener for one item after another,
    several listeners at once. An `auth_callback` runs on a thread of its own.
    """

    @property
    def connection(self) -> Connection:
        """The connection (RTC2)."""
        return self._facade(Connection, self._source.connection)

    @property
    def channels(self) -> Channels:
        """The channels on this connection (RTC3)."""
        return self._facade(Channels, self._source.channels)

    @property
    def rest(self) -> Any:
        """The `ably.AblyRest` for history, stats, push and the like; made at the first use."""
        return self._call(lambda: self._source.rest)

    @property
    def auth(self) -> Any:
        """The Auth shared with `rest`; raises what `ably` raises (RTC4)."""
        return self._call(lambda: self._source.auth)

    @property
    def client_id(self) -> str | None:
        """Who this client is, as far as it knows (RTC17)."""
        return self._source.client_id

    @property
    def options(self) -> Options:
        """The options in force, defaults included."""
        return self._source.options

    def connect(self) -> None:
        """Connect. Returns immediately (RTC15)."""
        self._call(self._source.connect)

    def time(self, *, timeout: float | None = None) -> int:
        """The server's time, in milliseconds since the epoch (RTC6).

        Waits `timeout` milliseconds at most, if given.
        """
        return self._wait(self._source.time, timeout)

    def stats(self, *, timeout: float | None = None, **params: Any) -> Any:
        """The application's statistics, a page at a time, as `AblyRest.stats` gives them (RTC5).

        Waits `timeout` milliseconds at most, if given.
        """
        return self._wait(lambda: self._source.stats(**params), timeout)

    def request(
        self,
        method: str,
        path: str,
        version: str,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float | None = None,
    ) -> Any:
        """Any request to Ably's REST API, with the client's authentication (RTC9).

        Returns an `HttpPaginatedResponse` of `ably`, whatever its status; raises `AblyError`
        where no answer came.

        Waits `timeout` milliseconds at most, if given.
        """
        return self._wait(
            lambda: self._source.request(method, path, version, params, body, headers), timeout
        )

    def debug_snapshot(self) -> dict[str, Any]:
        """The client's state for a bug report: versions, options, connection, channels, errors.

        It holds no credentials and no payloads, but it does hold the names of channels; it can be
        encoded as JSON.
        """
        return self._call(self._source.debug_snapshot)

    @property
    def push(self) -> Any:
        """Push notifications, as `AblyRest.push` has them (RTC13)."""
        return self._call(lambda: self._source.push)
