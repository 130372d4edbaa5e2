from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator

import httpx
import pytest

from ably_local import LocalAbly
from tests.integration.local.raw import (
    AUTH,
    CONNECTED,
    DISCONNECTED,
    ERROR,
    MESSAGE,
    PUBLISH_MODE,
    Api,
    error_of,
)

PHONE = {
    "id": "phone",
    "platform": "ios",
    "formFactor": "phone",
    "deviceSecret": "hush",
    "clientId": "alice",
    "push": {"recipient": {"transportType": "apns", "deviceToken": "abc"}},
}


@pytest.fixture
async def secure() -> AsyncIterator[Api]:
    async with LocalAbly(tls=True) as server:
        context = ssl.create_default_context(cafile=server.ca_file)
        async with httpx.AsyncClient(base_url=server.url, verify=context) as http:
            yield Api(server, http)


async def revocable_key(api: Api) -> str:
    body = {"keys": [{"revocableTokens": True}]}
    key: str = (await api.http.post("/apps", json=body)).json()["keys"][0]["keyStr"]
    return key


async def test_revoked_tokens_disconnect_and_are_refused(secure: Api) -> None:
    key = await revocable_key(secure)
    token = await secure.token(key, clientId="bob")
    secure.server.clock.advance(1)
    async with secure.dial(accessToken=token) as socket:
        await socket.expect(CONNECTED)
        response = await secure.http.post(
            f"/keys/{key.partition(':')[0]}/revokeTokens",
            json={"targets": ["clientId:bob", "planet:mars", "channel:"]},
            headers=secure.basic(key),
        )
        assert response.status_code == 201
        body = response.json()
        assert (body["successCount"], body["failureCount"]) == (1, 2)
        done, *failed = body["results"]
        assert done["target"] == "clientId:bob"
        assert done["appliesAt"] == done["issuedBefore"]
        assert [result["error"]["code"] for result in failed] == [40000, 40000]
        assert (await socket.expect(DISCONNECTED))["error"]["code"] == 40141
        await socket.closed()
    async with secure.dial(accessToken=token) as socket:
        assert (await socket.expect(ERROR))["error"]["code"] == 40141
    secure.server.clock.advance(1)
    newer = await secure.token(key, clientId="bob")
    async with secure.dial(accessToken=newer) as socket:
        await socket.expect(CONNECTED)


async def test_clients_are_given_time_to_renew(secure: Api) -> None:
    key = await revocable_key(secure)
    token = await secure.token(key, clientId="bob")
    secure.server.clock.advance(1)
    async with secure.dial(accessToken=token) as socket:
        await socket.expect(CONNECTED)
        response = await secure.http.post(
            f"/keys/{key.partition(':')[0]}/revokeTokens",
            json={"targets": ["clientId:bob"], "allowReauthMargin": True},
            headers=secure.basic(key),
        )
        assert response.json()["results"][0]["appliesAt"] >= secure.server.clock.now() + 30_000
        await socket.expect(AUTH)
        secure.server.clock.advance(32_000)
        assert (await socket.expect(DISCONNECTED))["error"]["code"] == 40141


async def test_tokens_are_revoked_only_with_the_key_that_may(secure: Api) -> None:
    key = await revocable_key(secure)
    name = key.partition(":")[0]
    own = secure.server.key.partition(":")[0]
    body = {"targets": ["clientId:bob"]}
    for path_key, headers, payload, expected in (
        (name, await secure.bearer(key), body, (401, 40162)),
        (own, secure.basic(), body, (401, 40163)),
        (name, secure.basic(), body, (401, 40133)),
        (name, secure.basic(key), {}, (400, 40001)),
        (name, secure.basic(key), {"targets": []}, (400, 40001)),
        (name, secure.basic(key), {**body, "issuedBefore": 2**50}, (400, 40003)),
    ):
        response = await secure.http.post(
            f"/keys/{path_key}/revokeTokens", json=payload, headers=headers
        )
        assert error_of(response) == expected


