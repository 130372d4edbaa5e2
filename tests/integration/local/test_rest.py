from __future__ import annotations

from urllib.parse import quote

import httpx
import msgpack
import pytest

from ably_local import LocalAbly
from tests.integration.local.raw import MESSAGE, Api, error_of

MSGPACK = {"Content-Type": "application/x-msgpack", "Accept": "application/x-msgpack"}


async def test_time_is_that_of_the_clock(api: Api) -> None:
    api.server.clock.advance(3_600_000)
    (now,) = (await api.http.get("/time")).json()
    assert abs(now - api.server.clock.now()) < 5_000


async def test_the_answer_is_in_the_format_that_is_accepted(api: Api) -> None:
    response = await api.http.get("/time", headers={"Accept": "application/x-msgpack"})
    assert response.headers["content-type"] == "application/x-msgpack"
    assert isinstance(msgpack.unpackb(response.content)[0], int)


async def test_a_message_is_published_to_subscribers(api: Api) -> None:
    async with api.socket() as socket:
        await socket.attach("orders")
        response = await api.http.post(
            "/channels/orders/messages",
            json={"name": "created", "data": "1"},
            headers=await api.bearer(clientId="alice"),
        )
        assert response.status_code == 201
        (serial,) = response.json()["serials"]
        (message,) = (await socket.expect(MESSAGE))["messages"]
        assert message["serial"] == serial
        assert (message["name"], message["data"], message["clientId"]) == ("created", "1", "alice")
        assert "connectionId" not in message


async def test_messages_are_published_in_msgpack(api: Api) -> None:
    headers = await api.bearer()
    body = msgpack.packb([{"data": b"\x00"}, {"data": "text"}])
    response = await api.http.post(
        "/channels/orders/messages", content=body, headers=headers | MSGPACK
    )
    assert len(msgpack.unpackb(response.content)["serials"]) == 2
    items = (await api.http.get("/channels/orders/messages", headers=headers)).json()
    assert [item["data"] for item in items] == ["text", "AA=="]
    assert items[1]["encoding"] == "base64"


async def test_history_is_paged_in_both_directions(api: Api) -> None:
    headers = await api.bearer()
    for number in range(5):
        await api.http.post(
            "/channels/orders/messages", json={"name": str(number)}, headers=headers
        )
    for direction, expected in (("backwards", "43210"), ("forwards", "01234")):
        path = f"/channels/orders/messages?limit=2&direction={direction}"
        pages = []
        while path:
            response = await api.http.get(path, headers=headers)
            pages.append("".join(item["name"] for item in response.json()))
            links = _links(response)
            assert {"first", "current"} <= set(links)
            path = links.get("next", "")
        assert pages == [expected[:2], expected[2:4], expected[4:]]


async def test_history_is_limited_in_time(api: Api) -> None:
    headers = await api.bearer()
    moments = []
    for number in range(3):
        api.server.clock.advance(1_000)
        moments.append(api.server.clock.now())
        await api.http.post(
            "/channels/orders/messages", json={"name": str(number)}, headers=headers
        )
        api.server.clock.advance(1_000)
    response = await api.http.get(
        f"/channels/orders/messages?start={moments[1]}&end={moments[2] - 1}", headers=headers
    )
    assert [item["name"] for item in response.json()] == ["1"]


async def test_history_until_the_attach(api: Api) -> None:
    headers = await api.bearer()
    async with api.socket() as socket:
        await socket.publish("orders", {"name": "before"}, {"name": "also before"})
        serial = (await socket.attach("orders"))["channelSerial"]
        await socket.request(MESSAGE, channel="orders", messages=[{"name": "after"}])
        for parameter in ("fromSerial", "from_serial"):
            response = await api.http.get(
                "/channels/orders/messages",
                params={parameter: serial, "limit": "1"},
                headers=headers,
            )
            assert [item["name"] for item in response.json()] == ["also before"]
            response = await api.http.get(_links(response)["next"], headers=headers)
            assert [item["name"] for item in response.json()] == ["before"]


