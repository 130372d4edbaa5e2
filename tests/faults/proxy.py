"""The proxy: accepts clients and decides by rules what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from tests.uts.harness.frames import Action, Frame

from .http1 import Head
from .recording import Direction, Fate, Record, Request, Upgrade
from .relay import Relay, Stream
from .rules import FrameRule, Opening, Passage, RequestRule, UpgradeRule, first_due
from .wire import Format

PATIENCE = 10.0
"""Seconds; a generous deadline for what takes milliseconds."""


class FaultProxy:
    """Listens on `host` and relays to the server at `upstream_host`:`upstream_port`.

    Use it as an async context manager. `port` 0 picks a free one. Rules may be added at any time.
    """

    def __init__(
        self, upstream_host: str, upstream_port: int, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.host = host
        self.port = port
        self.records: list[Record] = []
        self.upgrades: list[Upgrade] = []
        self.requests: list[Request] = []
        self.relays: list[Relay] = []
        self._upstream = (upstream_host, upstream_port)
        self._frame_rules: list[FrameRule] = []
        self._upgrade_rules: list[UpgradeRule] = []
        self._request_rules: list[RequestRule] = []
        self._listener: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    def client_options(self) -> dict[str, Any]:
        """The options that send a client through the proxy; credentials are to be added."""
        return {"endpoint": self.host, "port": self.port, "tls": False}

    # -- rules

    def on(
        self,
        action: Action | None = None,
        direction: Direction | None = None,
        *,
        channel: str | None = None,
        matching: Callable[[Frame], bool] = lambda _: True,
        nth: int | None = None,
        times: int | None = None,
    ) -> FrameRule:
        """A rule for frames; what is not given matches everything. See `Rule` for the counts."""

        def matches(passage: Passage) -> bool:
            return (
                action in (None, passage.frame["action"])
                and direction in (None, passage.direction)
                and channel in (None, passage.frame.get("channel"))
                and matching(passage.frame)
            )

        rule = FrameRule(matches, nth=nth, times=times)
        self._frame_rules.append(rule)
        return rule

    def on_upgrade(
        self,
        matching: Callable[[Upgrade], bool] = lambda _: True,
        *,
        nth: int | None = None,
        times: int | None = None,
    ) -> UpgradeRule:
        """A rule for WebSockets that clients want to open."""
        rule = UpgradeRule(matching, nth=nth, times=times)
        self._upgrade_rules.append(rule)
        return rule

    def on_request(
        self,
        method: str | None = None,
        path: str = "",
        *,
        nth: int | None = None,
        times: int | None = None,
    ) -> RequestRule:
        """A rule for HTTP requests whose path contains `path`."""
        rule = RequestRule(
            lambda request: method in (None, request.method) and path in request.path,
            nth=nth,
            times=times,
        )
        self._request_rules.append(rule)
        return rule

    # -- what happened

    @property
    def relay(self) -> Relay:
        """The WebSocket that was opened last."""
        return self.relays[-1]

    def sent(
        self, direction: Direction, action: Action | None = None, *, channel: str | None = None
    ) -> list[Frame]:
        """The frames that a peer has sent this way, whether or not they arrived."""
        return self._frames(direction, action, channel, without=Fate.MADE)

    def delivered(
        self, direction: Direction, action: Action | None = None, *, channel: str | None = None
    ) -> list[Frame]:
        """The frames that have reached the other side, the proxy's own among them."""
        return self._frames(direction, action, channel, without=Fate.DROPPED)

    async def until(self, condition: Callable[[], bool], *, timeout: float = PATIENCE) -> None:
        """Wait until what passes through the proxy has made a condition true."""
        async with asyncio.timeout(timeout):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    # -- the listener

    async def listen(self) -> None:
        """Accept connections, on the same port as before."""
        self._listener = await asyncio.start_server(self._accept, self.host, self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """Stop listening: new connections are refused by the system, open ones stay."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.refuse()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- one client

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(Stream(reader, writer)), name="fault-proxy-client")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, client: Stream) -> None:
        try:
            head = await Head.read(client.reader)
            if head.is_upgrade:
                await self._serve_upgrade(client, head)
            else:
                await self._serve_request(client, head)
        except (EOFError, OSError):
            pass  # one of the peers is gone
        finally:
            await client.wait_closed()

    async def _serve_upgrade(self, client: Stream, head: Head) -> None:
        upgrade = Upgrade(self._now(), head.params, head.headers)
        self.upgrades.append(upgrade)
        self._changed.set()
        rule = first_due(self._upgrade_rules, upgrade)
        opening = Opening() if rule is None else await rule.act(upgrade)
        if opening.refused:
            client.reset()
        elif opening.stalled:
            await client.reader.read()
        elif opening.answer is not None:
            client.write(opening.answer.encode())
        else:
            await self._relay(client, head, frozen=opening.frozen)

    async def _relay(self, client: Stream, head: Head, *, frozen: bool) -> None:
        server = await Stream.dial(*self._upstream)
        try:
            # Without extensions, so that frames can be read.
            server.write(head.with_headers(sec_websocket_extensions=None).encode())
            answer = await Head.read(server.reader)
            client.write(answer.encode())
            if answer.status != 101:
                client.write(await server.reader.read())
                return
            fmt = Format.MSGPACK if head.params.get("format") == "msgpack" else Format.JSON
            relay = Relay(
                len(self.relays), fmt, client, server, rule=self._judge, record=self._record
            )
            if frozen:
                relay.freeze()
            self.relays.append(relay)
            self._changed.set()
            await relay.run()
        finally:
            await server.wait_closed()
            self._changed.set()

    async def _serve_request(self, client: Stream, head: Head) -> None:
        body = await client.reader.readexactly(head.content_length)
        request = Request(self._now(), head.method, head.path, head.headers)
        self.requests.append(request)
        rule = first_due(self._request_rules, request)
        if rule is not None:
            handling = await rule.act(request)
            if handling.dropped:
                return
            if handling.answer is not None:
                self._answered(request, handling.answer.status)
                client.write(handling.answer.encode())
                return
        server = await Stream.dial(*self._upstream)
        try:
            # One request for each connection: the answer ends where the connection does.
            server.write(head.with_headers(connection="close").encode() + body)
            answer = await Head.read(server.reader)
            self._answered(request, answer.status)
            client.write(answer.encode() + await server.reader.read())
        finally:
            await server.wait_closed()

    async def _judge(self, passage: Passage) -> Sequence[Frame]:
        rule = first_due(self._frame_rules, passage)
        return [passage.frame] if rule is None else await rule.act(passage)

    def _record(self, record: Record) -> None:
        self.records.append(record)
        self._changed.set()

    def _answered(self, request: Request, status: int) -> None:
        request.status = status
        self._changed.set()

    def _frames(
        self, direction: Direction, action: Action | None, channel: str | None, *, without: Fate
    ) -> list[Frame]:
        return [
            record.frame
            for record in self.records
            if record.direction is direction
            and record.fate is not without
            and action in (None, record.frame["action"])
            and channel in (None, record.frame.get("channel"))
        ]

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
