from __future__ import annotations

import json

import msgpack
import pytest

from tests.integration.local.raw import (
    ACK,
    ANNOTATION_PUBLISH_MODE,
    DETACH,
    ERROR,
    HAS_BACKLOG,
    MESSAGE,
    NACK,
    PRESENCE_MODE,
    PRESENCE_SUBSCRIBE_MODE,
    PUBLISH_MODE,
    RESUMED,
    SUBSCRIBE_MODE,
    Api,
)


async def test_attached_tells_the_granted_modes_and_the_position(api: Api, binary: bool) -> None:
    async with api.socket(binary=binary) as socket:
        frame = await socket.attach("orders", params={"rewind": "0", "unknown": "x"})
        assert frame["channel"] == "orders"
        assert frame["channelSerial"]
        assert frame["params"] == {"rewind": "0"}
        assert frame["flags"] == (
            PRESENCE_MODE
            | PUBLISH_MODE
            | SUBSCRIBE_MODE
            | PRESENCE_SUBSCRIBE_MODE
            | ANNOTATION_PUBLISH_MODE
        )


async def test_requested_modes_are_granted_as_far_as_the_capability_goes(api: Api) -> None:
    async with api.socket(token={"capability": '{"orders":["subscribe"]}'}) as socket:
        frame = await socket.attach("orders", flags=PUBLISH_MODE | SUBSCRIBE_MODE)
        assert frame["flags"] == SUBSCRIBE_MODE
    async with api.socket() as socket:
        frame = await socket.attach("orders", params={"modes": "presence,subscribe"})
        assert frame["flags"] == PRESENCE_MODE | SUBSCRIBE_MODE


@pytest.mark.parametrize(
    ("channel", "code", "status"),
    [
        ("", 40010, 400),
        (":hell", 40010, 400),
        ("[unknown]orders", 40010, 400),
        ("[filter=@]orders", 40010, 400),
        ("secret", 40160, 401),
    ],
)
async def test_a_refused_attach_is_an_error_of_the_channel(
    api: Api, channel: str, code: int, status: int
) -> None:
    async with api.socket(token={"capability": '{"orders":["*"]}'}) as socket:
        await socket.send(action=10, channel=channel)
        frame = await socket.expect(ERROR)
        assert frame["channel"] == channel
        assert (frame["error"]["code"], frame["error"]["statusCode"]) == (code, status)
        await socket.silent()


async def test_detach_is_confirmed_and_ends_delivery(api: Api) -> None:
    async with api.socket() as socket, api.socket() as publisher:
        await socket.attach("orders")
        await socket.send(action=DETACH, channel="orders")
        assert await socket.receive() == {"action": 13, "channel": "orders"}
        assert (await publisher.publish("orders", {"name": "late"}))["action"] == ACK
        await socket.silent()


async def test_a_publish_is_acknowledged_with_serials_and_delivered(api: Api, binary: bool) -> None:
    async with (
        api.socket(token={"clientId": "alice"}) as publisher,
        api.socket(binary=binary) as subscriber,
    ):
        await subscriber.attach("orders")
        ack = await publisher.publish("orders", {"name": "a", "data": "1"}, {"data": "2"})
        delivered = await subscriber.expect(MESSAGE)
        connection_id = publisher.connected["connectionId"]
        serials = ack["res"][0]["serials"]
        assert ack == {"action": ACK, "msgSerial": 0, "count": 1, "res": [{"serials": serials}]}
        first, second = delivered["messages"]
        assert first == {
            "id": f"{connection_id}:0:0",
            "name": "a",
            "data": "1",
            "clientId": "alice",
            "connectionId": connection_id,
            "timestamp": first["timestamp"],
            "serial": serials[0],
            "action": 0,
            "version": {"serial": serials[0], "timestamp": first["timestamp"]},
        }
        assert (second["id"], second["serial"]) == (f"{connection_id}:0:1", serials[1])
        assert serials[0] < serials[1]
        assert delivered["id"] == f"{connection_id}:0"
        assert delivered["channelSerial"] in serials[0]


async def test_an_old_client_gets_no_results(api: Api) -> None:
    async with api.socket(v="4") as socket:
        assert await socket.publish("orders", {"data": "1"}) == {
            "action": ACK,
            "msgSerial": 0,
            "count": 1,
        }