async def test_history_lasts_two_minutes_unless_persisted(api: Api) -> None:
    headers = await api.bearer(ttl=86_400_000)
    for channel in ("orders", "persisted:orders"):
        await api.http.post(
            f"/channels/{quote(channel)}/messages", json={"name": "old"}, headers=headers
        )
    api.server.clock.advance(300_000)
    gone = await api.http.get("/channels/orders/messages", headers=headers)
    kept = await api.http.get("/channels/persisted%3Aorders/messages", headers=headers)
    assert gone.json() == []
    assert [item["name"] for item in kept.json()] == ["old"]


async def test_a_repeated_id_is_published_once(api: Api) -> None:
    headers = await api.bearer()
    first = await api.http.post(
        "/channels/orders/messages", json={"id": "unique", "name": "one"}, headers=headers
    )
    again = await api.http.post(
        "/channels/orders/messages", json={"id": "unique", "name": "one"}, headers=headers
    )
    assert again.json()["serials"] == first.json()["serials"]
    assert len((await api.http.get("/channels/orders/messages", headers=headers)).json()) == 1


async def test_a_message_is_published_on_behalf_of_a_connection(api: Api) -> None:
    async with api.socket() as socket:
        details = socket.connected["connectionDetails"]
        await socket.attach("orders")
        body = {"name": "proxied", "connectionKey": details["connectionKey"]}
        headers = await api.bearer()
        await api.http.post("/channels/orders/messages", json=body, headers=headers)
        (message,) = (await socket.expect(MESSAGE))["messages"]
        assert message["connectionId"] == socket.connected["connectionId"]
        assert "connectionKey" not in message
        response = await api.http.post(
            "/channels/orders/messages", json={"connectionKey": "wrong"}, headers=headers
        )
        assert error_of(response) == (400, 40006)


@pytest.mark.parametrize("channel", ["a/b", "a b", "ünïcode", "a:b", "100%", "?x=1", "a/messages"])
async def test_any_name_reaches_its_channel(api: Api, channel: str) -> None:
    headers = await api.bearer()
    path = f"/channels/{quote(channel, safe='')}/messages"
    async with api.socket() as socket:
        await socket.attach(channel)
        response = await api.http.post(path, json={"name": "here"}, headers=headers)
        assert response.json()["channel"] == channel
        assert (await socket.expect(MESSAGE))["channel"] == channel


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (400, 40001)),
        (b"{", (400, 40001)),
        (b"5", (400, 40001)),
        (b"[]", (400, 40001)),
        (b'{"data": NaN}', (400, 40001)),
        (b'{"data": 1e999}', (400, 40001)),
        (b"\xff", (400, 40001)),
        (b"[" * 100_000, (400, 40001)),
        (b'{"data":"' + b"x" * 65_537 + b'"}', (413, 40009)),
        (b'{"data":"' + b"x" * 3_000_000 + b'"}', (413, 40009)),
        (b'[{"id":"a"},{"id":"b"}]', (400, 40031)),
        (b"[" + b",".join([b"{}"] * 1_001) + b"]", (400, 40034)),
        (b'{"clientId":"mallory"}', (400, 40012)),
    ],
)
async def test_a_bad_body_is_refused(api: Api, body: bytes, expected: tuple[int, int]) -> None:
    headers = await api.bearer(clientId="alice")
    response = await api.http.post("/channels/orders/messages", content=body, headers=headers)
    assert error_of(response) == expected


@pytest.mark.parametrize(
    "body",
    [b"\x81", b"\xc1", b"\xd4\x05\x00", b"\x91" * 5_000, b"\x81\xa4data\xca\x7f\x80\x00\x00"],
)
async def test_a_bad_msgpack_body_is_refused(api: Api, body: bytes) -> None:
    headers = {"Content-Type": "application/x-msgpack"} | await api.bearer()
    response = await api.http.post("/channels/orders/messages", content=body, headers=headers)
    assert response.status_code == 400
    assert response.json()["error"]["code"] in (40001, 40013)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "direction=up", "start=2&end=1", "start=x"]
)
async def test_a_bad_query_is_refused(api: Api, query: str) -> None:
    response = await api.http.get(f"/channels/orders/messages?{query}", headers=await api.bearer())
    assert error_of(response) == (400, 40003)


async def test_a_publish_is_rejected_on_request(api: Api) -> None:
    response = await api.http.post(
        "/channels/orders/messages?_forceNack=true", json={}, headers=await api.bearer()
    )
    assert error_of(response) == (400, 40099)