async def test_messages_are_published_to_many_channels(api: Api) -> None:
    headers = await api.bearer(capability='{"a":["*"],"b":["subscribe"]}')
    async with api.socket() as socket:
        await socket.attach("a")
        specification = {"channels": ["a", "b", ":hell"], "messages": [{"name": "x"}]}
        response = await api.http.post("/messages", json=[specification], headers=headers)
        assert response.status_code == 201
        (result,) = response.json()
        assert (result["successCount"], result["failureCount"]) == (1, 2)
        done, denied, invalid = result["results"]
        assert (done["channel"], len(done["serials"])) == ("a", 1)
        assert done["messageId"]
        assert (denied["channel"], denied["error"]["code"]) == ("b", 40160)
        assert invalid["error"]["code"] == 40010
        assert (await socket.expect(MESSAGE))["messages"][0]["name"] == "x"
        response = await api.http.post(
            "/messages", json={"channels": "a", "messages": {"name": "y"}}, headers=headers
        )
        assert response.json()["successCount"] == 1
        response = await api.http.post(
            "/messages", json=specification, headers={**headers, "X-Ably-Version": "2"}
        )
        assert [result["channel"] for result in response.json()] == ["a", "b", ":hell"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"channels": 5, "messages": []}, (400, 40001)),
        ({"channels": [5], "messages": []}, (400, 40001)),
        ({"channels": [], "messages": []}, (400, 90010)),
        ({"channels": ["c"] * 101, "messages": []}, (400, 90010)),
        ({"channels": ["c"]}, (400, 40001)),
        ("text", (400, 40001)),
    ],
)
async def test_a_bad_batch_is_refused(api: Api, body: object, expected: tuple[int, int]) -> None:
    response = await api.http.post("/messages", json=body, headers=await api.bearer())
    assert error_of(response) == expected


async def test_the_members_of_many_channels_are_read(api: Api) -> None:
    headers = await api.bearer(capability='{"a":["presence"],"b":["publish"]}')
    async with api.socket(token={"clientId": "alice"}) as socket:
        await socket.attach("a")
        await socket.request(14, channel="a", presence=[{"action": 2}])
        await socket.expect(14)
        response = await api.http.get("/presence?channels=a,b", headers=headers)
        body = response.json()
        assert (body["successCount"], body["failureCount"]) == (1, 1)
        present, denied = body["results"]
        assert [member["clientId"] for member in present["presence"]] == ["alice"]
        assert denied["error"]["code"] == 40160
        assert error_of(await api.http.get("/presence", headers=headers)) == (400, 90010)


async def test_devices_are_registered_listed_and_removed(api: Api) -> None:
    headers = await api.bearer()
    path = "/push/deviceRegistrations"
    saved = await api.http.put(f"{path}/phone", json=PHONE, headers=headers)
    assert saved.json()["push"]["state"] == "ACTIVE"
    other = PHONE | {"id": "tablet", "clientId": "bob"}
    activated = (await api.http.post(path, json=other, headers=headers)).json()
    assert activated["deviceIdentityToken"]["token"]
    changed = {"push": {"recipient": {"transportType": "fcm"}}}
    await api.http.patch(f"{path}/tablet", json=changed, headers=headers)
    tablet = (await api.http.get(f"{path}/tablet", headers=headers)).json()
    assert tablet["push"]["recipient"] == {"transportType": "fcm"}
    listed = (await api.http.get(path, headers=headers)).json()
    assert [device["id"] for device in listed] == ["phone", "tablet"]
    assert "deviceSecret" not in listed[0]
    by_client = await api.http.get(path, params={"clientId": "bob"}, headers=headers)
    assert [device["id"] for device in by_client.json()] == ["tablet"]
    page = await api.http.get(path, params={"limit": "1"}, headers=headers)
    assert any('rel="next"' in link for link in page.headers.get_list("link"))
    assert (await api.http.delete(f"{path}/phone", headers=headers)).status_code == 204
    assert error_of(await api.http.get(f"{path}/phone", headers=headers)) == (404, 40400)
    assert error_of(await api.http.delete(path, headers=headers)) == (400, 40000)
    gone = await api.http.delete(path, params={"clientId": "bob"}, headers=headers)
    assert gone.status_code == 204
    assert (await api.http.get(path, headers=headers)).json() == []


