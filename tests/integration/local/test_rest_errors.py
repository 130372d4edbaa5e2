"""Every error that a REST request can meet, with its status, its code and what it says."""

from __future__ import annotations

import json
from typing import Any

import httpx
import msgpack
import pytest

from tests.integration.local.raw import Api, refusal_of

JSON, MSGPACK = "application/json", "application/x-msgpack"
FORM = "application/x-www-form-urlencoded"
MESSAGES = "/channels/orders/messages"
DEVICES, SUBSCRIPTIONS = "/push/deviceRegistrations", "/push/channelSubscriptions"
DEVICE = {
    "platform": "ios",
    "formFactor": "phone",
    "push": {"recipient": {"transportType": "apns"}},
}


@pytest.fixture(params=[JSON, MSGPACK], ids=["json", "msgpack"])
def accept(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def body_in(accept: str, value: object) -> dict[str, Any]:
    """Return the arguments of a request that sends a value in the format it accepts."""
    packed = msgpack.packb(value) if accept == MSGPACK else json.dumps(value)
    return {"content": packed, "headers": {"Content-Type": accept}}


async def send(api: Api, method: str, path: str, accept: str, **arguments: Any) -> httpx.Response:
    headers = {**await api.bearer(), "Accept": accept, **arguments.pop("headers", {})}
    return await api.http.request(method, path, headers=headers, **arguments)


# -- bodies that are none


@pytest.mark.parametrize(
    ("kind", "body", "expected", "says"),
    [
        (JSON, b"", (400, 40001), "not valid JSON"),
        (JSON, b"{", (400, 40001), "not valid JSON"),
        (JSON, b"\xff", (400, 40001), "not valid JSON"),
        (JSON, b'{"data": NaN}', (400, 40001), "NaN"),
        (JSON, b'{"data": 1e999}', (400, 40001), "out of range"),
        (JSON, b'{"data": "\\ud800"}', (400, 40001), "surrogates"),
        (JSON, b"[" * 100_000, (400, 40001), "nested too deeply"),
        (JSON, b'"' + b"x" * 3_000_000 + b'"', (413, 40009), "at most 2097152 bytes"),
        (MSGPACK, b"", (400, 40001), "not valid MessagePack"),
        (MSGPACK, b"\x81", (400, 40001), "not valid MessagePack"),
        (MSGPACK, b"\xc1", (400, 40001), "not valid MessagePack"),
        (MSGPACK, b"\xc0\xc0", (400, 40001), "not valid MessagePack"),
        (MSGPACK, b"\xa1\xff", (400, 40001), "not valid MessagePack"),
        (MSGPACK, b"\x81\x01\x02", (400, 40001), "not valid MessagePack"),
        (MSGPACK, b"\xd4\x05\x00", (400, 40001), "extension type 5"),
        (MSGPACK, b"\x91" * 5_000, (400, 40001), "not valid MessagePack"),
        (MSGPACK, b"\xc6\x00\x30\x00\x00" + b"x" * 0x300000, (413, 40009), "at most 2097152"),
        (FORM, b"", (400, 40001), "not form-encoded"),
        (FORM, b'{"data":"x"}', (400, 40001), "Content-Type"),
        (FORM, b"name=%FF", (400, 40001), "not form-encoded"),
        (FORM, b"a=1&" * 200, (400, 40001), "not form-encoded"),
        ("application/xml", b"<a/>", (400, 40004), "not application/xml"),
        ("multipart/form-data; boundary=x", b"--x--", (400, 40004), "not multipart/form-data"),
    ],
)
async def test_a_body_that_is_none(
    api: Api, kind: str, body: bytes, expected: tuple[int, int], says: str
) -> None:
    for path in (MESSAGES, "/messages", "/push/publish", "/apps"):
        declared = {"Content-Type": kind}
        response = await send(api, "POST", path, JSON, content=body, headers=declared)
        *found, message = refusal_of(response)
        assert tuple(found) == expected
        assert says in message


# -- bodies that say what can't be


@pytest.mark.parametrize(
    ("message", "expected", "says"),
    [
        (5, (400, 40001), "a message is an object"),
        ([], (400, 40001), "no message to publish"),
        ([[]], (400, 40001), "a message is an object"),
        ({"name": 5}, (400, 40016), "the name of a message is a string"),
        ({"data": 5}, (400, 40013), "the data of a message"),
        ({"data": "%", "encoding": "base64"}, (400, 40013), "not valid base64"),
        ({"encoding": 5}, (400, 40001), "the encoding of a message is a string"),
        ({"data": "x" * 65_537}, (413, 40009), "65537 bytes exceed the maximum"),
        ({"extras": 5}, (400, 40032), "the extras of a message is an object"),
        ({"extras": {"headers": {"a": []}}}, (400, 40032), "the extras.headers of a message"),
        ({"clientId": 5}, (400, 40012), "the clientId of a message is a string"),
        ({"clientId": ""}, (400, 40012), "cannot have the clientId '*' or ''"),
        ({"clientId": "mallory"}, (400, 40012), "is not permitted"),
        ({"action": 9}, (400, 40001), "the action of a message is one of"),
        ({"action": 1}, (400, 93002), "does not allow messages to be changed"),
        ([{"action": 1}, {}], (400, 40001), "published alone"),
        ({"connectionKey": "gone"}, (400, 40006), "belongs to no connection"),
        ([{"id": "a"}, {"id": "b"}], (400, 40031), "base:0, base:1"),
        ([{}] * 1_001, (400, 40034), "at most 1000 messages"),
    ],
)
async def test_a_message_that_cannot_be_published(
    api: Api, accept: str, message: object, expected: tuple[int, int], says: str
) -> None:
    headers = await api.bearer(clientId="alice")
    arguments = body_in(accept, message)
    arguments["headers"] |= headers
    *found, text = refusal_of(await send(api, "POST", MESSAGES, accept, **arguments))
    assert tuple(found) == expected
    assert says in text


@pytest.mark.parametrize(
    ("method", "path", "body", "expected", "says"),
    [
        ("POST", "/messages", 5, (400, 40001), "a batch is described by an object"),
        ("POST", "/messages", {"channels": 5}, (400, 40001), "an array of channel names"),
        ("POST", "/messages", {"channels": ["a"], "messages": 5}, (400, 40001), "an object"),
        ("POST", "/messages", {"channels": ["a"] * 101, "messages": {}}, (400, 90010), "100"),
        ("POST", "/push/publish", {}, (400, 40000), "the recipient is an object"),
        ("POST", "/push/publish", {"recipient": {}}, (400, 40000), "a recipient has"),
        ("POST", "/push/publish", {"recipient": {"clientId": "a"}}, (400, 40000), "consists of"),
        ("POST", "/push/batch/publish", {}, (400, 40001), "an array of notifications"),
        ("POST", "/push/batch/publish", [5], (400, 40000), "entry of the batch is an object"),
        ("POST", "/push/batch/publish", [{}], (400, 40000), "the payload is an object"),
        (
            "POST",
            "/push/batch/publish",
            [{"recipient": [{}] * 10_001, "payload": {}}],
            (400, 40000),
            "at most 10000",
        ),
        ("PUT", f"{DEVICES}/d", 5, (400, 40000), "the device is an object"),
        ("PUT", f"{DEVICES}/d", DEVICE | {"id": "e"}, (400, 40015), "not that of the path"),
        ("PUT", f"{DEVICES}/d", DEVICE | {"platform": "x"}, (400, 40000), "platform is one of"),
        ("PUT", f"{DEVICES}/d", DEVICE | {"formFactor": 5}, (400, 40000), "formFactor is one of"),
        ("PUT", f"{DEVICES}/d", DEVICE | {"push": {}}, (400, 40000), "the recipient is an object"),
        ("POST", DEVICES, DEVICE, (400, 40015), "a device has an id"),
        ("PATCH", f"{DEVICES}/d", {}, (404, 40400), "no device is registered with id d"),
        ("POST", SUBSCRIPTIONS, {}, (400, 40000), "names a channel"),
        ("POST", SUBSCRIPTIONS, {"channel": "a"}, (400, 40000), "either a deviceId or a clientId"),
        (
            "POST",
            SUBSCRIPTIONS,
            {"channel": "pushenabled:a", "deviceId": "d"},
            (404, 40400),
            "no device",
        ),
        (
            "POST",
            SUBSCRIPTIONS,
            {"channel": "a", "clientId": "c"},
            (401, 40100),
            "does not allow push",
        ),
        ("PATCH", f"{MESSAGES}/x", {}, (400, 93002), "does not allow messages to be changed"),
        ("PATCH", "/channels/mutable:a/messages/x", {}, (404, 40400), "no message with serial x"),
        ("PATCH", "/channels/mutable:a/messages/x", {"action": 3}, (400, 40001), "is updated"),
        ("POST", f"{MESSAGES}/x/annotations", {}, (400, 40001), "an annotation needs a type"),
        ("POST", f"{MESSAGES}/x/annotations", [], (400, 40001), "there is no annotation"),
        (
            "POST",
            f"{MESSAGES}/x/annotations",
            {"type": "r:total.v1", "count": -1},
            (400, 40001),
            "non-negative",
        ),
        (
            "POST",
            f"{MESSAGES}/x/annotations",
            {"type": "r:distinct.v1"},
            (400, 40001),
            "need a name",
        ),
        (
            "POST",
            f"{MESSAGES}/x/annotations",
            {"type": "r:flag.v1"},
            (401, 40161),
            "an identified client",
        ),
        ("POST", f"{MESSAGES}/x/annotations", {"type": "r"}, (400, 93002), "does not allow"),
        ("POST", "/apps", [], (400, 40001), "the app specification is an object"),
        ("POST", "/apps", {"keys": 5}, (400, 40001), "keys is an array"),
        ("POST", "/apps", {"keys": [{"capability": "{"}]}, (400, 40000), "not valid JSON"),
        ("POST", "/apps", {"keys": [{"capability": "{}"}]}, (400, 40000), "a capability is an"),
        (
            "POST",
            "/apps",
            {"keys": [{"capability": {"a": ["fly"]}}]},
            (400, 40000),
            "unknown capability operation 'fly'",
        ),
        ("POST", "/apps", {"namespaces": [{}]}, (400, 40001), "a namespace needs an id"),
        ("POST", "/apps", {"channels": [{"name": ":"}]}, (400, 40010), "invalid channel name ':'"),
    ],
)
async def test_a_body_that_asks_for_what_cannot_be(
    api: Api,
    accept: str,
    method: str,
    path: str,
    body: object,
    expected: tuple[int, int],
    says: str,
) -> None:
    response = await send(api, method, path, accept, **body_in(accept, body))
    *found, message = refusal_of(response)
    assert tuple(found) == expected
    assert says in message


# -- parameters and headers


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("limit=0", "limit is between 1 and 1000"),
        ("limit=1001", "limit is between 1 and 1000"),
        ("limit=-1", "limit is a non-negative integer"),
        ("limit=ten", "limit is a non-negative integer"),
        ("limit=1e2", "limit is a non-negative integer"),
        ("limit=1_0", "limit is a non-negative integer"),
        ("limit=%EF%BC%91", "limit is a non-negative integer"),
        ("limit=", "limit is a non-negative integer"),
        ("direction=up", "direction is either backwards or forwards"),
        ("start=2000000000000&end=1000000000000", "start is later than end"),
    ],
)
async def test_a_page_that_cannot_be(api: Api, query: str, says: str) -> None:
    headers = await api.bearer()
    for path in (
        MESSAGES,
        "/channels/orders/presence",
        "/channels/orders/presence/history",
        "/channels",
        "/stats",
    ):
        response = await api.http.get(f"{path}?{query}", headers=headers)
        assert refusal_of(response) == (400, 40003, says)


