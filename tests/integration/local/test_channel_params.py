from __future__ import annotations

import base64
import json

from tests.integration.local import vcdiff
from tests.integration.local.raw import (
    ERROR,
    HAS_BACKLOG,
    MESSAGE,
    RESUMED,
    SYNC,
    Api,
    Frame,
    Socket,
)


async def names(socket: Socket) -> list[str]:
    return [message["name"] for message in (await socket.expect(MESSAGE))["messages"]]


async def test_rewind_begins_with_earlier_messages(api: Api) -> None:
    async with api.socket() as publisher, api.socket() as socket:
        for number in range(5):
            await publisher.publish("orders", {"name": str(number)})
            api.server.clock.advance(10_000)
        frame = await socket.attach("orders", params={"rewind": "2"})
        assert frame["flags"] & HAS_BACKLOG
        assert await names(socket) == ["3", "4"]
        await socket.attach("orders", params={"rewind": "25s"})
        assert await names(socket) == ["3", "4"]
        await socket.attach("orders", params={"rewind": "2m", "rewindLimit": "1"})
        assert await names(socket) == ["4"]
        serial = (await socket.attach("orders"))["channelSerial"]
        frame = await socket.attach("orders", params={"rewind": "2"}, channelSerial=serial)
        assert frame["flags"] & RESUMED
        await socket.silent()


async def test_params_may_stand_in_the_name(api: Api) -> None:
    async with api.socket() as publisher, api.socket() as socket:
        await publisher.publish("orders", {"name": "one"})
        frame = await socket.attach("[?rewind=1]orders")
        assert frame["channel"] == "[?rewind=1]orders"
        assert frame["params"] == {"rewind": "1"}
        replayed = await socket.expect(MESSAGE)
        assert replayed["channel"] == "[?rewind=1]orders"
        await publisher.publish("orders", {"name": "two"})
        live = await socket.expect(MESSAGE)
        assert (live["channel"], live["messages"][0]["name"]) == ("[?rewind=1]orders", "two")


async def test_deltas_build_on_the_message_before(api: Api, binary: bool) -> None:
    async with api.socket(binary=True) as publisher, api.socket(binary=binary) as socket:
        frame = await socket.attach("orders", params={"delta": "vcdiff"})
        assert frame["params"] == {"delta": "vcdiff"}
        texts = [json.dumps({"price": price, "padding": "x" * 100}) for price in range(3)]
        for text in texts:
            await publisher.publish("orders", {"data": text, "encoding": "json"})
        first, *deltas = [(await socket.expect(MESSAGE))["messages"][0] for _ in texts]
        assert (first["data"], first["encoding"]) == (texts[0], "json")
        base, base_id = texts[0].encode(), first["id"]
        for text, message in zip(texts[1:], deltas, strict=True):
            assert message["extras"] == {"delta": {"format": "vcdiff", "from": base_id}}
            assert message["encoding"] == "json/utf-8/vcdiff" + ("" if binary else "/base64")
            delta = message["data"] if binary else base64.b64decode(message["data"])
            assert len(delta) < len(text)
            base, base_id = vcdiff.decode(base, delta), message["id"]
            assert base == text.encode()


async def test_a_delta_is_sent_only_where_it_helps(api: Api) -> None:
    async with api.socket() as publisher, api.socket() as socket:
        await socket.attach("orders", params={"delta": "vcdiff"})
        for data in ("abc", "xyz", None, "x" * 50, "x" * 50):
            await publisher.publish("orders", {"data": data})
        messages = [(await socket.expect(MESSAGE))["messages"][0] for _ in range(5)]
        assert [message.get("encoding") for message in messages] == [
            *[None] * 4,
            "utf-8/vcdiff/base64",
        ]


