"""Somebody else's client as a peer: a program of its own, driven by lines of JSON.

Each line to the program is `{"id", "do", ...}`; it answers with `{"id", "result"}` or
`{"id", "error"}`, in any order. Unasked it says `{"received", "message"}` for a message on a
subscribed channel, `{"seen", "member"}` for a presence message on a watched one, `{"lost"}` with
the reason for a connection that is gone without having been closed, and `{"failure"}` for an error
that belongs to no operation. It ends when its standard input closes. What it logs goes to standard
error.
"""

from __future__ import annotations

import asyncio
import base64
import json
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from tests.interop.payloads import pack, unpack
from tests.interop.peer_types import DEADLINE, Act, Inbox, Member, Outgoing, Received, Refused

ROOT = Path(__file__).parents[2]
LONGEST_LINE = 1 << 20


class PeerFailed(RuntimeError):
    """The program ended, or reported a failure that no operation asked for."""


class PeerProcess:
    """A `Peer` behind a program that speaks the lines described above."""

    def __init__(
        self,
        program: Sequence[str],
        *,
        port: int,
        client_id: str,
        binary: bool,
        may_disconnect: bool = False,
    ) -> None:
        self.client_id = client_id
        self.connection_id = ""
        self._program = program
        self._options = {"port": port, "client_id": client_id, "binary": binary}
        self._process: Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ids = count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._may_disconnect = may_disconnect
        self._inboxes: dict[str, Inbox[Received]] = {}
        self._watches: dict[str, Inbox[Member]] = {}
        self._failure: PeerFailed | None = None

    async def connect(self, *, key: str | None = None, token: str | None = None) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._program, stdin=PIPE, stdout=PIPE, cwd=ROOT, limit=LONGEST_LINE
        )
        self._reader = asyncio.create_task(self._read(self._process))
        credentials = {"key": key} if token is None else {"token": token}
        self.connection_id = await self._call("connect", **self._options, **credentials)

    async def configure(
        self,
        channel: str,
        *,
        cipher_key: bytes | None = None,
        params: Mapping[str, str] | None = None,
    ) -> None:
        key = None if cipher_key is None else base64.b64encode(cipher_key).decode("ascii")
        await self._call("configure", channel=channel, cipher_key=key, params=params)

    async def subscribe(self, channel: str) -> Inbox[Received]:
        inbox = self._inboxes[channel] = Inbox()
        await self._call("subscribe", channel=channel)
        return inbox

    async def publish(self, channel: str, *messages: Outgoing) -> list[str | None]:
        wire = [{"name": m.name, "data": pack(m.data), "extras": m.extras} for m in messages]
        serials: list[str | None] = await self._call("publish", channel=channel, messages=wire)
        return serials

    async def watch(self, channel: str) -> Inbox[Member]:
        inbox = self._watches[channel] = Inbox()
        await self._call("watch", channel=channel)
        return inbox

    async def present(self, channel: str, act: Act, data: Any = None) -> None:
        await self._call("present", channel=channel, act=act, data=pack(data))

    async def members(self, channel: str) -> list[Member]:
        members = await self._call("members", channel=channel)
        return [Member(**{**member, "data": unpack(member["data"])}) for member in members]

    async def attach(self, channel: str) -> None:
        await self._call("attach", channel=channel)

    async def detach(self, channel: str) -> None:
        await self._call("detach", channel=channel)

    async def close(self) -> None:
        """Close the connection and see the program end well; raise what it reported meanwhile."""
        if self._process is None:
            return
        try:
            await self._call("close")
        finally:
            code = await self._end(self._process)
        if code != 0:
            raise PeerFailed(f"{self.client_id} ended with exit code {code}")

    async def _call(self, operation: str, **arguments: Any) -> Any:
        if self._failure is not None:
            raise self._failure
        assert self._process is not None, "this peer was never connected"
        assert self._process.stdin is not None
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": number, "do": operation, **arguments})
        self._process.stdin.write(line.encode("ascii") + b"\n")
        try:
            async with asyncio.timeout(DEADLINE):
                return await answer
        finally:
            del self._answers[number]

    async def _end(self, process: Process) -> int:
        assert process.stdin is not None
        assert self._reader is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(DEADLINE):
                await self._reader
                return await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        try:
            async for line in process.stdout:
                self._handle(json.loads(line))
        except Exception as error:  # whoever waits must hear of it
            self._fail(PeerFailed(f"{self.client_id} wrote what cannot be read: {error!r}"))
        self._fail(PeerFailed(f"{self.client_id} has ended"))

    def _handle(self, said: dict[str, Any]) -> None:
        match said:
            case {"id": number, **outcome}:
                self._settle(self._answers.get(number), outcome)
            case {"received": channel, "message": message}:
                received = Received(**{**message, "data": unpack(message["data"])})
                self._inboxes[channel].put(received)
            case {"seen": channel, "member": member}:
                self._watches[channel].put(Member(**{**member, "data": unpack(member["data"])}))
            case {"lost": reason}:
                if not self._may_disconnect:
                    self._fail(PeerFailed(f"{self.client_id} lost its connection: {reason}"))
            case _:
                self._fail(PeerFailed(f"{self.client_id}: {said.get('failure', said)}"))

    def _settle(self, answer: asyncio.Future[Any] | None, outcome: dict[str, Any]) -> None:
        if answer is None or answer.done():
            return  # too late: the call has failed with its deadline
        if "error" in outcome:
            answer.set_exception(Refused(**outcome["error"]))
        else:
            answer.set_result(outcome["result"])

    def _fail(self, failure: PeerFailed) -> None:
        """Give every wait, now and later, the first reason there was."""
        if self._failure is not None:
            return
        self._failure = failure
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(failure)
        inboxes: list[Inbox[Any]] = [*self._inboxes.values(), *self._watches.values()]
        for inbox in inboxes:
            inbox.put(failure)
