"""The control API over real HTTP, its effects seen by a real client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from ably_local import LocalAbly
from ably_realtime import AblyError, AblyRealtime, Channel, Message
from tests.integration.local.raw import Api, error_of

PATIENCE = 10.0


@pytest.fixture
async def client(server: LocalAbly) -> AsyncIterator[AblyRealtime]:
    options = server.client_options()
    async with AblyRealtime(**options, client_id="alice", disconnected_retry_timeout=10) as client:
        await client.connection.once_async("connected")
        yield client


@pytest.fixture
async def orders(client: AblyRealtime) -> Channel:
    channel = client.channels.get("orders")
    await channel.attach()
    return channel


@asynccontextmanager
async def reaching(client: AblyRealtime, *states: str) -> AsyncIterator[None]:
    """Let the block do something that takes the connection through these states, in order."""
    changes: list[str] = []
    done = asyncio.Event()

    def changed(change: Any) -> None:
        changes.append(change.current)
        if changes[-1] == states[-1]:
            done.set()

    client.connection.on(changed)
    yield
    await asyncio.wait_for(done.wait(), PATIENCE)
    client.connection.off(changed)
    wanted = iter(changes)
    assert all(state in wanted for state in states), changes


async def control(api: Api, method: str, path: str, body: Any = None) -> Any:
    """Make a request that must succeed; return what it answers."""
    response = await api.http.request(method, f"/control/{path}", json=body)
    assert response.is_success, response.text
    assert response.headers["Cache-Control"] == "no-store"
    return response.json() if response.content else None


# What the server holds


async def test_apps_are_listed_without_their_secrets(api: Api) -> None:
    name, secret = api.server.key.split(":")
    response = await api.http.get("/control/apps")
    assert response.json() == [{"appId": name.partition(".")[0], "keyNames": [name]}]
    assert secret not in response.text


async def test_connections_are_listed(api: Api, client: AblyRealtime, orders: Channel) -> None:
    name = api.server.key.partition(":")[0]
    assert await control(api, "GET", "connections") == [
        {
            "id": client.connection.id,
            "appId": name.partition(".")[0],
            "clientId": "alice",
            "keyName": name,
            "state": "connected",
            "channels": ["orders"],
        }
    ]


async def test_channels_are_listed_with_members_and_latest_messages(
    api: Api, orders: Channel
) -> None:
    await orders.presence.enter("here")
    for number in range(3):
        await orders.publish("created", str(number))
    (listed,) = await control(api, "GET", "channels?messages=2")
    assert (listed["name"], listed["attached"]) == ("orders", 1)
    assert [(m["clientId"], m["data"]) for m in listed["members"]] == [("alice", "here")]
    assert [m["data"] for m in listed["messages"]] == ["1", "2"]


async def test_channels_are_narrowed(api: Api) -> None:
    app = (await api.http.post("/apps", json={})).json()["appId"]
    for name in ("a:1", "a:2", "b"):
        await control(api, "POST", f"channels/{name}/messages", {"name": "n"})
    await control(api, "POST", f"channels/a:3/messages?app={app}", {"name": "n"})
    listed = await control(api, "GET", "channels?prefix=a:")
    assert [channel["name"] for channel in listed] == ["a:1", "a:2", "a:3"]
    assert [c["name"] for c in await control(api, "GET", "channels?limit=1")] == ["a:1"]
    assert [c["name"] for c in await control(api, "GET", f"channels?app={app}")] == ["a:3"]


async def test_messages_are_published(api: Api, orders: Channel) -> None:
    received: asyncio.Queue[Message] = asyncio.Queue()
    await orders.subscribe(received.put)
    published = await control(
        api, "POST", "channels/orders/messages", {"name": "created", "data": {"id": 1}}
    )
    message = await asyncio.wait_for(received.get(), PATIENCE)
    assert (message.name, message.data) == ("created", {"id": 1})
    assert published == {"channel": "orders", "serials": [message.serial]}


async def test_frames_are_listed_by_what_is_asked_for(
    api: Api, client: AblyRealtime, orders: Channel
) -> None:
    await client.channels.get("others").attach()
    everything = await control(api, "GET", "frames")
    assert {entry["connectionId"] for entry in everything} == {client.connection.id}
    assert everything[0]["frame"]["action"] == 4

    async def seen(query: str) -> list[tuple[str, int, str | None]]:
        return [
            (entry["direction"], entry["frame"]["action"], entry["frame"].get("channel"))
            for entry in await control(api, "GET", f"frames?{query}")
        ]

    assert await seen("channel=orders") == [("received", 10, "orders"), ("sent", 11, "orders")]
    assert await seen("action=attached") == [("sent", 11, "orders"), ("sent", 11, "others")]
    assert await seen("action=11&direction=received") == []
    assert await seen("action=10&direction=received&limit=1") == [("received", 10, "others")]
    assert await seen("connection=nobody") == []
    await control(api, "DELETE", "frames")
    assert await control(api, "GET", "frames") == []


async def test_a_binary_payload_is_shown(api: Api, orders: Channel) -> None:
    await orders.publish("created", b"\x00\xff")
    (received,) = await control(api, "GET", "frames?action=message&direction=received")
    assert received["frame"]["messages"][0]["data"] == "AP8="


async def test_frames_that_json_can_not_hold_are_shown_all_the_same(api: Api) -> None:
    async with listening(api) as events, api.socket(binary=True) as socket:
        await socket.send(action=77, binary=b"\xff", number=float("nan"))
        await socket.silent()
        shown = {"action": 77, "binary": "/w==", "number": "nan"}
        (recorded,) = await control(api, "GET", "frames?action=77")
        assert recorded["frame"] == shown
        told = [(await events.next("frame"))[1]["frame"] for _ in range(2)]
        assert told[1] == shown


# What is done to connections


async def test_connections_are_dropped_and_resume(api: Api, client: AblyRealtime) -> None:
    connection_id = client.connection.id
    async with reaching(client, "disconnected", "connected"):
        answer = await control(api, "POST", "connections/drop")
        assert answer == {"connectionIds": [connection_id]}
    assert client.connection.id == connection_id


async def test_one_connection_is_dropped(api: Api, client: AblyRealtime) -> None:
    async with api.socket() as other:
        other_id = other.connected["connectionId"]
        answer = await control(api, "POST", f"connections/{other_id}/drop")
        assert answer == {"connectionIds": [other_id]}
        await other.closed()
    assert client.connection.state == "connected"


async def test_connections_are_forgotten(api: Api, client: AblyRealtime) -> None:
    connection_id = client.connection.id
    async with reaching(client, "disconnected", "connected"):
        await control(api, "POST", f"connections/{connection_id}/forget")
    assert client.connection.id != connection_id


async def test_connections_are_disconnected(api: Api, client: AblyRealtime) -> None:
    reasons: list[AblyError | None] = []
    client.connection.on("disconnected", lambda change: reasons.append(change.reason))
    async with reaching(client, "disconnected", "connected"):
        error = {"code": 80019, "message": "maintenance"}
        await control(api, "POST", "connections/disconnect", {"error": error})
    (reason,) = reasons
    assert reason is not None
    assert (reason.code, reason.status_code) == (80019, 503)
    assert "maintenance" in reason.message


async def test_a_connection_is_stalled(api: Api, client: AblyRealtime, orders: Channel) -> None:
    fault = await control(
        api, "POST", f"connections/{client.connection.id}/stall", {"writing": False}
    )
    assert (fault["type"], fault["reading"], fault["writing"]) == ("stall", True, False)
    publishing = asyncio.create_task(orders.publish("created"))
    await asyncio.sleep(0)
    await control(api, "GET", "connections")
    assert not publishing.done()
    await control(api, "DELETE", f"faults/{fault['id']}")
    await asyncio.wait_for(publishing, PATIENCE)


async def test_continuity_is_broken(api: Api, orders: Channel) -> None:
    told: asyncio.Queue[Any] = asyncio.Queue()
    orders.on("update", told.put_nowait)
    await control(api, "POST", "channels/orders/break-continuity")
    assert (await asyncio.wait_for(told.get(), PATIENCE)).resumed is False
    await control(api, "POST", "channels/break-continuity")
    assert (await asyncio.wait_for(told.get(), PATIENCE)).resumed is False


async def test_frames_are_injected(api: Api, client: AblyRealtime, orders: Channel) -> None:
    received: asyncio.Queue[Message] = asyncio.Queue()
    await orders.subscribe(received.put)
    frame = {"action": 15, "messages": [{"name": "made up"}]}
    for where in (
        {"channel": "orders"},
        {"channel": "orders", "connectionId": client.connection.id},
    ):
        await control(api, "POST", "frames", {"frame": frame, **where})
        assert (await asyncio.wait_for(received.get(), PATIENCE)).name == "made up"


# Faults that last


async def test_faults_are_set_listed_and_lifted(api: Api) -> None:
    wanted = {"type": "withholdAcks", "channel": "orders", "times": 2}
    fault = await control(api, "POST", "faults", wanted)
    assert fault == {**wanted, "id": fault["id"], "struck": 0}
    other = await control(api, "POST", "faults", {"type": "delayFrames", "milliseconds": 5})
    assert await control(api, "GET", "faults") == [fault, other]
    assert [each.id for each in api.server.faults.active] == [fault["id"], other["id"]]
    await control(api, "DELETE", f"faults/{fault['id']}")
    assert await control(api, "GET", "faults") == [other]
    await control(api, "DELETE", "faults")
    assert await control(api, "GET", "faults") == []


async def test_the_next_publish_is_refused(api: Api, orders: Channel) -> None:
    error = {"code": 42910, "statusCode": 429, "message": "too fast"}
    await control(api, "POST", "faults", {"type": "nack", "error": error, "times": 1})
    with pytest.raises(AblyError) as refused:
        await orders.publish("created")
    assert (refused.value.code, refused.value.status_code) == (42910, 429)
    await orders.publish("created")


async def test_a_publish_waits_for_its_ack(api: Api, orders: Channel) -> None:
    await control(api, "POST", "faults", {"type": "delayAcks", "milliseconds": 60_000})
    received: asyncio.Queue[Message] = asyncio.Queue()
    await orders.subscribe(received.put)
    publishing = asyncio.create_task(orders.publish("created"))
    await asyncio.wait_for(received.get(), PATIENCE)
    assert not publishing.done()
    await control(api, "POST", "clock", {"advance": 60_000})
    await asyncio.wait_for(publishing, PATIENCE)


async def test_a_withheld_ack_comes_after_a_resume(
    api: Api, client: AblyRealtime, orders: Channel
) -> None:
    await control(api, "POST", "faults", {"type": "withholdAcks", "times": 1})
    received: asyncio.Queue[Message] = asyncio.Queue()
    await orders.subscribe(received.put)
    publishing = asyncio.create_task(orders.publish("created"))
    await asyncio.wait_for(received.get(), PATIENCE)
    await control(api, "POST", "connections/drop")
    await asyncio.wait_for(publishing, PATIENCE)


async def test_requests_fail_but_not_those_of_control(api: Api, client: AblyRealtime) -> None:
    error = {"code": 50003, "statusCode": 503, "message": "busy"}
    await control(api, "POST", "faults", {"type": "failRequests", "error": error})
    with pytest.raises(AblyError) as refused:
        await client.time()
    assert (refused.value.code, refused.value.status_code) == (50003, 503)
    await control(api, "DELETE", "faults")
    await client.time()


async def test_connections_are_refused_so_often(api: Api, client: AblyRealtime) -> None:
    connection_id = client.connection.id
    await control(api, "POST", "faults", {"type": "refuseConnections", "times": 2})
    async with reaching(client, "disconnected", "disconnected", "connected"):
        await control(api, "POST", "connections/drop")
    assert client.connection.id == connection_id
    assert await control(api, "GET", "faults") == []


# Clock and tokens


async def test_the_clock_is_read_and_advanced(api: Api) -> None:
    before = (await control(api, "GET", "clock"))["now"]
    after = (await control(api, "POST", "clock", {"advance": 120_000}))["now"]
    assert after - before >= 120_000
    assert (await api.http.get("/time")).json()[0] >= after


@pytest.mark.parametrize(("way", "code"), [("expire", 40142), ("revoke", 40141)])
async def test_tokens_are_ended(api: Api, client: AblyRealtime, way: str, code: int) -> None:
    reasons: list[AblyError | None] = []
    client.connection.on("disconnected", lambda change: reasons.append(change.reason))
    await control(api, "POST", f"tokens/{way}", {"clientId": "bob"})
    connection_id = client.connection.id
    async with reaching(client, "disconnected", "connected"):
        key_name = api.server.key.partition(":")[0]
        await control(api, "POST", f"tokens/{way}", {"clientId": "alice", "keyName": key_name})
    assert [reason and reason.code for reason in reasons] == [code]
    assert client.connection.id == connection_id


# Events


class Events:
    """A stream of Server-Sent Events, read one by one."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self, *kinds: str) -> tuple[str, Any]:
        """Return the next event of one of these kinds."""
        kind = ""
        async with asyncio.timeout(PATIENCE):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data" and kind in kinds:
                    return kind, json.loads(value)
        raise AssertionError("the stream ended")

    async def is_over(self) -> bool:
        async with asyncio.timeout(PATIENCE):
            async for _ in self._lines:
                pass
        return True