@pytest.mark.parametrize(
    ("path", "expected", "says"),
    [
        (f"{MESSAGES}?start=soon", (400, 40003), "start is a non-negative integer"),
        (f"{MESSAGES}?end=" + "9" * 40, (400, 40003), "end is a non-negative integer"),
        ("/stats?start=soon", (400, 40003), "an interval looks like"),
        ("/stats?unit=week", (400, 40003), "unit is one of minute, hour, day, month"),
        ("/channels?by=name", (400, 40003), "by is either id or value"),
        ("/presence", (400, 90010), "at least one and at most 100 channels"),
        ("/presence?channels=" + ",".join("abcde" * 21), (400, 90010), "at most 100 channels"),
        ("/presence?channels=a&separator=", (400, 40003), "at least one character"),
        (f"{SUBSCRIPTIONS}?deviceId=a&clientId=b", (400, 40000), "concatFilters"),
        (f"{MESSAGES}?v=six", (400, 40017), "the API version is no number"),
        (f"{MESSAGES}/x", (404, 40400), "no message with serial x"),
        (f"{MESSAGES}/x/versions", (404, 40400), "no message with serial x"),
        (f"{MESSAGES}/x/annotations", (404, 40400), "no message with serial x"),
        (f"{MESSAGES}/x/client-summary?forClientId=a", (404, 40400), "no message with serial x"),
        (f"{DEVICES}/d", (404, 40400), "no device is registered with id d"),
    ],
)
async def test_a_parameter_that_cannot_be(
    api: Api, accept: str, path: str, expected: tuple[int, int], says: str
) -> None:
    *found, message = refusal_of(await send(api, "GET", path, accept))
    assert tuple(found) == expected
    assert says in message


