"""Every error that a frame can meet, with its status, its code and what it says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from ably_local import Limits, LocalAbly
from tests.integration.local.raw import (
    ACK,
    ANNOTATION,
    ATTACH,
    ATTACHED,
    AUTH,
    CONNECTED,
    DETACH,
    DETACHED,
    DISCONNECTED,
    ERROR,
    HEARTBEAT,
    MESSAGE,
    NACK,
    PRESENCE,
    PRESENCE_MODE,
    SUBSCRIBE_MODE,
    SYNC,
    Api,
    Frame,
)

OBJECT, PING, PONG = 19, 22, 23
FROM_CLIENTS = (HEARTBEAT, ATTACH, DETACH, PRESENCE, MESSAGE, SYNC, AUTH, OBJECT, ANNOTATION, PING)


def error_in(frame: Frame) -> tuple[int, int, str]:
    """Return the status, code and message of the error in a frame, its link checked."""
    error = frame["error"]
    link = f"https://help.ably.io/error/{error['code']}"
    assert error["href"] == link
    message: str = error["message"].removesuffix(f" (See {link})")
    assert message != error["message"]
    return error["statusCode"], error["code"], message


@asynccontextmanager
async def limited(**limits: int) -> AsyncIterator[Api]:
    """A server with limits of its own."""
    async with (
        LocalAbly(limits=Limits(**limits)) as server,
        httpx.AsyncClient(base_url=server.url) as http,
    ):
        yield Api(server, http)


# -- frames that are none


@pytest.mark.parametrize("action", FROM_CLIENTS)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", 5),
        ("channel", 5),
        ("channelSerial", {}),
        ("msgSerial", "0"),
        ("msgSerial", 0.5),
        ("flags", "0"),
        ("params", []),
        ("auth", "token"),
        ("messages", {}),
        ("presence", {}),
        ("annotations", "x"),
    ],
)
async def test_a_field_of_the_wrong_type_ends_the_connection(
    api: Api, action: int, field: str, value: object
) -> None:
    async with api.socket() as socket:
        await socket.send(action=action, **{field: value})
        frame = await socket.expect(ERROR)
        assert "channel" not in frame
        assert error_in(frame) == (400, 80013, f"the {field} of a frame has the wrong type")
        await socket.closed()


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        ("", 40001, "not valid JSON"),
        ("null", 80013, "an object with an integer action"),
        ('{"action": 15.0}', 80013, "an object with an integer action"),
        ('{"action": "MESSAGE"}', 80013, "an object with an integer action"),
        ("[" * 100_000, 40001, "nested too deeply"),
        ('{"action": 1e999}', 40001, "out of range"),
        (b"\x81\xa6action\x00", 40001, "not valid JSON"),
    ],
)
async def test_what_is_no_json_frame(api: Api, data: str | bytes, code: int, says: str) -> None:
    async with api.socket() as socket:
        await socket.websocket.send(data)
        *found, message = error_in(await socket.expect(ERROR))
        assert found == [400, code]
        assert says in message
        await socket.closed()


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (b"", 40001, "not valid MessagePack"),
        (b"\xc0", 80013, "an object with an integer action"),
        (b"\x81\xa6action", 40001, "not valid MessagePack"),
        (b"\x81\xa6action\xd4\x05\x00", 40001, "extension type 5"),
        (b"\x91" * 5_000, 40001, "not valid MessagePack"),
        ('{"action": 0}', 40001, "not valid MessagePack"),
    ],
)
async def test_what_is_no_msgpack_frame(api: Api, data: str | bytes, code: int, says: str) -> None:
    async with api.socket(binary=True) as socket:
        await socket.websocket.send(data)
        *found, message = error_in(await socket.expect(ERROR))
        assert found == [400, code]
        assert says in message
        await socket.closed()


async def test_a_frame_may_come_as_text_or_binary(api: Api) -> None:
    async with api.socket() as socket:
        await socket.websocket.send(b'{"action": 0}')
        await socket.expect(HEARTBEAT)


@pytest.mark.parametrize("action", [ACK, NACK, 3, CONNECTED, DISCONNECTED, 8, ERROR, ATTACHED,
                                    DETACHED, 18, 20, PONG, 24, 99, -1, 2**63])  # fmt: skip
async def test_an_action_that_is_not_for_servers_is_ignored(
    api: Api, action: int, binary: bool
) -> None:
    async with api.socket(binary=binary) as socket:
        await socket.attach("orders")
        await socket.send(action=action, channel="orders", msgSerial=0, error={"code": 1})
        await socket.silent()


# -- frames that ask for what can't be


@pytest.mark.parametrize("name", ["", ":a", "[", "[x]a", "[meta]", "[filter=%]a", "a\nb", "a\0b"])
async def test_a_channel_that_cannot_be(api: Api, binary: bool, name: str) -> None:
    says = f"invalid channel name {name!r}"
    async with api.socket(binary=binary, token={"clientId": "alice"}) as socket:
        await socket.send(action=ATTACH, channel=name)
        frame = await socket.expect(ERROR)
        assert frame["channel"] == name
        assert error_in(frame) == (400, 40010, says)
        await socket.request(MESSAGE, channel=name, messages=[{"name": "a"}])
        assert error_in(await socket.expect(NACK)) == (400, 40010, says)
        await socket.request(PRESENCE, channel=name, presence=[{"action": 2}])
        assert error_in(await socket.expect(NACK)) == (400, 40010, says)
        await socket.silent()


@pytest.mark.parametrize(
    ("action", "fields", "expected", "says"),
    [
        (MESSAGE, {}, (400, 40001), "the frame has no messages"),
        (MESSAGE, {"messages": []}, (400, 40001), "the frame has no messages"),
        (MESSAGE, {"messages": [5]}, (400, 40001), "a message is an object"),
        (MESSAGE, {"messages": [{"name": 5}]}, (400, 40016), "the name of a message is a string"),
        (MESSAGE, {"messages": [{"data": 5}]}, (400, 40013), "the data of a message"),
        (MESSAGE, {"messages": [{"extras": 5}]}, (400, 40032), "the extras of a message"),
        (MESSAGE, {"messages": [{"data": "x" * 65_537}]}, (413, 40009), "65537 bytes exceed"),
        (MESSAGE, {"messages": [{}] * 1_001}, (400, 40034), "at most 1000 messages"),
        (MESSAGE, {"messages": [{"id": "a"}, {}]}, (400, 40031), "base:0, base:1"),
        (MESSAGE, {"messages": [{"clientId": "bob"}]}, (400, 40012), "is not permitted"),
        (MESSAGE, {"messages": [{"action": 2}]}, (400, 93002), "does not allow messages"),
        (PRESENCE, {}, (400, 40001), "the frame has no presence"),
        (PRESENCE, {"presence": [{"action": 9}]}, (400, 40001), "the action of a presence message"),
        (PRESENCE, {"presence": [{"action": 0}]}, (400, 40001), "can only enter, update or leave"),
        (PRESENCE, {"presence": [{"clientId": "bob"}]}, (400, 40012), "is not permitted"),
        (PRESENCE, {"presence": [{"clientId": ""}]}, (400, 40012), "cannot have the clientId"),
        (PRESENCE, {"presence": [{"data": "x" * 70_000}]}, (413, 40009), "exceed the maximum"),
        (ANNOTATION, {}, (400, 40001), "the frame has no annotations"),
        (ANNOTATION, {"annotations": [{}]}, (400, 40001), "an annotation needs a type"),
        (ANNOTATION, {"annotations": [{"type": "r"}]}, (400, 93002), "does not allow messages"),
        (OBJECT, {"state": []}, (400, 40021), "does not support such frames"),
    ],
)
async def test_what_cannot_be_carried_out_is_told_by_its_serial(
    api: Api, binary: bool, action: int, fields: Frame, expected: tuple[int, int], says: str
) -> None:
    async with api.socket(binary=binary, token={"clientId": "alice"}) as socket:
        await socket.attach("orders")
        serial = await socket.request(action, channel="orders", **fields)
        nack = await socket.expect(NACK)
        assert (nack["msgSerial"], nack["count"]) == (serial, 1)
        *found, message = error_in(nack)
        assert tuple(found) == expected
        assert says in message
        await socket.silent()


@pytest.mark.parametrize(
    ("action", "fields", "operation"),
    [
        (MESSAGE, {"messages": [{"name": "a"}]}, "publish"),
        (PRESENCE, {"presence": [{"action": 2}]}, "presence"),
        (ANNOTATION, {"annotations": [{"type": "r"}]}, "annotation-publish"),
    ],
)
async def test_what_the_capability_does_not_permit(
    api: Api, binary: bool, action: int, fields: dict[str, Any], operation: str
) -> None:
    token = {"capability": '{"orders":["subscribe"]}', "clientId": "alice"}
    async with api.socket(binary=binary, token=token) as socket:
        await socket.attach("orders")
        await socket.request(action, channel="orders", **fields)
        says = f"the capability does not permit {operation} on channel orders"
        assert error_in(await socket.expect(NACK)) == (401, 40160, says)
        await socket.send(action=ATTACH, channel="other")
        frame = await socket.expect(ERROR)
        assert frame["channel"] == "other"
        assert error_in(frame)[:2] == (401, 40160)
        await socket.silent()


async def test_what_was_not_asked_for_when_attaching(api: Api, binary: bool) -> None:
    async with api.socket(binary=binary, token={"clientId": "alice"}) as socket:
        await socket.attach("orders", flags=SUBSCRIBE_MODE)
        for action, fields, mode in (
            (MESSAGE, {"messages": [{}]}, "PUBLISH"),
            (PRESENCE, {"presence": [{"action": 2}]}, "PRESENCE"),
            (ANNOTATION, {"annotations": [{"type": "r"}]}, "ANNOTATION_PUBLISH"),
        ):
            await socket.request(action, channel="orders", **fields)
            *found, message = error_in(await socket.expect(NACK))
            assert found == [401, 40165]
            assert message.startswith(f"the mode {mode} was not requested")


async def test_presence_without_a_client_id_or_without_being_attached(api: Api) -> None:
    async with api.socket() as nobody, api.socket(token={"clientId": "alice"}) as alice:
        await nobody.attach("orders", flags=PRESENCE_MODE)
        await nobody.request(PRESENCE, channel="orders", presence=[{"action": 2}])
        assert error_in(await nobody.expect(NACK)) == (400, 91000, "presence needs a clientId")
        await alice.request(PRESENCE, channel="orders", presence=[{"action": 2}])
        *found, message = error_in(await alice.expect(NACK))
        assert found == [400, 91001]
        assert "needs the connection to be attached" in message


@pytest.mark.parametrize("channel", ["[meta]log", "[meta]channel.lifecycle", "[meta]x"])
async def test_a_metachannel_is_only_read(api: Api, channel: str) -> None:
    keys = [{"capability": '{"[*]*":["*"]}'}]
    key = (await api.http.post("/apps", json={"keys": keys})).json()["keys"][0]["keyStr"]
    async with api.socket(token={"key": key, "clientId": "alice"}) as socket:
        assert (await socket.attach(channel))["flags"] & PRESENCE_MODE == 0
        for action, fields in (
            (MESSAGE, {"messages": [{}]}),
            (PRESENCE, {"presence": [{"action": 2}]}),
        ):
            await socket.request(action, channel=channel, **fields)
            *found, message = error_in(await socket.expect(NACK))
            assert found == [401, 40160]
            assert message.endswith(f"on channel {channel}")


@pytest.mark.parametrize(
    ("auth", "expected", "says"),
    [
        (None, (401, 40101), "carries no access token"),
        ({}, (401, 40101), "carries no access token"),
        ({"accessToken": 5}, (401, 40101), "carries no access token"),
        ({"accessToken": "x"}, (401, 40101), "no application found"),
        ({"accessToken": "a.b.c"}, (401, 40144), "the JWT is malformed"),
    ],
)
async def test_a_token_that_is_none_ends_the_connection(
    api: Api, auth: object, expected: tuple[int, int], says: str
) -> None:
    async with api.socket() as socket:
        await socket.send(action=AUTH, auth=auth)
        *found, message = error_in(await socket.expect(ERROR))
        assert tuple(found) == expected
        assert says in message
        await socket.closed()


async def test_a_token_that_expired_ends_the_connection(api: Api) -> None:
    token = await api.token(ttl=1_000)
    async with api.socket() as socket:
        api.server.clock.advance(1_000)
        await socket.send(action=AUTH, auth={"accessToken": token})
        assert error_in(await socket.expect(ERROR))[:2] == (401, 40142)


# -- limits


async def test_the_size_of_a_message_is_limited() -> None:
    async with limited(max_message_size=10) as api, api.socket() as socket:
        assert socket.connected["connectionDetails"]["maxMessageSize"] == 10
        nack = await socket.publish("orders", {"data": "12345"}, {"data": "678901"})
        says = "11 bytes exceed the maximum message size of 10"
        assert error_in(nack) == (413, 40009, says)
        assert (await socket.publish("orders", {"data": "1234567890"}))["action"] == ACK
        headers = await api.bearer()
        response = await api.http.post(
            "/channels/orders/messages", json={"data": "x" * 11}, headers=headers
        )
        assert response.status_code == 413


async def test_the_size_of_a_frame_is_limited(binary: bool) -> None:
    async with limited(max_frame_size=200) as api, api.socket(binary=binary) as socket:
        assert socket.connected["connectionDetails"]["maxFrameSize"] == 200
        assert (await socket.publish("orders", {"data": "x"}))["action"] == ACK
        # Bytes count, not characters.
        await socket.websocket.send("\N{GRINNING FACE}" * 51)
        assert error_in(await socket.expect(ERROR)) == (413, 40009, "a frame has at most 200 bytes")
        await socket.closed()


async def test_the_rate_of_a_connection_is_limited() -> None:
    async with limited(max_inbound_rate=2) as api, api.socket() as socket, api.socket() as other:
        assert socket.connected["connectionDetails"]["maxInboundRate"] == 2
        api.server.clock.advance(1_000 - api.server.clock.now() % 1_000)
        for _ in range(4):
            await socket.request(MESSAGE, channel="orders", messages=[{}])
        answers = [await socket.receive() for _ in range(4)]
        assert [answer["action"] for answer in answers[:2]] == [ACK, ACK]
        assert [error_in(answer) for answer in answers[2:]] == [
            (429, 42911, "more than 2 messages in a second")
        ] * 2
        assert (await other.publish("orders", {}))["action"] == ACK
        api.server.clock.advance(1_000)
        assert (await socket.publish("orders", {}))["action"] == ACK


async def test_the_channels_of_a_connection_are_limited() -> None:
    async with limited(max_channels_per_connection=2) as api, api.socket() as socket:
        await socket.attach("a")
        await socket.attach("b")
        await socket.attach("a")
        await socket.send(action=ATTACH, channel="c")
        frame = await socket.expect(ERROR)
        assert frame["channel"] == "c"
        says = "a connection attaches to at most 2 channels"
        assert error_in(frame) == (400, 90010, says)
        await socket.send(action=DETACH, channel="a")
        await socket.expect(DETACHED)
        await socket.attach("c")


async def test_the_members_of_a_channel_are_limited() -> None:
    async with (
        limited(max_presence_members=1) as api,
        api.socket(token={"clientId": "*"}) as socket,
    ):
        await socket.attach("orders", flags=PRESENCE_MODE)
        members = [{"action": 2, "clientId": name} for name in ("a", "b")]
        await socket.request(PRESENCE, channel="orders", presence=members)
        says = "a channel has at most 1 members"
        assert error_in(await socket.expect(NACK)) == (400, 91003, says)
        await socket.request(PRESENCE, channel="orders", presence=members[:1])
        assert {(await socket.receive())["action"] for _ in range(2)} == {ACK, PRESENCE}
