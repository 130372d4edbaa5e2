"""A server with a data file is killed while clients publish: nothing acknowledged may be lost."""

from __future__ import annotations

import asyncio
import itertools
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.integration.local.command import serving
from tests.integration.local.raw import ACK, MESSAGE, Frame, RemoteApi

ROUNDS = 4
REST, REALTIME, MUTABLE = "persisted:rest", "persisted:realtime", "mutable:document"
GONE = (httpx.TransportError, ConnectionClosed)


class Publisher:
    """Publishes numbered items, and remembers what was acknowledged, in order."""

    def __init__(self) -> None:
        self.attempted = 0
        self.acknowledged: list[tuple[int, str]] = []
        """The number and serial of each item that was acknowledged."""

    def next(self) -> int:
        self.attempted += 1
        return self.attempted


class Session:
    """Three publishers and a subscriber, at work until the server is killed."""

    def __init__(self, api: RemoteApi, headers: dict[str, str], left: int) -> None:
        self.api = api
        self.headers = headers
        self._left = left
        """How many more acknowledgements there are before the kill, some for each publisher."""
        self._counts: Counter[Publisher] = Counter()
        self.enough = asyncio.Event()

    def acknowledge(self, publisher: Publisher, number: int, serial: str) -> None:
        publisher.acknowledged.append((number, serial))
        self._left -= 1
        self._counts[publisher] += 1
        if self._left <= 0 and len(self._counts) == 3 and min(self._counts.values()) >= 3:
            self.enough.set()

    async def over_rest(self, publisher: Publisher) -> None:
        while True:
            number = publisher.next()
            response = await self.post(REST, {"id": f"rest-{number}", "data": str(number)})
            self.acknowledge(publisher, number, response["serials"][0])

    async def over_a_socket(self, publisher: Publisher) -> None:
        """Publish with up to 20 messages under way."""
        async with self.api.socket() as socket:
            window = asyncio.Semaphore(20)
            under_way: dict[int, int] = {}

            async def publish() -> None:
                while True:
                    await window.acquire()
                    number = publisher.next()
                    message = {"id": f"realtime-{number}", "data": str(number)}
                    # The serial is the count of what this socket sent before.
                    under_way[len(under_way)] = number
                    await socket.request(MESSAGE, channel=REALTIME, messages=[message])

            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(publish())
                while True:
                    frame = await socket.expect(ACK)
                    self.acknowledge(
                        publisher, under_way[frame["msgSerial"]], frame["res"][0]["serials"][0]
                    )
                    window.release()

    async def changes(self, publisher: Publisher) -> None:
        """Append the numbers to one message, and annotate it with each."""
        first = await self.post(MUTABLE, {"name": "document", "data": ""})
        path = f"/channels/{MUTABLE}/messages/{first['serials'][0]}"
        publisher.acknowledged.clear()
        while True:
            number = publisher.next()
            change = {"action": 5, "data": f"{number},"}
            response = await self.request("PATCH", path, change)
            self.acknowledge(publisher, number, response["versionSerial"])
            remark = {"type": "seen:total.v1", "data": str(number)}
            await self.request("POST", f"{path}/annotations", remark)
            self.acknowledge(publisher, number, first["serials"][0])

    async def listens(self, heard: list[str]) -> None:
        async with self.api.socket() as socket:
            await socket.attach(REALTIME)
            while True:
                frame = await socket.expect(MESSAGE)
                heard += [message["serial"] for message in frame["messages"]]

    async def post(self, channel: str, message: Frame) -> Frame:
        return await self.request("POST", f"/channels/{channel}/messages", message)

    async def request(self, method: str, path: str, body: Frame) -> Frame:
        response = await self.api.http.request(method, path, json=body, headers=self.headers)
        assert response.status_code in (200, 201), response.text
        answer: Frame = response.json()
        return answer