@pytest.mark.parametrize("path", [DEVICES, SUBSCRIPTIONS])
async def test_what_is_removed_must_be_named(api: Api, accept: str, path: str) -> None:
    *found, message = refusal_of(await send(api, "DELETE", path, accept))
    assert tuple(found) == (400, 40000)
    assert "says what to remove" in message


async def test_a_cursor_that_nobody_gave_leads_to_some_page(api: Api) -> None:
    for cursor in ("", "x", "\x00", "9" * 1_000):
        response = await send(api, "GET", MESSAGES, JSON, params={"cursor": cursor})
        assert (response.status_code, response.json()) == (200, [])


@pytest.mark.parametrize(
    ("header", "value", "expected", "says"),
    [
        ("X-Ably-Version", "six", (400, 40017), "the API version is no number"),
        ("X-Ably-Version", "1.2.3", (400, 40017), "the API version is no number"),
        ("X-Ably-ClientId", "%%%", (400, 40012), "not valid base64"),
        ("X-Ably-ClientId", "/w==", (400, 40012), "not valid base64"),
        ("X-Ably-ClientId", "Kg==", (400, 40012), "a non-empty string other than '*'"),
        ("X-Ably-ClientId", "Ym9i", (401, 40102), "does not match"),
    ],
)
async def test_a_header_that_cannot_be(
    api: Api, header: str, value: str, expected: tuple[int, int], says: str
) -> None:
    headers = await api.bearer(clientId="alice")
    response = await api.http.post(MESSAGES, json={}, headers=headers | {header: value})
    *found, message = refusal_of(response)
    assert tuple(found) == expected
    assert says in message


