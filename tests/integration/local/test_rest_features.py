"""What the REST API can do beside the everyday, as its reference documents it."""

from __future__ import annotations

import base64
from typing import Any

import msgpack
import pytest

from tests.integration.local.raw import MESSAGE, Api

MESSAGES = "/channels/orders/messages"
MUTABLE = "/channels/mutable:orders/messages"
DEVICE = {
    "platform": "ios",
    "formFactor": "phone",
    "push": {"recipient": {"transportType": "ablyChannel", "channel": "told"}},
}


@pytest.mark.parametrize(
    ("kind", "body", "data", "encoding"),
    [
        ("text/plain", "plain ü".encode(), "plain ü", None),
        ("application/json", b'{"some": "json"}', '{"some": "json"}', "json"),
        ("application/octet-stream", b"\x00\xff", "AP8=", "base64"),
    ],
)
async def test_a_body_is_published_without_an_envelope(
    api: Api, kind: str, body: bytes, data: str, encoding: str | None
) -> None:
    headers = await api.bearer(clientId="alice")
    for fields in (
        {"params": {"name": "hook", "messageId": "one", "clientId": "alice"}},
        {"headers": {"X-Ably-Name": "hook", "X-Ably-MessageId": "two"}},
    ):
        response = await api.http.post(
            MESSAGES,
            content=body,
            headers={**headers, "Content-Type": kind, **fields.get("headers", {})},
            params={"enveloped": "false", **fields.get("params", {})},
        )
        assert response.status_code == 201, response.text
    two, one = (await api.http.get(MESSAGES, headers=headers)).json()
    for message, message_id in ((one, "one"), (two, "two")):
        assert (message["id"], message["name"], message["clientId"]) == (
            message_id,
            "hook",
            "alice",
        )
        assert (message["data"], message.get("encoding")) == (data, encoding)


async def test_a_body_without_an_envelope_may_be_refused(api: Api) -> None:
    headers = await api.bearer()
    for kind, body, code in (
        ("application/json", b"{", 40001),
        ("text/plain", b"\xff", 40001),
        ("application/x-msgpack", b"\xc0", 40004),
    ):
        response = await api.http.post(
            f"{MESSAGES}?enveloped=false", content=body, headers=headers | {"Content-Type": kind}
        )
        assert response.json()["error"]["code"] == code


async def test_a_form_is_published(api: Api) -> None:
    headers = await api.bearer()
    response = await api.http.post(MESSAGES, data={"name": "a", "data": "b c"}, headers=headers)
    assert response.status_code == 201
    (message,) = (await api.http.get(MESSAGES, headers=headers)).json()
    assert (message["name"], message["data"]) == ("a", "b c")


async def test_channels_are_enumerated_as_the_version_has_it(api: Api) -> None:
    headers = await api.bearer()
    async with api.socket() as socket:
        for name in ("a", "b:c", "b:d"):
            await socket.attach(name)
        for asked, by_name in (
            ({}, True),
            ({"X-Ably-Version": "6"}, True),
            ({"X-Ably-Version": "3"}, True),
            ({"X-Ably-Version": "2"}, False),
            ({"X-Ably-Version": "1.2"}, False),
        ):
            items = (await api.http.get("/channels", headers=headers | asked)).json()
            assert [one if by_name else one["channelId"] for one in items] == ["a", "b:c", "b:d"]
        for query, expected in (
            ("v=2&by=id", ["a", "b:c", "b:d"]),
            ("prefix=b:", ["b:c", "b:d"]),
            ("prefix=x", []),
            ("limit=2", ["a", "b:c"]),
        ):
            response = await api.http.get(f"/channels?{query}", headers=headers)
            assert response.json() == expected
        first = await api.http.get("/channels?limit=2", headers=headers)
        (following,) = [link for link in first.headers.get_list("link") if 'rel="next"' in link]
        target = str(first.url.join(following.partition(">")[0].strip("<")))
        assert (await api.http.get(target, headers=headers)).json() == ["b:d"]
        details = (await api.http.get("/channels?by=value&prefix=a", headers=headers)).json()
        assert details[0]["status"]["occupancy"]["metrics"]["connections"] == 1


async def test_the_accepted_format_comes_before_the_parameter(api: Api) -> None:
    for accept, parameter, expected in (
        ("application/json", "msgpack", "application/json"),
        ("application/x-msgpack", "json", "application/x-msgpack"),
        ("*/*", "msgpack", "application/x-msgpack"),
        ("text/html", "json", "application/json"),
    ):
        response = await api.http.get(f"/time?format={parameter}", headers={"Accept": accept})
        assert response.headers["content-type"] == expected