async def test_a_derived_channel_has_the_messages_that_pass_the_filter(api: Api) -> None:
    def derived(expression: str) -> str:
        return f"[filter={base64.b64encode(expression.encode()).decode()}]orders"

    async with api.socket() as publisher, api.socket() as socket:
        by_name, by_header = derived('name == `"a"`'), derived("headers.kind == 'big'")
        for channel in (by_name, by_header):
            assert (await socket.attach(channel))["channel"] == channel
        await publisher.publish("orders", {"name": "b"}, {"name": "a"})
        frame = await socket.expect(MESSAGE)
        assert (frame["channel"], [m["name"] for m in frame["messages"]]) == (by_name, ["a"])
        await publisher.publish("orders", {"name": "c", "extras": {"headers": {"kind": "big"}}})
        frame = await socket.expect(MESSAGE)
        assert (frame["channel"], [m["name"] for m in frame["messages"]]) == (by_header, ["c"])
        await socket.silent()
        broken = derived("name ==")
        await socket.send(action=10, channel=broken)
        error = await socket.expect(ERROR)
        assert (error["channel"], error["error"]["code"]) == (broken, 40000)


async def test_occupancy_is_told_to_those_that_ask(api: Api) -> None:
    def metrics(frame: Frame) -> dict[str, int]:
        (message,) = frame["messages"]
        assert (message["name"], message["encoding"]) == ("[meta]occupancy", "json")
        numbers: dict[str, int] = json.loads(message["data"])["metrics"]
        return numbers

    async with api.socket(token={"clientId": "alice"}) as watcher:
        await watcher.attach("room", params={"occupancy": "metrics"})
        assert metrics(await watcher.expect(MESSAGE))["subscribers"] == 1
        async with api.socket(token={"clientId": "bob"}) as other:
            await other.attach("room", params={"occupancy": "metrics.connections"})
            assert metrics(await watcher.expect(MESSAGE))["connections"] == 2
            assert metrics(await other.expect(MESSAGE)) == {"connections": 2}
            await watcher.request(14, channel="room", presence=[{"action": 2}])
            assert (await watcher.expect(14))["presence"][0]["clientId"] == "alice"
            assert metrics(await watcher.expect(MESSAGE))["presenceMembers"] == 1
            await watcher.expect(1)
            await other.vanish(api.server)
        assert metrics(await watcher.expect(MESSAGE))["connections"] == 1


async def test_the_occupancy_of_a_channel_is_read_over_rest(api: Api) -> None:
    headers = await api.bearer()
    async with api.socket() as socket:
        await socket.attach("room")
        details = (await api.http.get("/channels/room", headers=headers)).json()
        assert details["channelId"] == "room"
        assert details["status"]["isActive"] is True
        assert details["status"]["occupancy"]["metrics"] == {
            "connections": 1,
            "publishers": 1,
            "subscribers": 1,
            "presenceConnections": 1,
            "presenceMembers": 0,
            "presenceSubscribers": 1,
            "objectPublishers": 0,
            "objectSubscribers": 0,
        }
        await socket.attach("rooms:two")
        for query, expected in (
            ({}, ["room", "rooms:two"]),
            ({"prefix": "rooms:"}, ["rooms:two"]),
            ({"limit": "1"}, ["room"]),
        ):
            response = await api.http.get(
                "/channels", params={"by": "id", **query}, headers=headers
            )
            assert response.json() == expected
        by_value = {"X-Ably-Version": "2"} | headers
        response = await api.http.get("/channels", headers=by_value)
        assert response.json()[0]["channelId"] == "room"


async def test_presence_is_not_filtered_away(api: Api) -> None:
    async with api.socket(token={"clientId": "alice"}) as alice, api.socket() as socket:
        await alice.attach("orders")
        await alice.request(14, channel="orders", presence=[{"action": 2}])
        await alice.expect(14)
        channel = f"[filter={base64.b64encode(b'`false`').decode()}]orders"
        await socket.attach(channel)
        assert (await socket.expect(SYNC))["channel"] == channel