# -- paths and methods


@pytest.mark.parametrize(
    ("name", "expected", "says"),
    [
        ("%3Aa", (400, 40010), "invalid channel name ':a'"),
        ("%5Ba", (400, 40010), "invalid channel name '[a'"),
        ("%5Bx%5Da", (400, 40010), "invalid channel name '[x]a'"),
        ("%5Bmeta%5D", (400, 40010), "invalid channel name '[meta]'"),
        ("%5Bfilter%3D%25%5Da", (400, 40010), "invalid channel name"),
        ("a%0Ab", (400, 40010), "invalid channel name 'a\\nb'"),
        ("a%00b", (400, 40010), "invalid channel name 'a\\x00b'"),
        ("%00", (400, 40010), "invalid channel name"),
        ("%FF", (400, 40000), "the path is not valid UTF-8"),
        ("%C3%28", (400, 40000), "the path is not valid UTF-8"),
        ("%ED%A0%80", (400, 40000), "the path is not valid UTF-8"),
    ],
)
async def test_a_channel_that_cannot_be(
    api: Api, accept: str, name: str, expected: tuple[int, int], says: str
) -> None:
    target = f"/channels/{name}/messages".encode()
    response = await send(api, "GET", "/", accept, extensions={"target": target})
    *found, message = refusal_of(response)
    assert tuple(found) == expected
    assert says in message


@pytest.mark.parametrize(
    "target",
    [
        b"/nothing",
        b"//",
        b"/channels//messages",
        b"//channels/orders/messages",
        b"/channels/orders/messages/",
        b"/channels/orders/messages/a/b",
        b"/channels/../apps",
        b"/channels/%2e%2e/%2e%2e/apps",
        b"/./time",
        b"/time%00",
        b"/time/../time",
        b"/Time",
        b"/%74ime",
        b"/time;v=1",
        b"*",
    ],
)
async def test_a_path_that_leads_nowhere(api: Api, accept: str, target: bytes) -> None:
    response = await send(api, "GET", "/", accept, extensions={"target": target})
    *found, message = refusal_of(response)
    assert tuple(found) == (404, 40400)
    assert message.startswith("there is no ")