@pytest.mark.parametrize(
    "change",
    [
        {"id": "other"},
        {"platform": "toaster"},
        {"formFactor": None},
        {"push": None},
        {"push": {"recipient": {}}},
    ],
)
async def test_a_bad_device_is_refused(api: Api, change: dict[str, object]) -> None:
    response = await api.http.put(
        "/push/deviceRegistrations/phone", json=PHONE | change, headers=await api.bearer()
    )
    assert response.status_code == 400


async def test_channels_are_subscribed_to_for_push(api: Api) -> None:
    headers = await api.bearer()
    path = "/push/channelSubscriptions"
    await api.http.put("/push/deviceRegistrations/phone", json=PHONE, headers=headers)
    for subscription in (
        {"channel": "pushenabled:a", "deviceId": "phone"},
        {"channel": "pushenabled:a", "clientId": "alice"},
        {"channel": "pushenabled:b", "clientId": "alice"},
    ):
        response = await api.http.post(path, json=subscription, headers=headers)
        assert (response.status_code, response.json()) == (201, subscription)
    found = await api.http.get(path, params={"channel": "pushenabled:a"}, headers=headers)
    assert len(found.json()) == 2
    channels = await api.http.get("/push/channels", headers=headers)
    assert channels.json() == ["pushenabled:a", "pushenabled:b"]
    await api.http.delete(path, params={"clientId": "alice"}, headers=headers)
    assert (await api.http.get("/push/channels", headers=headers)).json() == ["pushenabled:a"]
    listed = await api.http.get(path, params={"limit": "5000"}, headers=headers)
    assert len(listed.json()) == 1
    for bad in ({}, {"channel": "a"}, {"channel": "a", "deviceId": "b", "clientId": "c"}):
        assert error_of(await api.http.post(path, json=bad, headers=headers)) == (400, 40000)
    unknown = {"channel": "pushenabled:a", "deviceId": "unknown"}
    assert error_of(await api.http.post(path, json=unknown, headers=headers)) == (404, 40400)
    elsewhere = {"channel": "orders", "clientId": "alice"}
    assert error_of(await api.http.post(path, json=elsewhere, headers=headers)) == (401, 40100)


async def test_notifications_are_taken(api: Api) -> None:
    headers = await api.bearer()
    body = {"recipient": {"clientId": "alice"}, "notification": {"title": "Hello"}}
    assert (await api.http.post("/push/publish", json=body, headers=headers)).status_code == 204
    invalid: list[object] = [
        {},
        [],
        {"recipient": {}},
        {"recipient": {"clientId": "alice"}},
        body | {"unknown": 5},
    ]
    for bad in invalid:
        response = await api.http.post("/push/publish", json=bad, headers=headers)
        assert error_of(response) == (400, 40000)
    denied = await api.bearer(capability='{"*":["publish"]}')
    response = await api.http.post("/push/publish", json=body, headers=denied)
    assert error_of(response) == (401, 40160)
    async with api.socket() as socket:
        await socket.attach("pushenabled:a")
        recipient = {"transportType": "ablyChannel", "channel": "pushenabled:a"}
        body = {"recipient": recipient, "data": {"foo": "bar"}}
        await api.http.post("/push/publish", json=body, headers=headers)
        (message,) = (await socket.expect(MESSAGE))["messages"]
        assert (message["name"], message["data"]) == ("__ably_push__", '{"data":{"foo":"bar"}}')


