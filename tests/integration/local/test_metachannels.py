from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.local.raw import CLOSE, CLOSED, MESSAGE, Api, Socket

CHANNELS, CONNECTIONS = "[meta]channel.lifecycle", "[meta]connection.lifecycle"
STATISTICS = "[meta]stats:minute"


@pytest.fixture
async def key(api: Api) -> str:
    """A key that permits everything on metachannels too."""
    specification = {
        "keys": [{"capability": '{"[*]*":["*"]}'}],
        "namespaces": [{"id": "persisted", "persisted": True}],
    }
    app = (await api.http.post("/apps", json=specification)).json()
    return str(app["keys"][0]["keyStr"])


async def told(socket: Socket) -> tuple[str, Any]:
    """Return the name and the details of the next event of a metachannel."""
    (message,) = (await socket.expect(MESSAGE))["messages"]
    assert message["encoding"] == "json"
    return message["name"], json.loads(message["data"])


async def test_channels_are_told_of_when_they_open_and_close(api: Api, key: str) -> None:
    async with (
        api.socket(token={"key": key}) as watcher,
        api.socket(token={"key": key}, echo="false") as user,
    ):
        await watcher.attach(CHANNELS)
        await user.attach("persisted:a")
        await user.publish("persisted:a", {"name": "kept"})
        for event in ("channel.opened", "channel.region.active"):
            name, details = await told(watcher)
            assert (name, details["channelId"]) == (event, "persisted:a")
            assert details["status"]["isActive"] is True
            assert details["status"]["occupancy"]["metrics"]["connections"] == 0
        await user.send(action=12, channel="persisted:a")
        await user.expect(13)
        api.server.clock.advance(110_000)
        await watcher.silent()
        api.server.clock.advance(80_000)
        for event in ("channel.region.inactive", "channel.closed"):
            name, details = await told(watcher)
            assert (name, details["name"]) == (event, "persisted:a")
            assert details["status"]["isActive"] is False
        await user.publish("persisted:a", {})
        assert (await told(watcher))[0] == "channel.opened"


async def test_active_channels_are_those_in_use(api: Api, key: str) -> None:
    headers = await api.bearer(key, ttl=86_400_000)
    await api.http.post("/channels/persisted:a/messages", json={"name": "x"}, headers=headers)
    assert (await api.http.get("/channels", headers=headers)).json()[-1] == "persisted:a"
    api.server.clock.advance(240_000)
    assert "persisted:a" not in (await api.http.get("/channels", headers=headers)).json()
    history = await api.http.get("/channels/persisted:a/messages", headers=headers)
    assert [message["name"] for message in history.json()] == ["x"]


async def test_connections_are_told_of_when_they_open_and_close(api: Api, key: str) -> None:
    async with api.socket(token={"key": key}) as watcher:
        await watcher.attach(CONNECTIONS)
        async with api.socket(token={"key": key, "clientId": "alice"}) as other:
            identity = {"connectionId": other.connected["connectionId"], "clientId": "alice"}
            assert await told(watcher) == ("connection.opened", identity)
            resume = other.connected["connectionDetails"]["connectionKey"]
            await other.vanish(api.server)
        async with api.socket(token={"key": key, "clientId": "alice"}, resume=resume) as again:
            await watcher.silent()
            await again.send(action=CLOSE)
            await again.expect(CLOSED)
            assert await told(watcher) == ("connection.closed", identity)


async def test_the_history_of_a_metachannel_is_read(api: Api, key: str) -> None:
    async with api.socket(token={"key": key}) as socket:
        headers = await api.bearer(key)
        path = "/channels/%5Bmeta%5Dconnection.lifecycle/messages"
        (message,) = (await api.http.get(path, headers=headers)).json()
        assert json.loads(message["data"])["connectionId"] == socket.connected["connectionId"]


async def test_statistics_are_told_by_the_minute(api: Api, key: str) -> None:
    clock = api.server.clock
    async with api.socket(token={"key": key}) as socket:
        await socket.attach(STATISTICS)
        await socket.publish("a", {"data": "x"})
        clock.advance(60_000 - clock.now() % 60_000)
        name, details = await told(socket)
        assert name == "update"
        assert details["unit"] == "minute"
        assert details["entries"]["messages.inbound.realtime.messages.count"] == 1
        assert details["entries"]["connections.all.peak"] == 1
        assert "inProgress" not in details


async def test_nothing_is_told_where_no_key_permits_to_hear_it(api: Api) -> None:
    async with api.socket() as socket:
        await socket.attach("a")
        channels = await api.http.get("/channels", headers=await api.bearer())
        assert channels.json() == ["a"]


async def test_apps_do_not_hear_of_each_other(api: Api, key: str) -> None:
    async with api.socket(token={"key": key}) as watcher:
        await watcher.attach(CONNECTIONS)
        async with api.socket():
            await watcher.silent()
