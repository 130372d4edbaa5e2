"""A client that never rests: it publishes, comes and goes, loses its socket and resumes."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine

from benchmarks.local.process import Address
from benchmarks.local.rest import post_once, request_token
from benchmarks.stub import wire as w
from benchmarks.workers.bare import MESSAGE, Bare, connect

NACK, DISCONNECTED, ERROR, AUTH = 2, 6, 9, 17
REFUSALS = (NACK, DISCONNECTED, ERROR)
ENTER = 2
TOKEN_TTL = 90_000
"""Milliseconds. Nobody connects with a token in its second half, and before the last 30 seconds the
server asks for another."""

PATIENCE = 20.0
"""Seconds that an answer may take."""

Act = Callable[[], Coroutine[None, None, None]]


class SoakClient:
    """One client, attached to as many channels as in the beginning. `tally` counts what was done.

    It raises when the server does not answer as it should.
    """

    def __init__(
        self,
        number: int,
        server: Address,
        attached: set[str],
        all_channels: list[str],
        tally: Counter[str],
    ) -> None:
        self._server = server
        self._binary = number % 2 == 0
        self._client_id = f"client-{number}"
        self._attached = attached
        self._all_channels = all_channels
        self._tally = tally
        self._random = random.Random(number)  # noqa: S311  # the same work in every run
        self._entered: set[str] = set()
        self._serials: dict[str, str] = {}
        self._token = ""
        self._use_until = -math.inf
        self._renewal_is_due = False
        self._client: Bare
        self._awaited = 0
        self._refusal: w.Frame | None = None
        self._answers: asyncio.Queue[w.Frame] = asyncio.Queue()
        self._acts: dict[Act, int] = {
            self._publish: 600,
            self._publish_over_rest: 50,
            self._change_channel: 100,
            self._enter_or_leave: 120,
            self._drop_and_resume: 50,
            self._renew_token: 50,
            self._vanish: 2,  # seldom, so that what grows with a connection has time to
            self._close_and_return: 3,
        }

    async def start(self) -> None:
        """Connect and attach."""
        await self._connect()
        await self._attach(self._attached)

    async def act(self, each_second: float, enough: asyncio.Event) -> None:
        """Do one thing after another, so many a second, until there was enough."""
        acts, weights = list(self._acts), list(self._acts.values())
        while not enough.is_set():
            [act] = self._random.choices(acts, weights)
            chosen = self._renew_token if self._renewal_is_due else act
            what = chosen.__name__.strip("_").replace("_", " ")
            await self._do(what, chosen)
            self._tally[what] += 1
            await asyncio.sleep(self._random.expovariate(each_second))

    async def stop(self) -> None:
        """Close the connection."""
        await self._do("close", self._close)

    async def _do(self, what: str, act: Act) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await act()
        except (AssertionError, TimeoutError) as error:
            told = f"{error!r}, {self._refusal}, {self._client.closed_because}"
            raise ConnectionError(f"{self._client_id}, {what}: {told}") from error

    async def _close(self) -> None:
        self._client.send(action=w.CLOSE)
        await self._client.gone

    async def _publish(self) -> None:
        self._client.publish(1, channel=self._one_of(self._attached))
        await self._answer(w.ACK)

    async def _publish_over_rest(self) -> None:
        path = f"/channels/{self._one_of(self._attached)}/messages"
        await post_once(self._server.port, path, MESSAGE, token=self._token)

    async def _change_channel(self) -> None:
        left = self._one_of(self._attached)
        self._client.send(action=w.DETACH, channel=left)
        await self._answer(w.DETACHED)
        self._attached.discard(left)
        self._entered.discard(left)
        self._serials.pop(left, None)
        found = self._random.choice([c for c in self._all_channels if c not in self._attached])
        await self._attach({found})
        self._attached.add(found)

    async def _enter_or_leave(self) -> None:
        channel = self._one_of(self._attached)
        action = w.LEAVE if channel in self._entered else ENTER
        self._entered ^= {channel}
        self._client.request(action=w.PRESENCE, channel=channel, presence=[{"action": action}])
        await self._answer(w.ACK)

    async def _drop_and_resume(self) -> None:
        self._client.abort()
        await self._client.gone
        before, serial = self._client.connected.result(), self._client.next_serial
        await self._connect(resume=before["connectionDetails"]["connectionKey"])
        assert self._client.connected.result()["connectionId"] == before["connectionId"]
        self._client.next_serial = serial
        await self._attach(self._attached)

    async def _vanish(self) -> None:
        self._client.abort()
        await self._client.gone
        await self._begin_anew()

    async def _close_and_return(self) -> None:
        await self._close()
        await self._begin_anew()

    async def _renew_token(self) -> None:
        await self._take_token()
        self._client.send(action=AUTH, auth={"accessToken": self._token})
        await self._answer(w.CONNECTED)

    async def _begin_anew(self) -> None:
        self._entered.clear()
        self._serials.clear()
        await self._connect()
        await self._attach(self._attached)

    async def _connect(self, **query: str) -> None:
        if time.monotonic() > self._use_until:
            await self._take_token()
        asked = {"accessToken": self._token, "v": "6", **query}
        self._client = await connect(self._server.port, binary=self._binary, query=asked)
        self._client.heard = self._hear

    async def _attach(self, channels: set[str]) -> None:
        for channel in sorted(channels):
            resumed = {"channelSerial": s} if (s := self._serials.get(channel)) else {}
            self._client.send(action=w.ATTACH, channel=channel, **resumed)
            answer = await self._answer(w.ATTACHED)
            assert answer["channel"] == channel, answer
            assert not resumed or answer["flags"] & w.RESUMED, answer

    async def _answer(self, action: int) -> w.Frame:
        self._awaited = action
        answer = await self._answers.get()
        assert answer["action"] == action, answer
        return answer

    def _hear(self, frame: w.Frame) -> None:
        action = frame["action"]
        if action in (w.MESSAGE, w.PRESENCE):
            self._tally["deliveries"] += 1
        if action == AUTH:
            self._renewal_is_due = True
        if serial := frame.get("channelSerial") if action != w.SYNC else None:
            self._serials[frame["channel"]] = serial
        if action in REFUSALS:
            self._refusal = frame
        if action == self._awaited or action in REFUSALS:
            self._answers.put_nowait(frame)

    async def _take_token(self) -> None:
        self._renewal_is_due = False
        self._use_until = time.monotonic() + TOKEN_TTL / 1000 / 2
        self._token = await request_token(self._server, ttl=TOKEN_TTL, client_id=self._client_id)

    def _one_of(self, channels: set[str]) -> str:
        return self._random.choice(sorted(channels))
