from __future__ import annotations

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from ably_local import Direction, ErrorInfo
from tests.integration.local.raw import (
    ACK,
    ATTACH,
    ATTACHED,
    CONNECTED,
    DISCONNECTED,
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
    api.server.faults.policy.refuse_connections = True
    with pytest.raises(InvalidStatus) as refused:
        async with api.socket():
            pass
    assert refused.value.response.status_code == 403
    api.server.faults.policy.refuse_connections = False
    async with api.socket() as socket:
        await socket.silent()


async def test_withheld_acks_come_when_the_client_asks_again(api: Api) -> None:
    async with api.socket() as socket, api.socket() as subscriber:
        await subscriber.attach("orders")
        api.server.faults.policy.withhold_acks = True
        frame = {"msgSerial": 0, "channel": "orders", "messages": [{"name": "a"}]}
        await socket.send(action=MESSAGE, **frame)
        await subscriber.expect(MESSAGE)
        await socket.silent()
        api.server.faults.policy.withhold_acks = False
        await socket.send(action=MESSAGE, **frame)
        await socket.expect(ACK)
        await subscriber.silent()


async def test_publishes_are_refused(api: Api) -> None:
    async with api.socket() as socket, api.socket() as subscriber:
        await subscriber.attach("orders")
        api.server.faults.policy.nack_with = ErrorInfo(50000, 500, "no luck")
        nack = await socket.publish("orders", {"name": "a"})
        assert (nack["action"], nack["error"]["code"]) == (NACK, 50000)
        await subscriber.silent()


async def test_requests_fail(api: Api) -> None:
    headers = await api.bearer()
    api.server.faults.policy.fail_requests_with = ErrorInfo(50003, 504, "too late")
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