async def test_traffic_is_counted(api: Api) -> None:
    headers = await api.bearer()
    async with api.socket() as socket:
        await socket.attach("orders")
        await api.http.post(
            "/channels/orders/messages", json=[{"data": "ab"}, {"data": "c"}], headers=headers
        )
        await socket.expect(MESSAGE)
        (item,) = (await api.http.get("/stats", params={"unit": "hour"}, headers=headers)).json()
    entries = item["entries"]
    assert entries["messages.inbound.rest.messages.count"] == 2
    assert entries["messages.inbound.all.all.data"] == 3
    assert entries["messages.outbound.realtime.messages.count"] == 2
    assert entries["messages.all.all.count"] == 4
    assert entries["connections.all.opened"] == 1
    assert entries["channels.peak"] == 1
    assert entries["apiRequests.tokenRequests.succeeded"] == 2
    assert (item["unit"], item["appId"]) == ("hour", api.server.key.partition(".")[0])
    assert item["inProgress"].startswith(item["intervalId"])


async def test_statistics_are_made_up_and_read_by_unit(api: Api) -> None:
    headers = await api.bearer()
    fixtures = [
        {"intervalId": f"2025-02-03:15:0{n}", "inbound": {"realtime": {"messages": {"count": n}}}}
        for n in range(1, 4)
    ]
    fixtures[0]["channels"] = {"peak": 7}
    assert (await api.http.post("/stats", json=fixtures, headers=headers)).status_code == 201

    async def read(**params: str) -> list[tuple[str, int]]:
        window = {"end": "2025-12-31:00:00", **params}
        response = await api.http.get("/stats", params=window, headers=headers)
        return [
            (item["intervalId"], item["entries"]["messages.inbound.all.messages.count"])
            for item in response.json()
        ]

    minutes = [(f"2025-02-03:15:0{n}", n) for n in range(1, 4)]
    assert await read(direction="forwards") == minutes
    assert await read(limit="1") == minutes[-1:]
    assert await read(start="1738594920000") == [minutes[2], minutes[1]]
    assert await read(unit="day") == [("2025-02-03", 6)]
    assert await read(by="month", start="2025-02") == [("2025-02", 6)]
    for bad in ({"unit": "week"}, {"start": "soon"}, {"end": "9" * 30}):
        response = await api.http.get("/stats", params=bad, headers=headers)
        assert error_of(response) == (400, 40003)
    response = await api.http.post("/stats", json=[{}], headers=headers)
    assert error_of(response) == (400, 40001)
    denied = await api.bearer(capability='{"*":["publish"]}')
    assert error_of(await api.http.get("/stats", headers=denied)) == (401, 40160)


@pytest.mark.parametrize("subscriber", [{"deviceId": "phone"}, {"clientId": "alice"}])
async def test_subscribed_devices_are_notified_of_what_is_published(
    api: Api, subscriber: dict[str, str]
) -> None:
    headers = await api.bearer()
    recipient = {"transportType": "ablyChannel", "channel": "the-phone"}
    device = PHONE | {"push": {"recipient": recipient}}
    await api.http.put("/push/deviceRegistrations/phone", json=device, headers=headers)
    await api.http.post(
        "/push/channelSubscriptions",
        json={"channel": "pushenabled:news", **subscriber},
        headers=headers,
    )
    push = {"notification": {"title": "News"}, "data": {"n": 1}}
    message = {"id": "once", "name": "headline", "extras": {"push": push}}
    async with api.socket() as phone, api.socket() as publisher:
        await phone.attach("the-phone")
        path = "/channels/pushenabled:news/messages"
        for _ in range(2):  # a publish that is repeated notifies nobody again
            assert (await api.http.post(path, json=message, headers=headers)).status_code == 201
        api.server.clock.advance(1_000)
        (received,) = (await phone.expect(MESSAGE))["messages"]
        assert (received["name"], json.loads(received["data"])) == ("__ably_push__", push)

        await publisher.attach("pushenabled:news", flags=PUBLISH_MODE)
        await publisher.publish("pushenabled:news", {"extras": {"push": {"data": {"n": 2}}}})
        await publisher.publish("pushenabled:news", {"extras": {"push": {"unknown": 3}}})
        await publisher.publish("pushenabled:news", {"data": "no notification"})
        await publisher.publish("elsewhere", {"extras": {"push": push}})
        api.server.clock.advance(1_000)
        (received,) = (await phone.expect(MESSAGE))["messages"]
        assert json.loads(received["data"]) == {"data": {"n": 2}}
        await phone.silent()
