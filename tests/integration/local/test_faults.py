from __future__ import annotations

import asyncio
import base64

import httpx
import jwt
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from ably_local import Direction, ErrorInfo, Limits, LocalAbly
from ably_realtime import AblyRealtime
from tests.integration.local.raw import (
    ACK,
    ATTACH,
    ATTACHED,
    CLOSE,
    CLOSED,
    CONNECTED,
    DISCONNECTED,
    ERROR,
    HEARTBEAT,
    MESSAGE,
    NACK,
    RESUMED,
    Api,
    error_of,
)


async def test_dropped_connections_resume(api: Api) -> None:
    async with api.socket() as socket:
        key = socket.connected["connectionDetails"]["connectionKey"]
        api.server.faults.drop_connections()
        await socket.closed()
    async with api.socket(resume=key) as again:
        assert again.connected["connectionId"] == socket.connected["connectionId"]


async def test_one_connection_is_dropped_and_the_others_are_not(api: Api) -> None:
    async with api.socket() as one, api.socket() as other:
        api.server.faults.drop_connections(one.connected["connectionId"])
        await one.closed()
        await other.silent()


async def test_forgotten_connections_do_not_resume(api: Api) -> None:
    async with api.socket() as socket:
        key = socket.connected["connectionDetails"]["connectionKey"]
        api.server.faults.forget_connections()
        await socket.closed()
    async with api.socket(resume=key) as again:
        assert again.connected["error"]["code"] == 80008


async def test_clients_are_disconnected_with_an_error(api: Api) -> None:
    async with api.socket() as socket:
        api.server.faults.disconnect(ErrorInfo(80003, 503, "maintenance"))
        frame = await socket.expect(DISCONNECTED)
        assert (frame["error"]["code"], frame["error"]["statusCode"]) == (80003, 503)
        await socket.closed()


async def test_connections_are_refused(api: Api) -> None:
    with api.server.faults.refuse_connections(), pytest.raises(InvalidStatus) as refused:
        async with api.socket():
            pass
    assert refused.value.response.status_code == 403
    async with api.socket() as socket:
        await socket.silent()


async def test_withheld_acks_come_when_the_client_asks_again(api: Api) -> None:
    async with api.socket() as socket, api.socket() as subscriber:
        await subscriber.attach("orders")
        fault = api.server.faults.withhold_acks()
        frame = {"msgSerial": 0, "channel": "orders", "messages": [{"name": "a"}]}
        await socket.send(action=MESSAGE, **frame)
        await subscriber.expect(MESSAGE)
        await socket.silent()
        fault.lift()
        await socket.send(action=MESSAGE, **frame)
        await socket.expect(ACK)
        await subscriber.silent()


async def test_publishes_are_refused(api: Api) -> None:
    async with api.socket() as socket, api.socket() as subscriber:
        await subscriber.attach("orders")
        api.server.faults.nack(ErrorInfo(50000, 500, "no luck"))
        nack = await socket.publish("orders", {"name": "a"})
        assert (nack["action"], nack["error"]["code"]) == (NACK, 50000)
        await subscriber.silent()


async def test_requests_fail(api: Api) -> None:
    headers = await api.bearer()
    api.server.faults.fail_requests(ErrorInfo(50003, 504, "too late"))
    assert error_of(await api.http.get("/channels/orders/messages", headers=headers)) == (
        504,
        50003,
    )


async def test_frames_are_injected(api: Api, binary: bool) -> None:
    async with api.socket(binary=binary) as one, api.socket() as two:
        await one.attach("orders")
        api.server.faults.inject({"action": 77, "unknown": True})
        for socket in (one, two):
            assert await socket.receive() == {"action": 77, "unknown": True}
        api.server.faults.inject({"action": 13}, connection_id=two.connected["connectionId"])
        assert await two.receive() == {"action": 13}
        api.server.faults.inject({"action": 13}, channel="orders")
        assert await one.receive() == {"action": 13, "channel": "orders"}
        await two.silent()
        await one.silent()


async def test_continuity_is_broken(api: Api) -> None:
    async with api.socket() as socket:
        serial = (await socket.attach("orders"))["channelSerial"]
        api.server.faults.break_continuity("orders")
        told = await socket.expect(ATTACHED)
        assert not told["flags"] & RESUMED
        assert told["error"]["code"] == 90003
        again = await socket.attach("orders", channelSerial=serial)
        assert not again["flags"] & RESUMED
        assert (await socket.attach("orders", channelSerial=told["channelSerial"]))[
            "flags"
        ] & RESUMED


async def test_frames_are_recorded_both_ways(api: Api, binary: bool) -> None:
    async with api.socket(binary=binary) as socket:
        await socket.attach("orders")
        connection_id = socket.connected["connectionId"]
        recorded = [
            (entry.direction, entry.frame["action"])
            for entry in api.server.frames
            if entry.connection_id == connection_id
        ]
        assert recorded == [
            (Direction.SENT, CONNECTED),
            (Direction.RECEIVED, ATTACH),
            (Direction.SENT, ATTACHED),
        ]
        api.server.clear_frames()
        assert api.server.frames == []