@asynccontextmanager
async def listening(api: Api) -> AsyncIterator[Events]:
    async with api.http.stream("GET", "/control/events") as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        events = Events(response)
        await events.next("hello")
        yield events


async def test_what_happens_is_told(api: Api) -> None:
    async with listening(api) as events, api.socket(token={"clientId": "alice"}) as socket:
        own = socket.connected["connectionId"]
        _, connection = await events.next("connection")
        assert (connection["id"], connection["state"]) == (own, "connected")
        _, recorded = await events.next("frame")
        assert (recorded["direction"], recorded["frame"]["action"]) == ("sent", 4)
        await control(api, "POST", "channels/orders/messages", {"name": "n", "data": "d"})
        _, message = await events.next("message")
        assert (message["channel"], message["name"], message["data"]) == ("orders", "n", "d")
        await socket.attach("orders")
        await socket.request(14, channel="orders", presence=[{"action": 2}])
        _, member = await events.next("presence")
        assert (member["channel"], member["clientId"]) == ("orders", "alice")
        for act, state in (("drop", "disconnected"), ("forget", "closed")):
            await control(api, "POST", f"connections/{own}/{act}")
            _, connection = await events.next("connection")
            assert connection["state"] == state


async def test_the_stream_ends_with_the_server() -> None:
    async with (
        LocalAbly() as server,
        httpx.AsyncClient(base_url=server.url) as http,
        listening(Api(server, http)) as events,
    ):
        await server.__aexit__(None, None, None)
        assert await events.is_over()