async def test_a_publisher_hears_itself_unless_it_declines(api: Api) -> None:
    async with api.socket() as loud, api.socket(echo="false") as quiet:
        await loud.attach("orders")
        await quiet.attach("orders")
        await quiet.publish("orders", {"name": "one"})
        assert (await loud.expect(MESSAGE))["messages"][0]["name"] == "one"
        await quiet.silent()
        await loud.request(MESSAGE, channel="orders", messages=[{"name": "two"}])
        assert {(await loud.receive())["action"] for _ in range(2)} == {ACK, MESSAGE}
        assert (await quiet.expect(MESSAGE))["messages"][0]["name"] == "two"


@pytest.mark.parametrize("data", ["text", "", '{"a":1}', b"\x00\xff", None])
async def test_data_arrives_the_same_in_either_format(
    api: Api, data: str | bytes | None, binary: bool
) -> None:
    async with api.socket(binary=True) as publisher, api.socket(binary=binary) as subscriber:
        await subscriber.attach("orders")
        await publisher.publish("orders", {"data": data, "encoding": "utf-8/cipher+x"})
        message = (await subscriber.expect(MESSAGE))["messages"][0]
        if isinstance(data, bytes) and not binary:
            assert message["data"] == "AP8="
            assert message["encoding"] == "utf-8/cipher+x/base64"
        else:
            assert message.get("data") == data
            assert message["encoding"] == "utf-8/cipher+x"


async def test_objects_and_base64_are_brought_into_the_form_of_the_wire(api: Api) -> None:
    async with api.socket() as publisher, api.socket(binary=True) as subscriber:
        await subscriber.attach("orders")
        await publisher.publish(
            "orders", {"data": {"a": [1]}}, {"data": "AP8=", "encoding": "base64"}
        )
        as_object, as_bytes = (await subscriber.expect(MESSAGE))["messages"]
        assert (as_object["data"], as_object["encoding"]) == ('{"a":[1]}', "json")
        assert as_bytes["data"] == b"\x00\xff"
        assert "encoding" not in as_bytes


@pytest.mark.parametrize(
    ("message", "code", "status"),
    [
        ({"data": 5}, 40013, 400),
        ({"data": True}, 40013, 400),
        ({"data": "?", "encoding": "base64"}, 40013, 400),
        ({"data": "x" * 65_537}, 40009, 413),
        ({"clientId": "mallory"}, 40012, 400),
        ({"clientId": "*"}, 40012, 400),
        ({"clientId": 5}, 40012, 400),
        ({"name": 5}, 40016, 400),
        ({"extras": []}, 40032, 400),
        ({"action": 17}, 40001, 400),
        ("text", 40001, 400),
    ],
)
async def test_a_bad_message_is_refused_and_the_connection_goes_on(
    api: Api, message: object, code: int, status: int
) -> None:
    async with api.socket(token={"clientId": "alice"}) as socket:
        await socket.request(MESSAGE, channel="orders", messages=[message])
        nack = await socket.expect(NACK)
        assert (nack["msgSerial"], nack["count"]) == (0, 1)
        assert (nack["error"]["code"], nack["error"]["statusCode"]) == (code, status)
        await socket.silent()


async def test_what_is_not_permitted_is_refused(api: Api) -> None:
    capability = '{"readable":["subscribe"],"orders":["*"]}'
    async with api.socket(token={"capability": capability}) as socket:
        nack = await socket.publish("readable", {"data": "x"})
        assert (nack["error"]["code"], nack["error"]["statusCode"]) == (40160, 401)
        await socket.attach("orders", flags=SUBSCRIBE_MODE)
        assert (await socket.publish("orders", {"data": "x"}))["error"]["code"] == 40165
        assert (await socket.publish(":hell", {"data": "x"}))["error"]["code"] == 40010


