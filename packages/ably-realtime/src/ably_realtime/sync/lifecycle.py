"""Making and closing a synchronous client."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from time import monotonic
from types import TracebackType
from typing import Self, TypeVar, Unpack

from ..client import AblyRealtime as AsyncAblyRealtime
from ..metrics import Metrics
from ..options import ClientOptions, bad_option
from ..seams import Clock, HttpClient, TransportFactory
from .bridge import Bridge, in_seconds
from .callbacks import Callbacks, off_the_loop
from .facade import Facade

T = TypeVar("T")


class Client(Facade[AsyncAblyRealtime]):
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

    def __init__(
        self,
        key_or_token: str | None = None,
        /,
        *,
        callback_executor: Executor | None = None,
        transport: TransportFactory | None = None,
        clock: Clock | None = None,
        http: HttpClient | None = None,
        metrics: Metrics | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        if "rest" in options:
            raise bad_option(
                "the synchronous client takes no rest=",
                "Give it the options themselves; its own `rest` then shares its token.",
            )
        if callback_executor is not None and not isinstance(callback_executor, Executor):
            raise bad_option("callback_executor is a concurrent.futures.Executor")
        if callable(auth_callback := options.get("auth_callback")):
            options["auth_callback"] = off_the_loop(auth_callback)
        client = _outside_any_loop(
            lambda: AsyncAblyRealtime(
                key_or_token,
                transport=transport,
                clock=clock,
                http=http,
                metrics=metrics,
                **options,
            )
        )
        super().__init__(Bridge(client, Callbacks(callback_executor)), client)

    def close(self, *, timeout: float | None = None) -> None:
        """Close the connection and what this client opened (RTC16).

        Returns when the listeners that were called are done, but for one that closes the client
        itself; after `realtime_request_timeout` it waits for them no longer. The client can
        `connect()` again. Does nothing in a forked child: the connection is its parent's.

        Waits `timeout` milliseconds at most, if given.
        """
        if self._bridge.is_left_behind:
            return
        end = None if (seconds := in_seconds(timeout)) is None else monotonic() + seconds
        self._bridge.wait(self._source.close, timeout, connect=False)
        patience = self._source.options.realtime_request_timeout / 1000
        if end is not None:
            patience = min(patience, max(0, end - monotonic()))
        self._bridge.callbacks.settle(patience)

    def __enter__(self) -> Self:
        self._bridge.call(lambda: None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _outside_any_loop(make: Callable[[], T]) -> T:
    """What `make` returns, called where no event loop runs that it could take for its own."""
    with ThreadPoolExecutor(1, "ably-client") as elsewhere:
        return elsewhere.submit(make).result()