# What is refused


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "field"),
    [
        ("POST", "faults", [], 40000, "the body is an object"),
        ("POST", "faults", {}, 40003, "type is one of refuseConnections, stall"),
        ("POST", "faults", {"type": "earthquake"}, 40003, "type"),
        ("POST", "faults", {"type": ["nack"]}, 40003, "type"),
        ("POST", "faults", {"type": "nack", "tiems": 2}, 40000, "'tiems'"),
        ("POST", "faults", {"type": "refuseConnections", "channel": "a"}, 40000, "'channel'"),
        ("POST", "faults", {"type": "stall", "times": 1}, 40000, "'times'"),
        ("POST", "faults", {"type": "nack", "times": 0}, 40003, "times"),
        ("POST", "faults", {"type": "nack", "times": True}, 40003, "times"),
        ("POST", "faults", {"type": "nack", "channel": ""}, 40003, "channel"),
        ("POST", "faults", {"type": "nack", "channel": 1}, 40003, "channel"),
        ("POST", "faults", {"type": "nack", "error": 1}, 40000, "error is an object"),
        ("POST", "faults", {"type": "nack", "error": {"code": "x"}}, 40003, "code"),
        ("POST", "faults", {"type": "nack", "error": {"statusCode": 200}}, 40003, "statusCode"),
        ("POST", "faults", {"type": "nack", "error": {"statusCode": 600}}, 40003, "statusCode"),
        ("POST", "faults", {"type": "nack", "error": {"message": 5}}, 40003, "message"),
        ("POST", "faults", {"type": "delayAcks"}, 40003, "milliseconds is missing"),
        ("POST", "faults", {"type": "delayAcks", "milliseconds": -1}, 40003, "milliseconds"),
        ("POST", "faults", {"type": "stall", "reading": 1}, 40003, "reading"),
        ("POST", "faults", {"type": "stall", "reading": False, "writing": False}, 40003, "writing"),
        ("POST", "connections/stall", {"reading": False, "writing": False}, 40003, "writing"),
        ("POST", "connections/drop", {"id": "x"}, 40000, "'id'"),
        ("POST", "connections/disconnect", {"error": {"code": 0}}, 40003, "code"),
        ("POST", "clock", None, 40003, "advance is missing"),
        ("POST", "clock", {"advance": "1"}, 40003, "advance"),
        ("POST", "clock", {"advance": -1}, 40003, "advance"),
        ("POST", "clock", {"advance": 10**15}, 40003, "advance"),
        ("POST", "tokens/expire", {"clientId": 1}, 40003, "clientId"),
        ("POST", "tokens/revoke", {"key": "a.b"}, 40000, "'key'"),
        ("POST", "frames", {}, 40003, "frame"),
        ("POST", "frames", {"frame": {}, "channel": 1}, 40003, "channel"),
        ("GET", "frames?limit=0", None, 40003, "limit"),
        ("GET", "frames?limit=x", None, 40003, "limit"),
        ("GET", "frames?action=jump", None, 40003, "action"),
        ("GET", "frames?direction=up", None, 40003, "direction"),
        ("GET", "channels?messages=-1", None, 40003, "messages"),
        ("POST", "channels/:bad/messages", {"name": "n"}, 40010, "channel name"),
        ("POST", "channels/:bad/break-continuity", None, 40010, "channel name"),
    ],
)
async def test_bad_input_is_refused_by_name(
    api: Api, method: str, path: str, body: Any, code: int, field: str
) -> None:
    response = await api.http.request(method, f"/control/{path}", json=body)
    assert error_of(response) == (400, code)
    assert field in response.json()["error"]["message"]
    assert api.server.faults.active == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "connections/nobody/drop", None),
        ("POST", "connections/nobody/stall", None),
        ("POST", "faults", {"type": "stall", "connectionId": "nobody"}),
        ("POST", "frames", {"frame": {}, "connectionId": "nobody"}),
        ("DELETE", "faults/fault-9", None),
        ("GET", "channels?app=nobody", None),
        ("POST", "channels/orders/messages?app=nobody", {"name": "n"}),
        ("GET", "nothing", None),
    ],
)
async def test_what_is_not_there_is_not_found(api: Api, method: str, path: str, body: Any) -> None:
    response = await api.http.request(method, f"/control/{path}", json=body)
    assert error_of(response) == (404, 40400)


