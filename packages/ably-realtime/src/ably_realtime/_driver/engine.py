"""The engine: one inbox, run to completion, and the performance of effects.

`post` is the way in. While an input is handled, and while the listeners that follow from it run,
whatever else happens waits in the inbox: a listener that publishes queues behind the batch it was
called from. Only dials, HTTP requests and the application's own callbacks are tasks.

There is one shorter way, for what happens with every message: while nothing else is going on,
`frame_received` and `publish` call the session by name, without an input object that would wait in
the inbox for nobody and have its kind found out.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
import secrets
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Protocol, TypeVarTuple

from .._core import effects as fx
from .._core import inputs as do
from .._core.session import Session
from .._wire.codec import Codec, MalformedFrame
from .._wire.error_info import ErrorInfo
from .._wire.frames import Frame
from .._wire.secret import Secret
from ..errors import AblyError
from ..log import channel as log_channel
from ..log import connection as log
from ..log import frames as log_frames
from ..seams import Clock, TimerHandle, TransportFactory, TransportRequest
from .link import Link
from .listeners import Tasks

Arguments = TypeVarTuple("Arguments")


class Surroundings(Protocol):
    """What the engine needs beside sockets and time: credentials and a look at the internet."""

    async def token(self, refused: str | None) -> str: ...

    async def is_online(self) -> bool: ...

    def confirm_client_id(self, client_id: str | None) -> None: ...

    def prefer_host(self, host: str | None) -> None: ...

    def explain(self, error: BaseException) -> tuple[ErrorInfo, bool]:
        """Why no token came, and whether that is final (RSA4d)."""
        ...

    def request_for(self, host: str, params: dict[str, str]) -> TransportRequest: ...


class Audience(Protocol):
    """Who hears what the core announces: the facades of the client."""

    def connection_changed(self, change: fx.ConnectionChanged) -> None: ...

    def channel_changed(self, change: fx.ChannelChanged) -> None: ...

    def deliver(self, news: fx.Deliver) -> None: ...

    def deliver_presence(self, news: fx.DeliverPresence) -> None: ...

    def deliver_annotations(self, news: fx.DeliverAnnotations) -> None: ...

    def discontinued(self, news: fx.Discontinuity) -> None: ...

    def forget(self, released: fx.Forget) -> None: ...


class Engine:
    """Runs one session on one event loop, which it takes at the first use."""

    def __init__(
        self,
        session: Session,
        codec: Codec,
        transports: TransportFactory,
        clock: Clock,
        surroundings: Surroundings,
        *,
        request_timeout: float,
        auto_connect: bool,
    ) -> None:
        self.session = session
        self.clock = clock
        self.request_timeout = request_timeout
        self._connect_when_bound = auto_connect
        self.listener_tasks: Tasks = Tasks()
        self._codec = codec
        self._transports = transports
        self._surroundings = surroundings
        self._inbox: deque[do.Input] = deque()
        self._todo: Iterator[fx.Effect] = iter(())  # what is left of the effects of one input
        self._busy = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: TimerHandle | None = None
        self._armed_for = math.inf
        self._earliest = math.inf  # the deadline that `_arm` saw last
        self._op_ids = itertools.count(1)
        self._ops: dict[int, asyncio.Future[Any]] = {}
        self._links: dict[int, Link] = {}
        self._requests: dict[int, asyncio.Task[None]] = {}
        self._work = Tasks()
        self._closers: set[asyncio.Task[Any]] = set()
        self._perform_by_type: dict[type, Callable[[Any], None]] = {
            fx.Send: self._send,
            fx.Resolve: self._resolve,
            fx.Reject: self._reject,
            fx.OpenTransport: self._open_transport,
            fx.CloseTransport: lambda e: self._links[e.attempt].close(),
            fx.RequestToken: self._request_token,
            fx.CheckConnectivity: self._check_connectivity,
            fx.CancelRequest: self._cancel_request,
            fx.ClientIdConfirmed: lambda e: self._surroundings.confirm_client_id(e.client_id),
            fx.HostInUse: lambda e: self._surroundings.prefer_host(e.host),
            fx.Warn: _warn,
            fx.Trace: lambda e: log.debug("%s", e.message),
        }

    def announce_to(self, audience: Audience) -> None:
        """Have `audience` told of what happens; to be called before anything can."""
        self._perform_by_type |= {
            fx.Deliver: audience.deliver,
            fx.ConnectionChanged: audience.connection_changed,
            fx.ChannelChanged: audience.channel_changed,
            fx.DeliverPresence: audience.deliver_presence,
            fx.DeliverAnnotations: audience.deliver_annotations,
            fx.Discontinuity: audience.discontinued,
            fx.Forget: audience.forget,
        }

    # -- the way in

    def post(self, event: do.Input) -> None:
        """Let `event` happen: now, or after what is happening."""
        self.bind()
        self._inbox.append(event)
        if not self._busy:
            self._drain()

    def submit(
        self, operation: Callable[[int, *Arguments], do.Input], *arguments: *Arguments
    ) -> asyncio.Future[Any]:
        """Post an operation now, `operation(op, ...)`; the future has its outcome.

        Cancelling the future gives up the answer, not the operation.
        """
        loop = self.bind()
        op = next(self._op_ids)
        future = self._ops[op] = loop.create_future()
        self._inbox.append(operation(op, *arguments))
        if not self._busy:
            self._drain()
        return future

    def publish(self, frame: Frame) -> asyncio.Future[Any]:
        """The same as `submit(do.Publish, frame)`."""
        if self._busy:
            return self.submit(do.Publish, frame)
        loop = self.bind()
        op = next(self._op_ids)
        future = self._ops[op] = loop.create_future()
        self._busy = True
        try:
            self._todo = iter(self.session.publish(op, frame))
        except BaseException:
            self._drain_later()
            raise
        self._drain()
        return future

    def bind(self) -> asyncio.AbstractEventLoop:
        """Take the running loop, or refuse a second one.

        A client made outside a loop connects here, if it was to connect by itself.
        """
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            raise AblyError(
                code=40000,
                status_code=400,
                message="there is no running event loop",
                hint="Use the client from a coroutine, for example one run by asyncio.run().",
            ) from None
        if self._loop is None:
            self._loop = running
            if self._connect_when_bound:
                self.post(do.Connect())
        elif self._loop is not running:
            raise AblyError(
                code=40000,
                status_code=400,
                message="this client belongs to another event loop",
                hint="Make one client per event loop.",
            )
        return running

    def bind_if_running(self) -> None:
        """Take the running loop if there is one, so that a client made inside it connects."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        self.bind()

    def token_changed(self, token: str) -> None:
        """Another user of the shared Auth obtained a token; an unused client ignores it."""
        if self._loop is not None:
            self.post(do.TokenChanged(Secret(token)))

    def dont_connect(self) -> None:
        """Don't connect by taking a loop: the client is being closed."""
        self._connect_when_bound = False

    def _drain(self, now: float = -math.inf) -> None:
        """Do what is left to do, and all that follows; `now` is when the last input happened."""
        perform = self._perform_by_type
        deadlines = self.session.deadlines
        self._busy = True
        try:
            while True:
                for effect in self._todo:
                    try:
                        perform[effect.__class__](effect)
                    except Exception:
                        log.exception("could not perform %s", type(effect).__name__)
                if self._inbox:
                    now = self.clock.now()
                    self._todo = iter(self.session.handle(self._inbox.popleft(), now))
                elif deadlines.earliest <= now:
                    self._todo = iter(self.session.handle(do.TimersDue(), now))
                else:
                    break
        except BaseException:
            self._drain_later()
            raise
        self._busy = False
        if deadlines.earliest != self._earliest:
            self._arm()

    def _drain_later(self) -> None:
        """Go on in the loop's next turn: a listener raised something that is no `Exception`."""
        assert self._loop is not None
        self._loop.call_soon(self._drain)

    # -- time

    def _arm(self) -> None:
        """Keep one timer, for the earliest deadline; one that is too early does no harm."""
        self._earliest = self.session.deadlines.earliest
        if self._armed_for <= self._earliest < math.inf:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._armed_for = self._earliest
        if self._earliest < math.inf:
            self._timer = self.clock.call_at(self._earliest, self._woken)

    def _woken(self) -> None:
        self._timer = None
        self._armed_for = self._earliest = math.inf
        self.post(do.TimersDue())

    # -- operations

    def _resolve(self, effect: fx.Resolve) -> None:
        future = self._ops.pop(effect.op)
        if not future.done():
            future.set_result(effect.value)

    def _reject(self, effect: fx.Reject) -> None:
        future = self._ops.pop(effect.op)
        if not future.done():
            future.set_exception(AblyError.from_info(effect.error))

    # -- transports

    def _open_transport(self, effect: fx.OpenTransport) -> None:
        params = {
            name: value.reveal() if isinstance(value, Secret) else value
            for name, value in effect.params.items()
        }
        request = self._surroundings.request_for(effect.host, params)
        log.debug("connecting to %s (attempt %d)", effect.host, effect.attempt)
        link = Link(effect.attempt, self)
        self._links[effect.attempt] = link
        link.open(self._transports, request, self._work)

    def link_closed(self, link: Link) -> None:
        """A transport is gone for good."""
        self._links.pop(link.attempt, None)

    def frame_received(self, attempt: int, data: str | bytes) -> None:
        """Decode what a transport received, and let it happen."""
        try:
            frame = self._codec.decode(data)
        except MalformedFrame as error:
            log.warning("the server sent something that is no frame: %s", error)
            info = ErrorInfo(code=80003, status_code=400, message=str(error), cause=error)
            link = self._links[attempt]
            self.post(do.Dropped(attempt, info))
            link.close()
            return
        if log_frames.isEnabledFor(logging.DEBUG):
            log_frames.debug("received %s", frame)
        if self._busy:
            self._inbox.append(do.Received(attempt, frame))
            return
        self._busy = True
        try:
            now = self.clock.now()
            self._todo = iter(self.session.received(attempt, frame, now))
        except BaseException:
            self._drain_later()
            raise
        self._drain(now)

    def _send(self, effect: fx.Send) -> None:
        if log_frames.isEnabledFor(logging.DEBUG):
            log_frames.debug("sent %s", effect.frame)
        link = self._links.get(effect.attempt)
        if link is not None:
            link.send(self._codec.encode(effect.frame))

    # -- HTTP

    def _start_request(self, request: int, work: Coroutine[Any, Any, None], name: str) -> None:
        task = self._requests[request] = self._work.start(work, name)
        task.add_done_callback(lambda _: self._requests.pop(request, None))

    def _cancel_request(self, effect: fx.CancelRequest) -> None:
        task = self._requests.get(effect.request)
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    def _request_token(self, effect: fx.RequestToken) -> None:
        self._start_request(effect.request, self._obtain_token(effect), "ably-token-request")

    async def _obtain_token(self, effect: fx.RequestToken) -> None:
        refused = effect.refused.reveal() if effect.refused is not None else None
        try:
            token = await self._surroundings.token(refused)
        except Exception as error:
            info, final = self._surroundings.explain(error)
            self.post(do.TokenFailed(effect.request, info, final))
        else:
            self.post(do.TokenObtained(effect.request, Secret(token)))

    def _check_connectivity(self, effect: fx.CheckConnectivity) -> None:
        work = self._look_for_internet(effect.request)
        self._start_request(effect.request, work, "ably-connectivity-check")

    async def _look_for_internet(self, request: int) -> None:
        try:
            online = await self._surroundings.is_online()
        except Exception as error:
            log.info("the connectivity check failed: %s: %s", type(error).__name__, error)
            online = False
        self.post(do.ConnectivityChecked(request, online))

    # -- the end

    async def settle(self, within: float) -> None:
        """Wait until what was closed is gone and listeners are done, `within` milliseconds each.

        Listeners that take longer are cancelled. A listener that is itself closing the client is
        not waited for.
        """
        closer = asyncio.current_task()
        assert closer is not None
        self._closers.add(closer)
        try:
            links = {link.task for link in self._links.values() if link.closed}
            waiting = (links | self.listener_tasks.running) - self._closers
            late = await self._wait_for(waiting, within)
            for task in late:
                task.cancel()
            await self._wait_for(late, within)
        finally:
            self._closers.discard(closer)

    async def _wait_for(
        self, tasks: set[asyncio.Task[None]], within: float
    ) -> set[asyncio.Task[None]]:
        """The tasks that are still running after that many milliseconds."""
        if not tasks:
            return tasks
        expired = asyncio.Event()
        deadline = asyncio.create_task(expired.wait(), name="ably-close-deadline")
        timer = self.clock.call_at(self.clock.now() + within, expired.set)
        try:
            while tasks and not deadline.done():
                await asyncio.wait({*tasks, deadline}, return_when=asyncio.FIRST_COMPLETED)
                tasks = {task for task in tasks if not task.done()} - self._closers
        finally:
            timer.cancel()
            deadline.cancel()
        return tasks

    def abandon(self) -> None:
        """Close, as a client that nobody holds any more: there is nobody to wait for it."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.post, do.Close())


def new_ping_token() -> str:
    """The random id of a ping (RTN13e)."""
    return secrets.token_urlsafe(9)


def _warn(effect: fx.Warn) -> None:
    if effect.error is None:
        log_channel.warning("%s", effect.message)
    else:
        log_channel.error("%s: %s", effect.message, AblyError.from_info(effect.error))