async def test_a_repeated_serial_is_acknowledged_again_and_published_once(api: Api) -> None:
    async with api.socket() as subscriber:
        await subscriber.attach("orders")
        async with api.socket() as first:
            key = first.connected["connectionDetails"]["connectionKey"]
            ack = await first.publish("orders", {"name": "once"})
            await first.vanish(api.server)
        async with api.socket(resume=key) as second:
            await second.send(
                action=MESSAGE, msgSerial=0, channel="orders", messages=[{"name": "once"}]
            )
            assert await second.receive() == ack
        await subscriber.expect(MESSAGE)
        await subscriber.silent()


async def test_an_attach_with_a_serial_continues_from_there(api: Api) -> None:
    async with api.socket() as publisher:
        async with api.socket() as first:
            key = first.connected["connectionDetails"]["connectionKey"]
            await first.attach("orders")
            await publisher.publish("orders", {"name": "seen"})
            serial = (await first.expect(MESSAGE))["channelSerial"]
            await first.vanish(api.server)
        await publisher.publish("orders", {"name": "missed"})
        api.server.clock.advance(110_000)
        await publisher.publish("orders", {"name": "also missed"})
        async with api.socket(resume=key) as second:
            frame = await second.attach("orders", channelSerial=serial)
            assert frame["flags"] & RESUMED
            assert frame["flags"] & HAS_BACKLOG
            assert frame["channelSerial"] == serial
            names = [(await second.expect(MESSAGE))["messages"][0]["name"] for _ in range(2)]
            assert names == ["missed", "also missed"]
            await second.silent()


async def test_nothing_missed_is_resumed_without_backlog(api: Api) -> None:
    async with api.socket() as socket:
        serial = (await socket.attach("orders"))["channelSerial"]
        frame = await socket.attach("orders", channelSerial=serial)
        assert frame["flags"] & RESUMED
        assert not frame["flags"] & HAS_BACKLOG


@pytest.mark.parametrize("serial", ["nonsense", "99999999999999-000@other"])
async def test_an_unknown_serial_does_not_resume(api: Api, serial: str) -> None:
    async with api.socket() as socket:
        frame = await socket.attach("orders", channelSerial=serial)
        assert not frame["flags"] & RESUMED
        assert frame["channelSerial"] != serial


async def test_continuity_ends_after_two_minutes(api: Api) -> None:
    async with api.socket() as publisher, api.socket() as other:
        await other.attach("orders")
        serial = (await publisher.attach("orders"))["channelSerial"]
        await publisher.send(action=DETACH, channel="orders")
        await publisher.expect(13)
        await publisher.publish("orders", {"name": "missed"})
        api.server.clock.advance(121_000)
        frame = await publisher.attach("orders", channelSerial=serial)
        assert not frame["flags"] & RESUMED


async def test_a_channel_nobody_used_for_two_minutes_starts_anew(api: Api) -> None:
    async with api.socket() as socket:
        serial = (await socket.attach("orders"))["channelSerial"]
        await socket.send(action=DETACH, channel="orders")
        await socket.expect(13)
        api.server.clock.advance(240_000)
        frame = await socket.attach("orders", channelSerial=serial)
        assert not frame["flags"] & RESUMED


async def test_a_text_frame_may_carry_either_case_of_escape(api: Api) -> None:
    async with api.socket() as socket, api.socket(binary=True) as subscriber:
        await subscriber.attach("orders")
        frame = {"action": MESSAGE, "msgSerial": 0, "channel": "orders"}
        pair = json.dumps(frame | {"messages": [{"data": "\N{GRINNING FACE}"}]})
        assert "\\ud83d" in pair
        await socket.websocket.send(pair)
        assert (await socket.expect(ACK))["msgSerial"] == 0
        assert (await subscriber.expect(MESSAGE))["messages"][0]["data"] == "\N{GRINNING FACE}"
        await socket.websocket.send(pair.replace("\\ude00", ""))
        assert (await socket.expect(ERROR))["error"]["code"] == 40001


async def test_integers_the_other_format_cannot_hold_become_floats(api: Api) -> None:
    async with api.socket() as socket, api.socket(binary=True) as subscriber:
        await subscriber.attach("orders")
        await socket.publish("orders", {"extras": {"headers": {"n": 10**30}}})
        message = (await subscriber.expect(MESSAGE))["messages"][0]
        assert message["extras"] == {"headers": {"n": 1e30}}
        assert msgpack.packb(message)