async def every_item(
    http: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> AsyncIterator[Frame]:
    """Yield what is on every page of a collection, oldest first."""
    url: httpx.URL | None = httpx.URL(f"{http.base_url}{path}?direction=forwards&limit=1000")
    while url is not None:
        response = await http.get(url, headers=headers)
        assert response.status_code == 200, response.text
        for item in response.json():
            yield item
        following = response.links.get("next")
        url = None if following is None else response.url.join(following["url"])


async def check_history(
    http: httpx.AsyncClient, headers: dict[str, str], channel: str, publisher: Publisher
) -> list[str]:
    """Check that a history holds all that was acknowledged; return its serials."""
    path = f"/channels/{channel}/messages"
    kept = [(int(item["data"]), item["serial"]) async for item in every_item(http, path, headers)]
    numbers = [number for number, _ in kept]
    assert numbers == sorted(set(numbers)), "each once, in the order of publication"
    assert set(numbers) <= set(range(1, publisher.attempted + 1))
    missing = set(publisher.acknowledged) - set(kept)
    assert not missing
    serials = [serial for _, serial in kept]
    assert serials == sorted(serials), "serials grow across restarts"
    return serials


async def check_ids_are_known(session: Session, publisher: Publisher) -> None:
    """Publish again, under the same ids: what was kept has the serial it had."""
    for number, serial in publisher.acknowledged[-3:]:
        again = await session.post(REST, {"id": f"rest-{number}", "data": "again"})
        assert again["serials"] == [serial]


async def check_document(
    http: httpx.AsyncClient, headers: dict[str, str], publisher: Publisher
) -> None:
    """Check the versions, annotations and summary of the document changed last."""
    history = every_item(http, f"/channels/{MUTABLE}/messages", headers)
    latest = [item async for item in history][-1]
    path = f"/channels/{MUTABLE}/messages/{latest['serial']}"
    appended = {serial: n for n, serial in publisher.acknowledged if serial != latest["serial"]}
    remarked = {n for n, serial in publisher.acknowledged if serial == latest["serial"]}
    versions = [item async for item in every_item(http, f"{path}/versions", headers)]
    assert set(appended) <= {version["version"]["serial"] for version in versions}
    for before, after in itertools.pairwise(versions):
        assert after["version"]["serial"] > before["version"]["serial"]
        addition = after["data"].removeprefix(before["data"])
        assert addition == f"{appended.get(after['version']['serial'], addition[:-1])},"
    assert latest["data"] == versions[-1]["data"]
    annotations = [item async for item in every_item(http, f"{path}/annotations", headers)]
    assert remarked <= {int(annotation["data"]) for annotation in annotations}
    total = latest["annotations"]["summary"]["seen:total.v1"]["total"]
    assert total == len({annotation["serial"] for annotation in annotations}) == len(annotations)


async def until_killed(work: Any) -> None:
    """Do something for as long as there is a server."""
    try:
        await work
    except* GONE:
        pass


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311
    data = tmp_path / "data.db"
    rest, realtime = Publisher(), Publisher()
    document = Publisher()
    heard: list[str] = []
    key = None
    for turn in range(ROUNDS + 1):
        async with (
            serving("--data", data) as served,
            httpx.AsyncClient(base_url=served.url) as http,
        ):
            assert key in (None, served.key)
            key = served.key
            api = RemoteApi(served, http)
            headers = await api.bearer()
            session = Session(api, headers, left=draw.randint(20, 600))
            await check_history(http, headers, REST, rest)
            kept = await check_history(http, headers, REALTIME, realtime)
            assert set(heard) <= set(kept)
            if turn:
                await check_document(http, headers, document)
                await check_ids_are_known(session, rest)
            if turn == ROUNDS:
                return
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(until_killed(session.listens(heard)))
                tasks.create_task(until_killed(session.over_rest(rest)))
                tasks.create_task(until_killed(session.over_a_socket(realtime)))
                tasks.create_task(until_killed(session.changes(document)))
                await session.enough.wait()
                served.process.send_signal(signal.SIGKILL)