async def test_connections_are_listed(api: Api) -> None:
    async with api.socket(token={"clientId": "alice"}) as socket:
        (seen,) = api.server.connections
        assert (seen.id, seen.client_id, seen.is_connected) == (
            socket.connected["connectionId"],
            "alice",
            True,
        )
        await socket.vanish(api.server)
        (seen,) = api.server.connections
        assert not seen.is_connected
    api.server.clock.advance(120_000)
    assert api.server.connections == []


async def test_what_a_broken_request_says_is_no_traceback(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(self: object) -> int:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(type(api.server.clock), "now", explode)
    transport = httpx.AsyncHTTPTransport()
    async with httpx.AsyncClient(base_url=api.server.url, transport=transport) as http:
        response = await http.get("/time")
    assert error_of(response) == (500, 50000)
    assert "secret detail" not in response.text


async def test_a_stalled_socket_reads_nothing_until_it_may(api: Api) -> None:
    async with api.socket() as socket, api.socket() as other:
        own = socket.connected["connectionId"]
        api.server.clear_frames()
        fault = api.server.faults.stall(own, writing=False)
        await socket.send(action=HEARTBEAT, id="late")
        await other.silent()
        assert own not in {entry.connection_id for entry in api.server.frames}
        api.server.faults.inject({"action": 77}, connection_id=own)
        await socket.expect(77)
        fault.lift()
        assert (await socket.receive())["id"] == "late"


async def test_a_stalled_socket_writes_nothing_until_it_may(api: Api) -> None:
    async with api.socket() as socket, api.socket() as other:
        await socket.attach("orders")
        fault = api.server.faults.stall(socket.connected["connectionId"], reading=False)
        await other.publish("orders", {"name": "a"})
        await other.silent()
        api.server.faults.delay_frames(0)  # any other fault leaves it stalled
        fault.lift()
        assert (await socket.expect(MESSAGE))["messages"][0]["name"] == "a"


async def test_a_stalled_socket_can_be_dropped_and_what_waited_is_lost(api: Api) -> None:
    async with api.socket() as socket:
        await socket.attach("orders")
        api.server.faults.stall()
        api.server.faults.inject({"action": 77})
        await socket.send(action=HEARTBEAT)
        api.server.faults.drop_connections()
        await socket.closed()
        with pytest.raises(ConnectionClosed):
            await socket.receive()


async def test_a_stalled_server_takes_new_sockets_and_says_nothing(api: Api) -> None:
    token = await api.token()
    api.server.faults.stall()
    async with api.dial(accessToken=token) as socket, api.dial(accessToken=token) as other:
        api.server.faults.reset()
        await socket.expect(CONNECTED)
        await other.expect(CONNECTED)


async def test_a_client_notices_a_stall_because_pings_stop_too() -> None:
    async with LocalAbly(limits=Limits(max_idle_interval=100)) as server:
        options = server.client_options()
        async with AblyRealtime(**options, realtime_request_timeout=100) as client:
            await client.connection.once_async("connected")
            connection_id = client.connection.id
            server.faults.stall(connection_id)
            await client.connection.once_async("disconnected")
            server.faults.reset()
            await client.connection.once_async("connected")
            assert client.connection.id == connection_id


async def test_frames_come_late_and_in_order(api: Api) -> None:
    async with api.socket() as socket, api.socket() as publisher:
        await socket.attach("orders")
        await socket.attach("others")
        api.server.faults.delay_frames(60_000, channel="orders")
        for name in ("a", "b"):
            await publisher.publish("orders", {"name": name})
        await publisher.publish("others", {"name": "c"})
        assert (await socket.expect(MESSAGE))["messages"][0]["name"] == "c"
        api.server.clock.advance(60_000)
        names = [(await socket.expect(MESSAGE))["messages"][0]["name"] for _ in range(2)]
        assert names == ["a", "b"]


async def test_frames_of_one_connection_come_late(api: Api) -> None:
    async with api.socket() as slow, api.socket() as quick:
        api.server.faults.delay_frames(60_000, connection_id=slow.connected["connectionId"])
        await slow.send(action=HEARTBEAT, id="late")
        await quick.silent()
        api.server.faults.reset()
        assert (await slow.expect(HEARTBEAT))["id"] == "late"


async def test_what_was_held_back_comes_before_the_last_frame(api: Api) -> None:
    async with api.socket() as socket:
        api.server.faults.delay_frames(60_000)
        await socket.send(action=HEARTBEAT, id="late")
        await socket.send(action=CLOSE)
        assert (await socket.expect(HEARTBEAT))["id"] == "late"
        await socket.expect(CLOSED)
        await socket.closed()


async def test_acks_come_late(api: Api) -> None:
    async with api.socket() as socket, api.socket() as subscriber:
        await subscriber.attach("orders")
        api.server.faults.delay_acks(60_000, channel="orders", times=1)
        for name in ("a", "b"):
            await socket.request(MESSAGE, channel="orders", messages=[{"name": name}])
            await subscriber.expect(MESSAGE)
        await socket.silent()
        api.server.clock.advance(60_000)
        assert [(await socket.expect(ACK))["msgSerial"] for _ in range(2)] == [0, 1]


async def test_acks_are_withheld_so_often(api: Api) -> None:
    async with api.socket() as socket:
        api.server.faults.withhold_acks(times=1)
        await socket.request(MESSAGE, channel="orders", messages=[{"name": "a"}])
        await socket.silent()
        assert (await socket.publish("orders", {"name": "b"}))["msgSerial"] == 1


async def test_publishes_are_refused_on_one_channel(api: Api) -> None:
    async with api.socket() as socket:
        api.server.faults.nack(channel="orders")
        assert (await socket.publish("orders", {"name": "a"}))["action"] == NACK
        assert (await socket.publish("others", {"name": "a"}))["action"] == ACK


async def test_the_next_two_requests_on_a_channel_fail(api: Api) -> None:
    headers = await api.bearer()
    api.server.faults.fail_requests(channel="orders", times=2)
    statuses = [
        (await api.http.get(f"/channels/{channel}/messages", headers=headers)).status_code
        for channel in ("others", "orders", "orders", "orders")
    ]
    assert statuses == [200, 500, 500, 200]


async def test_requests_are_answered_late(api: Api) -> None:
    headers = await api.bearer()
    async with api.socket() as subscriber:
        await subscriber.attach("orders")
        api.server.faults.delay_requests(60_000, channel="orders")
        path, body = "/channels/orders/messages", {"name": "a"}
        posted = asyncio.create_task(api.http.post(path, json=body, headers=headers))
        await subscriber.expect(MESSAGE)
        await api.http.get("/time")
        assert not posted.done()
        api.server.clock.advance(60_000)
        assert (await posted).status_code == 201


async def test_a_server_stops_although_a_request_is_held_back() -> None:
    async with LocalAbly() as server, httpx.AsyncClient(base_url=server.url) as http:
        server.faults.delay_requests(3_600_000, times=1)
        asked = asyncio.create_task(http.get("/time"))
        while server.faults.active:  # noqa: ASYNC110 - nobody tells when the request is there
            await asyncio.sleep(0)
        await server.__aexit__(None, None, None)
        assert (await asked).status_code == 200


async def test_continuity_of_every_channel_is_broken(api: Api) -> None:
    async with api.socket() as socket:
        for name in ("[?rewind=1]orders", "others"):
            await socket.attach(name)
        api.server.faults.break_continuity()
        told = [await socket.expect(ATTACHED) for _ in range(2)]
        assert [frame["channel"] for frame in told] == ["[?rewind=1]orders", "others"]


@pytest.mark.parametrize("way", ["expire_tokens", "revoke_tokens"])
async def test_tokens_end_and_new_ones_are_good(api: Api, way: str) -> None:
    code = {"expire_tokens": 40142, "revoke_tokens": 40141}[way]
    token = await api.token(clientId="alice")
    headers = {"Authorization": f"Bearer {base64.b64encode(token.encode()).decode()}"}
    async with (
        api.dial(accessToken=token) as alice,
        api.socket(token={"clientId": "bob"}) as bob,
    ):
        await alice.expect(CONNECTED)
        getattr(api.server.faults, way)(client_id="alice")
        assert (await alice.expect(DISCONNECTED))["error"]["code"] == code
        await alice.closed()
        await bob.silent()
        assert error_of(await api.http.get("/channels", headers=headers)) == (401, code)
    async with api.socket(token={"clientId": "alice"}) as again:
        await again.silent()


async def test_the_tokens_of_one_key_end_jwts_too(api: Api) -> None:
    app = (await api.http.post("/apps", json={"keys": [{}, {}]})).json()
    one, other = (key["keyStr"] for key in app["keys"])
    now = api.server.clock.now() // 1000
    name, secret = one.split(":")
    token = jwt.encode({"iat": now, "exp": now + 600}, secret, headers={"kid": name})
    async with api.dial(accessToken=token) as socket, api.socket(token={"key": other}) as kept:
        await socket.expect(CONNECTED)
        api.server.faults.expire_tokens(key_name=name)
        assert (await socket.expect(DISCONNECTED))["error"]["code"] == 40142
        await kept.silent()
    async with api.dial(accessToken=token) as refused:
        assert (await refused.expect(ERROR))["error"]["code"] == 40142


async def test_a_client_renews_an_expired_token_and_resumes(api: Api) -> None:
    async with AblyRealtime(**api.server.client_options()) as client:
        await client.connection.once_async("connected")
        connection_id = client.connection.id
        disconnected = asyncio.create_task(client.connection.once_async("disconnected"))
        await asyncio.sleep(0)
        api.server.faults.expire_tokens()
        change = await asyncio.wait_for(disconnected, 5)
        assert change is not None
        assert change.reason is not None
        assert change.reason.code == 40142
        await client.connection.once_async("connected")
        assert client.connection.id == connection_id
