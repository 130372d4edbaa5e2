"""`ThreadedLocalAbly`: the server in a thread of its own, whatever its callers run in.

Code under test may be synchronous, run in another process, or run in event loops that come and go
with each test. A server in the caller's own loop could serve none of those while the caller waits
for it.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from anyio.from_thread import BlockingPortal, start_blocking_portal

from .clock import Clock
from .faults import Faults
from .frame_log import RecordedFrame
from .server import ConnectionView, LocalAbly
from .views import PresentMember, PublishedMessage

T = TypeVar("T")


class ThreadedLocalAbly:
    """`LocalAbly` in a thread of its own; its methods may be called from any other thread.

    ```python
    with ThreadedLocalAbly() as server:
        rest = AblyRestSync(**server.client_options())
    ```

    Takes the options of `LocalAbly` and raises on entry what that raises. Each call returns when
    the server's thread has carried it out, which takes it well under a millisecond, so that calling
    from a coroutine does no harm. RuntimeError is raised before entry and after exit.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._running: _Running | None = None
        self._stack = ExitStack()

    def __repr__(self) -> str:
        where = f"at {self.url}" if self.is_running else "not running"
        return f"<{type(self).__name__} {where}>"

    @property
    def is_running(self) -> bool:
        """Whether it has been entered and not left yet."""
        return self._running is not None

    @property
    def host(self) -> str:
        """The host name that clients use."""
        return self._server.host

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return self._server.port

    @property
    def tls(self) -> bool:
        """Whether it serves with TLS."""
        return self._server.tls

    @property
    def ca_file(self) -> Path | None:
        """What clients must trust if it serves with TLS."""
        return self._server.ca_file

    @property
    def key(self) -> str:
        """The API key."""
        return self._server.key

    @property
    def url(self) -> str:
        """The base URL of the REST API; that of the WebSocket has `ws` in place of `http`."""
        return self._server.url

    @property
    def clock(self) -> Clock:
        """The server's clock, to move time forward with."""
        return cast("Clock", _Proxy(self._call, self._server.clock))

    @property
    def faults(self) -> Faults:
        """Ways to make the server misbehave."""
        return cast("Faults", _Proxy(self._call, self._server.faults))

    @property
    def connections(self) -> list[ConnectionView]:
        """The connections that are open, or closed and still resumable."""
        return self._call(lambda: self._server.connections)

    @property
    def frames(self) -> list[RecordedFrame]:
        """The latest 5,000 frames that went over the sockets, oldest first."""
        return self._call(lambda: self._server.frames)

    def clear_frames(self) -> None:
        """Forget the frames recorded so far."""
        self._call(self._server.clear_frames)

    def client_options(self) -> dict[str, Any]:
        """Return the options with which every Ably client uses this server."""
        return self._server.client_options()

    @property
    def channels(self) -> list[str]:
        """The names of the channels that are in use or remembered, in order."""
        return self._call(lambda: self._server.channels)

    def published(self, channel: str) -> list[PublishedMessage]:
        """Return the messages published on a channel, oldest first; see `LocalAbly.published`."""
        return self._call(partial(self._server.published, channel))

    def present(self, channel: str) -> list[PresentMember]:
        """Return the members present on a channel, ordered by client id."""
        return self._call(partial(self._server.present, channel))

    def attached(self, channel: str) -> list[ConnectionView]:
        """Return the connections that are attached to a channel."""
        return self._call(partial(self._server.attached, channel))

    def reset(self) -> None:
        """Forget everything but the key, and stop misbehaving; see `LocalAbly.reset`."""
        self._call(self._server.reset)

    async def wait_until(
        self,
        condition: Callable[[], T],
        *,
        timeout: float = 5_000,  # noqa: ASYNC109 - as in LocalAbly
    ) -> T:
        """Wait until `condition` returns something true, and return that.

        The caller's event loop runs on meanwhile. `condition` is called on the server's thread, at
        once and again whenever a client has done or been told something or a timer has fired.
        `timeout` is in milliseconds, after which TimeoutError is raised. What `condition` raises is
        raised.
        """
        waiting = partial(self._server.wait_until, condition, timeout=timeout)
        return await asyncio.wrap_future(self._portal.start_task_soon(waiting))

    def wait_until_sync(self, condition: Callable[[], T], *, timeout: float = 5_000) -> T:
        """Do what `wait_until` does, blocking the caller's thread.

        Raises RuntimeError in a coroutine, where that would block what is waited for.
        """
        if _has_running_loop():
            raise RuntimeError("a coroutine must not block: await wait_until() instead")
        return self._portal.call(partial(self._server.wait_until, condition, timeout=timeout))

    def __enter__(self) -> Self:
        if self.is_running:
            raise RuntimeError("the server is running already")
        with ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal("asyncio"))
            server = stack.enter_context(portal.wrap_async_context_manager(_serve(self._options)))
            self._running = _Running(server, portal, portal.call(threading.get_ident))
            server.faults.lift_by(self._call)
            stack.callback(setattr, self, "_running", None)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def _server(self) -> LocalAbly:
        return self._started().server

    @property
    def _portal(self) -> BlockingPortal:
        return self._started().portal

    def _started(self) -> _Running:
        if self._running is None:
            raise RuntimeError("the server is not running: it does inside `with`")
        return self._running

    def _call(self, function: Callable[[], T]) -> T:
        running = self._started()
        if threading.get_ident() == running.thread_id:  # in a condition that is waited for
            return function()
        return running.portal.call(function)


@dataclass(frozen=True, slots=True)
class _Running:
    """The server, the way onto its event loop, and the thread of that loop."""

    server: LocalAbly
    portal: BlockingPortal
    thread_id: int


class _Proxy:
    """What belongs to the server's thread: methods are called there, attributes are as they are."""

    def __init__(self, call: Callable[[Callable[[], Any]], Any], target: object) -> None:
        self._call = call
        self._target = target

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if not inspect.ismethod(value):
            return value
        return lambda *args, **kwargs: self._call(partial(value, *args, **kwargs))


@asynccontextmanager
async def _serve(options: dict[str, Any]) -> AsyncIterator[LocalAbly]:
    """Make the server on its own thread, where all that it opens belongs."""
    async with LocalAbly(**options) as server:
        yield server


def _has_running_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