async def test_nothing_is_permitted_beyond_the_capability(api: Api) -> None:
    headers = await api.bearer(capability='{"orders":["publish"]}')
    publish = await api.http.post("/channels/other/messages", json={}, headers=headers)
    assert error_of(publish) == (401, 40160)
    history = await api.http.get("/channels/orders/messages", headers=headers)
    assert error_of(history) == (401, 40160)


async def test_unknown_paths_and_methods_are_refused(api: Api) -> None:
    assert error_of(await api.http.get("/nothing")) == (404, 40400)
    assert error_of(await api.http.get("/channels/../etc/passwd")) == (404, 40400)
    assert error_of(await api.http.delete("/time")) == (405, 40500)
    assert error_of(
        await api.http.get("/channels/%3Ahell/messages", headers=await api.bearer())
    ) == (
        400,
        40010,
    )


async def test_a_browser_may_use_it_from_any_origin(api: Api) -> None:
    response = await api.http.options(
        "/channels/orders/messages",
        headers={
            "Origin": "https://example.org",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,x-ably-version",
        },
    )
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "https://example.org"
    assert response.headers["access-control-allow-credentials"] == "true"
    response = await api.http.get("/time", headers={"Origin": "https://example.org"})
    assert "X-Ably-ErrorCode" in response.headers["access-control-expose-headers"]


async def test_a_sandbox_app_is_made_and_deleted(api: Api) -> None:
    specification = {
        "keys": [{}, {"capability": '{"a:*":["publish"]}', "revocableTokens": True}],
        "namespaces": [{"id": "kept", "persisted": True}],
        "limits": {"presence": {"maxMembers": 7}},
    }
    response = await api.http.post("/apps", json=specification)
    assert response.status_code == 201
    app = response.json()
    assert app["appId"]
    first, second = app["keys"]
    assert first["keyStr"] == f"{app['appId']}.{first['id']}:{first['value']}"
    assert first["capability"] == '{"*":["*"]}'
    assert (second["capability"], second["revocableTokens"]) == ('{"a:*":["publish"]}', True)
    assert app["namespaces"][0]["id"] == "kept"
    assert (app["endpoint"], app["port"], app["tls"]) == ("localhost", api.server.port, False)
    token = await api.token(first["keyStr"])
    wrong = await api.http.delete(f"/apps/{app['appId']}", headers=api.basic())
    assert error_of(wrong) == (401, 40100)
    async with api.dial(accessToken=token) as socket:
        await socket.receive()
        response = await api.http.delete(
            f"/apps/{app['appId']}", headers=api.basic(first["keyStr"])
        )
        assert response.status_code == 204
        assert (await socket.receive())["error"]["code"] == 40400
        await socket.closed()


@pytest.mark.parametrize(
    "specification",
    [
        [],
        {"keys": {}},
        {"keys": [5]},
        {"keys": [{"capability": "{"}]},
        {"keys": [{"capability": {"a": ["fly"]}}]},
        {"namespaces": [{}]},
        {"limits": {"presence": {"maxMembers": "many"}}},
        {"channels": [{"name": "", "presence": []}]},
        {"channels": [{"name": "a", "presence": [{"action": 9}]}]},
    ],
)
async def test_a_bad_app_specification_is_refused(api: Api, specification: object) -> None:
    response = await api.http.post("/apps", json=specification)
    assert response.status_code == 400


async def test_apps_do_not_see_each_other(api: Api) -> None:
    key = (await api.http.post("/apps", json={})).json()["keys"][0]["keyStr"]
    async with api.socket() as socket, api.socket(token={"key": key}) as stranger:
        await socket.attach("orders")
        await stranger.publish("orders", {"name": "elsewhere"})
        await socket.silent()


async def test_two_servers_run_side_by_side() -> None:
    async with LocalAbly() as one, LocalAbly(key="app.key:secret") as two:
        assert one.port != two.port
        assert two.key == "app.key:secret"
        async with httpx.AsyncClient() as http:
            for server in (one, two):
                assert (await http.get(f"{server.url}/health")).json() == {"status": "ok"}


def _links(response: httpx.Response) -> dict[str, str]:
    """Return the links of a page by relation, resolved against the request."""
    links = {}
    for value in response.headers.get_list("link"):
        target, _, relation = value.partition("; rel=")
        links[relation.strip('"')] = str(response.url.join(target.strip("<>")))
    return links