async def test_a_client_reads_its_part_of_a_summary(api: Api) -> None:
    admin = await api.bearer(clientId="*")
    serial = (await api.http.post(MUTABLE, json={}, headers=admin)).json()["serials"][0]
    path = f"{MUTABLE}/{serial}"
    for client, kind, name in (
        ("alice", "r:distinct.v1", "up"),
        ("bob", "r:distinct.v1", "up"),
        ("bob", "r:distinct.v1", "clientIds"),
        ("alice", "r:flag.v1", None),
        ("alice", "r:multiple.v1", "up"),
        ("bob", "r:unique.v1", "down"),
        ("alice", "r:total.v1", None),
    ):
        annotation: dict[str, Any] = {"type": kind, "name": name, "clientId": client}
        published = await api.http.post(f"{path}/annotations", json=[annotation], headers=admin)
        assert published.status_code == 201
    alice = await api.bearer(clientId="alice")
    summary = (await api.http.get(f"{path}/client-summary", headers=alice)).json()
    one = {"total": 1, "clientIds": ["alice"], "clipped": True}
    assert summary["r:distinct.v1"] == {"up": one | {"total": 2}}
    assert summary["r:flag.v1"] == one
    assert summary["r:multiple.v1"]["up"]["clientIds"] == {"alice": 1}
    assert set(summary) == {"r:distinct.v1", "r:flag.v1", "r:multiple.v1"}
    asked = await api.http.get(f"{path}/client-summary?forClientId=bob", headers=alice)
    assert set(asked.json()) == {"r:distinct.v1", "r:unique.v1"}
    for query in ("", "?forClientId=*"):
        response = await api.http.get(f"{path}/client-summary{query}", headers=admin)
        assert response.json()["error"]["code"] == 40012


async def test_the_channels_of_a_batch_are_separated_at_will(api: Api) -> None:
    response = await api.http.get(
        "/presence", params={"channels": "a,b|c", "separator": "|"}, headers=await api.bearer()
    )
    assert [result["channel"] for result in response.json()["results"]] == ["a,b", "c"]


async def test_notifications_are_taken_in_batches(api: Api) -> None:
    headers = await api.bearer()
    await api.http.put("/push/deviceRegistrations/d", json=DEVICE, headers=headers)
    async with api.socket() as socket:
        await socket.attach("told")
        payload = {"data": {"a": "b"}}
        batch = [
            {"recipient": [{"deviceId": "d"}, {}], "payload": payload},
            {"recipient": {"clientId": "nobody"}, "payload": payload},
        ]
        response = await api.http.post(
            "/push/batch/publish",
            content=msgpack.packb(batch),
            headers=headers | {"Content-Type": "application/x-msgpack"},
        )
        assert response.status_code == 201
        body = response.json()
        assert (body["successCount"], body["failureCount"]) == (2, 1)
        assert [result.get("error", {}).get("code") for result in body["results"]] == [
            None,
            40000,
            None,
        ]
        (message,) = (await socket.expect(MESSAGE))["messages"]
        assert message["data"] == '{"data":{"a":"b"}}'


async def test_subscriptions_of_a_device_or_its_client_are_found_together(api: Api) -> None:
    headers = await api.bearer()
    path = "/push/channelSubscriptions"
    await api.http.put("/push/deviceRegistrations/d", json=DEVICE, headers=headers)
    for subscriber in ({"deviceId": "d"}, {"clientId": "alice"}, {"clientId": "bob"}):
        subscription = {"channel": "pushenabled:a", **subscriber}
        await api.http.post(path, json=subscription, headers=headers)
    both = {"deviceId": "d", "clientId": "alice", "concatFilters": "true"}
    found = (await api.http.get(path, params=both, headers=headers)).json()
    assert [one.get("deviceId") or one["clientId"] for one in found] == ["alice", "d"]


async def test_requests_are_counted_by_their_outcome(api: Api) -> None:
    headers = await api.bearer()
    await api.http.get(MESSAGES, headers=headers)
    await api.http.get(f"{MESSAGES}?limit=0", headers=headers)
    name = api.server.key.partition(":")[0]
    await api.http.post(f"/keys/{name}/requestToken", json={})
    (item,) = (await api.http.get("/stats?unit=month", headers=headers)).json()
    entries = {name: n for name, n in item["entries"].items() if name.startswith("apiRequests")}
    assert entries == {
        "apiRequests.all.succeeded": 2,
        "apiRequests.all.refused": 2,
        "apiRequests.other.succeeded": 1,
        "apiRequests.other.refused": 1,
        "apiRequests.tokenRequests.succeeded": 1,
        "apiRequests.tokenRequests.refused": 1,
    }


async def test_a_browser_can_read_why_it_is_refused(api: Api) -> None:
    for path, status in ((MESSAGES, 401), ("/nothing", 404)):
        response = await api.http.get(path, headers={"Origin": "https://example.org"})
        assert response.status_code == status
        assert response.headers["Access-Control-Allow-Origin"] == "https://example.org"
        exposed = response.headers["Access-Control-Expose-Headers"]
        assert {"Link", "X-Ably-ErrorCode", "X-Ably-ErrorMessage"} <= set(exposed.split(", "))


async def test_identity_in_the_header_is_that_of_the_message(api: Api) -> None:
    declared = {"X-Ably-ClientId": base64.b64encode("ü".encode()).decode()}
    headers = await api.bearer(clientId="*")
    await api.http.post(MESSAGES, json={}, headers=headers | declared)
    (message,) = (await api.http.get(MESSAGES, headers=headers)).json()
    assert message["clientId"] == "ü"