async def test_a_method_that_a_resource_has_not_is_refused(api: Api) -> None:
    response = await api.http.put("/control/clock", json={})
    assert error_of(response) == (405, 40500)
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


async def test_a_server_without_apps_has_no_channel_to_publish_on(api: Api) -> None:
    name = api.server.key.partition(".")[0]
    await api.http.delete(f"/apps/{name}", headers=api.basic())
    response = await api.http.post("/control/channels/orders/messages", json={"name": "n"})
    assert error_of(response) == (404, 40400)


async def test_malformed_json_is_refused(api: Api) -> None:
    assert error_of(await api.http.post("/control/faults", content=b"{")) == (400, 40001)


# Who may ask


@pytest.mark.parametrize("path", ["/control/connections", "/control/nothing", "/console"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://example.com"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Host": "example.com"},
        {"Host": "localhost.example.com"},
        {"Host": ""},
        {"Host": "[::2]:80"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
    ids=str,
)
async def test_pages_of_other_origins_are_refused(
    api: Api, path: str, headers: dict[str, str]
) -> None:
    response = await api.http.get(path, headers=headers)
    assert error_of(response) == (403, 40300)
    assert "Access-Control-Allow-Origin" not in response.headers


async def test_a_foreign_page_gets_no_permission_to_ask(api: Api) -> None:
    headers = {"Origin": "https://example.com", "Access-Control-Request-Method": "POST"}
    response = await api.http.options("/control/faults", headers=headers)
    assert error_of(response) == (403, 40300)
    assert "Access-Control-Allow-Origin" not in response.headers


async def test_the_servers_own_pages_may_ask(api: Api) -> None:
    address = api.server.url.removeprefix("http://")
    for headers in (
        {"Origin": api.server.url},
        {"Origin": api.server.url, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
        {"Host": address.replace("localhost", "LOCALHOST")},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
    ):
        response = await api.http.get("/control/connections", headers=headers)
        assert response.status_code == 200, headers


async def test_the_address_that_was_reached_is_a_name_too(api: Api) -> None:
    url = f"http://127.0.0.1:{api.server.port}"
    response = await api.http.get(f"{url}/control/clock", headers={"Origin": url})
    assert response.status_code == 200


async def test_the_ably_api_stays_open_to_every_origin(api: Api) -> None:
    response = await api.http.get(
        "/time", headers={"Origin": "https://example.com", "Sec-Fetch-Site": "cross-site"}
    )
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "https://example.com"
