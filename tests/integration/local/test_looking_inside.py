"""What a test can ask the server in Python, and wait for."""

from __future__ import annotations

import asyncio

import pytest

import ably_local
from ably_local import ErrorInfo, Limits, LocalAbly
from tests.integration.local.raw import HAS_PRESENCE, PRESENCE, Api, error_of


async def test_messages_are_shown_whichever_way_they_came(api: Api, binary: bool) -> None:
    async with api.socket(binary=binary, token={"clientId": "alice"}) as socket:
        await socket.publish("orders", {"name": "a", "data": {"id": 1}}, {"data": "text"})
        headers = await api.bearer()
        body = {"name": "c", "data": "AP8=", "encoding": "base64", "extras": {"headers": {"k": 1}}}
        await api.http.post("/channels/orders/messages", json=body, headers=headers)
        first, second, third = api.server.published("orders")
        connection_id = socket.connected["connectionId"]
    assert (first.name, first.data, first.client_id) == ("a", {"id": 1}, "alice")
    assert (second.name, second.data, second.connection_id) == (None, "text", connection_id)
    assert (third.name, third.data, third.connection_id) == ("c", b"\x00\xff", None)
    assert third.extras == {"headers": {"k": 1}}
    assert api.server.published("others") == []
    assert api.server.channels == ["orders"]


async def test_a_changed_message_is_shown_as_it_is_now(api: Api) -> None:
    async with api.socket() as socket:
        await socket.publish("mutable:orders", {"name": "a", "data": "old"})
        [before] = api.server.published("mutable:orders")
        await socket.publish(
            "mutable:orders", {"action": 1, "serial": before.serial, "data": "new"}
        )
    [after] = api.server.published("mutable:orders")
    assert (before.action, before.data) == ("create", "old")
    assert (after.action, after.data, after.serial) == ("update", "new", before.serial)


async def test_members_and_attachments_are_shown(api: Api) -> None:
    async with (
        api.socket(token={"clientId": "bob"}) as bob,
        api.socket(token={"clientId": "alice"}) as alice,
    ):
        await bob.attach("room")
        assert [seen.client_id for seen in api.server.attached("room")] == ["bob"]
        await alice.attach("room")
        for socket in (bob, alice):
            await socket.request(PRESENCE, channel="room", presence=[{"action": 2, "data": "hi"}])
        await api.server.wait_until(lambda: len(api.server.present("room")) == 2)
        members = api.server.present("room")
        assert [(member.client_id, member.data) for member in members] == [
            ("alice", "hi"),
            ("bob", "hi"),
        ]
    assert api.server.present("empty") == []
    assert api.server.attached("empty") == []


async def test_what_is_already_so_is_not_waited_for(server: LocalAbly) -> None:
    assert await server.wait_until(lambda: "so", timeout=0) == "so"


async def test_a_message_over_rest_ends_a_wait(api: Api) -> None:
    headers = await api.bearer()
    waiting = asyncio.create_task(api.server.wait_until(lambda: api.server.published("orders")))
    await api.http.post("/channels/orders/messages", json={"name": "a"}, headers=headers)
    assert [message.name for message in await waiting] == ["a"]


async def test_a_socket_that_goes_ends_a_wait(api: Api) -> None:
    async with api.socket() as socket:
        waiting = asyncio.create_task(
            api.server.wait_until(lambda: not api.server.connections[0].is_connected)
        )
        await socket.websocket.close()
        assert await waiting


async def test_a_timer_that_fires_ends_a_wait(api: Api) -> None:
    async with api.socket() as socket:
        await socket.vanish(api.server)
    waiting = asyncio.create_task(api.server.wait_until(lambda: not api.server.connections))
    await asyncio.sleep(0)
    api.server.clock.advance(Limits().connection_state_ttl)
    assert await waiting


async def test_a_wait_ends_when_its_time_is_up(server: LocalAbly) -> None:
    with pytest.raises(TimeoutError, match="did not happen in 1 ms"):
        await server.wait_until(lambda: False, timeout=1)


async def test_what_a_condition_raises_is_raised(api: Api) -> None:
    def condition() -> bool:
        if not api.server.connections:
            return False
        raise TimeoutError("from the condition")

    waiting = asyncio.create_task(api.server.wait_until(condition))
    await asyncio.sleep(0)
    async with api.socket():
        with pytest.raises(TimeoutError, match="from the condition"):
            await waiting


async def test_a_wait_ends_with_the_server() -> None:
    async with LocalAbly() as server:
        waiting = asyncio.create_task(server.wait_until(lambda: False))
        await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="the server stopped"):
        await waiting


async def test_a_reset_leaves_the_key_and_nothing_else(api: Api) -> None:
    server = api.server
    other = (await api.http.post("/apps", json={})).json()["keys"][0]["keyStr"]
    headers = await api.bearer()
    async with api.socket(token={"clientId": "alice"}) as socket:
        await socket.attach("orders")
        await socket.request(PRESENCE, channel="orders", presence=[{"action": 2}])
        await server.wait_until(lambda: server.present("orders"))
        await api.http.post("/channels/orders/messages", json={"name": "a"}, headers=headers)
        connection_key = socket.connected["connectionDetails"]["connectionKey"]
        server.faults.fail_requests(ErrorInfo(50003, 504, "too late"))
        server.reset()
        await socket.closed()
    assert (server.channels, server.published("orders"), server.connections) == ([], [], [])
    assert (server.present("orders"), server.frames) == ([], [])
    path = "/channels/orders/messages"
    assert (await api.http.get(path, headers=headers)).status_code == 401
    assert error_of(await api.http.get(path, headers=api.basic(other)))[0] == 401
    assert (await api.http.get(path, headers=await api.bearer())).json() == []
    async with api.socket(resume=connection_key, token={"clientId": "alice"}) as again:
        assert again.connected["error"]["code"] == 80008
        assert not (await again.attach("orders"))["flags"] & HAS_PRESENCE


def test_every_public_name_is_found_and_no_other() -> None:
    for name in ably_local.__all__:
        assert getattr(ably_local, name).__name__ == name
    assert set(ably_local.__all__) <= set(dir(ably_local))
    with pytest.raises(AttributeError, match="no attribute 'LocalPusher'"):
        ably_local.LocalPusher  # noqa: B018 - the access is what fails