@pytest.mark.parametrize("name", ["%2F", "..%2F..", "%2e%2e", "a%2Fmessages", "%25", "a" * 10_000])
async def test_an_escaped_name_is_only_a_name(api: Api, name: str) -> None:
    target = f"/channels/{name}/messages".encode()
    response = await send(api, "GET", "/", JSON, extensions={"target": target})
    assert (response.status_code, response.json()) == (200, [])


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/time", "GET, HEAD, OPTIONS"),
        ("PUT", MESSAGES, "GET, HEAD, OPTIONS, POST"),
        ("POST", f"{MESSAGES}/x", "GET, HEAD, OPTIONS, PATCH"),
        ("GET", "/messages", "OPTIONS, POST"),
        ("GET", "/apps", "OPTIONS, POST"),
        ("GET", "/keys/a.b/requestToken", "OPTIONS, POST"),
        ("POST", f"{DEVICES}/d", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("BREW", "/time", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_method_that_a_path_does_not_have(
    api: Api, accept: str, method: str, path: str, allowed: str
) -> None:
    response = await send(api, method, path, accept)
    *found, message = refusal_of(response)
    assert tuple(found) == (405, 40500)
    assert message == f"{method} is not possible on {path}, but {allowed}"
    assert response.headers["Allow"] == allowed


async def test_options_tell_the_methods(api: Api) -> None:
    response = await api.http.options(MESSAGES)
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert (await api.http.options("/nothing")).status_code == 404


async def test_head_is_get_without_the_body(api: Api) -> None:
    headers = await api.bearer()
    await api.http.post(MESSAGES, json={"name": "a"}, headers=headers)
    got = await api.http.get(MESSAGES, headers=headers)
    head = await api.http.head(MESSAGES, headers=headers)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(got.content))
    assert head.headers.get_list("link") == got.headers.get_list("link")
    refused = await api.http.head(MESSAGES)
    assert (refused.status_code, refused.headers["X-Ably-ErrorCode"]) == (401, "40101")


# -- capabilities


@pytest.mark.parametrize(
    ("method", "path", "operation", "body"),
    [
        ("POST", MESSAGES, "publish", {}),
        ("GET", MESSAGES, "history", None),
        ("GET", f"{MESSAGES}/x", "history", None),
        ("GET", f"{MESSAGES}/x/versions", "history", None),
        ("GET", "/channels/orders/history", "history", None),
        ("GET", "/channels/orders/presence/history", "history", None),
        ("GET", "/channels/orders/presence", "subscribe", None),
        ("POST", f"{MESSAGES}/x/annotations", "annotation-publish", {"type": "r"}),
        ("GET", f"{MESSAGES}/x/annotations", "annotation-subscribe", None),
        ("GET", f"{MESSAGES}/x/client-summary", "subscribe", None),
        ("GET", "/channels/orders", "channel-metadata", None),
        ("GET", "/channels", "channel-metadata", None),
        ("GET", "/stats", "stats", None),
        ("POST", "/push/publish", "push-admin", {}),
        ("POST", "/push/batch/publish", "push-admin", []),
        ("GET", DEVICES, "push-admin", None),
        ("POST", DEVICES, "push-subscribe", DEVICE),
        ("GET", f"{DEVICES}/d", "push-admin", None),
        ("PUT", f"{DEVICES}/d", "push-admin", DEVICE),
        ("PATCH", f"{DEVICES}/d", "push-subscribe", {}),
        ("DELETE", f"{DEVICES}/d", "push-admin", None),
        ("DELETE", f"{DEVICES}?clientId=a", "push-admin", None),
        ("GET", SUBSCRIPTIONS, "push-admin", None),
        ("POST", SUBSCRIPTIONS, "push-admin", {"channel": "a", "clientId": "b"}),
        ("DELETE", f"{SUBSCRIPTIONS}?channel=a", "push-admin", None),
        ("GET", "/push/channels", "push-admin", None),
    ],
)
async def test_what_the_capability_does_not_permit(
    api: Api, accept: str, method: str, path: str, operation: str, body: object
) -> None:
    key = '{"*":["object-subscribe"]}'
    headers = await api.bearer(capability=key)
    arguments = body_in(accept, body) if body is not None else {"headers": {}}
    arguments["headers"] |= headers
    *found, message = refusal_of(await send(api, method, path, accept, **arguments))
    assert tuple(found) == (401, 40160)
    assert f"does not permit {operation}" in message


async def test_a_change_needs_a_capability_of_its_own(api: Api) -> None:
    path = "/channels/mutable:a/messages"
    headers = await api.bearer(capability='{"mutable:a":["publish"]}')
    serial = (await api.http.post(path, json={}, headers=headers)).json()["serials"][0]
    for action, operation in ((1, "message-update-own"), (2, "message-delete-own")):
        response = await api.http.patch(
            f"{path}/{serial}", json={"action": action}, headers=headers
        )
        *found, message = refusal_of(response)
        assert tuple(found) == (401, 40160)
        assert f"does not permit {operation}" in message


async def test_to_enumerate_channels_takes_the_capability_for_all(api: Api) -> None:
    headers = await api.bearer(capability='{"a":["*"]}')
    *found, message = refusal_of(await api.http.get("/channels", headers=headers))
    assert tuple(found) == (401, 40160)
    assert "channel-metadata on channel *" in message
