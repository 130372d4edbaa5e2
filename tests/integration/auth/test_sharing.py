"""One Auth for REST and realtime, on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from ably import AblyRest

from ably_realtime import AblyRealtime
from tests.faults import Action, Direction, Fate, FaultProxy
from tests.integration.live import PATIENCE, eventually, reach
from tests.integration.sandbox import Sandbox

EXPIRED = {"error": {"code": 40142, "statusCode": 401, "message": "token expired"}}
CALLS, CLIENTS = 100, 5
UP = Direction.TO_SERVER


class Provider:
    """An `auth_callback` that signs a JWT each time; `hold` keeps it waiting."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.issued: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self, params: dict[str, Any]) -> str:
        self.issued.append(self._sandbox.jwt(ttl=3_600_000 + 1_000 * len(self.issued)))
        token = self.issued[-1]
        await self.may_answer.wait()
        return token


@pytest.fixture
def provider(sandbox: Sandbox) -> Provider:
    return Provider(sandbox)


@pytest.fixture
def rest(sandbox: Sandbox, proxy: FaultProxy, provider: Provider) -> AblyRest:
    return sandbox.rest(through=proxy, auth_callback=provider)


@pytest.fixture
async def clients(rest: AblyRest) -> AsyncIterator[list[AblyRealtime]]:
    """Connected clients that share the Auth of `rest`."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(AblyRealtime(rest=rest)) for _ in range(CLIENTS)]
        for client in clients:
            await reach(client.connection, "connected")
        yield clients


def presented(proxy: FaultProxy) -> dict[int, list[str]]:
    """The tokens that were sent as AUTH, by the number of the socket."""
    tokens: dict[int, list[str]] = {}
    for record in proxy.records:
        if record.direction is UP and record.frame["action"] == Action.AUTH:
            tokens.setdefault(record.relay, []).append(record.frame["auth"]["accessToken"])
    return tokens


async def answered(client: AblyRealtime) -> None:
    """Whatever the client has sent so far has been answered."""
    await asyncio.wait_for(client.connection.ping(), PATIENCE)


async def test_a_hundred_refused_calls_and_five_clients_need_one_token(
    rest: AblyRest, clients: list[AblyRealtime], proxy: FaultProxy, provider: Provider
) -> None:
    """All the refusals arrive while that one token is being obtained."""
    assert len(provider.issued) == 1
    refusals = proxy.on_request("GET", "/channels/", times=CALLS).respond(401, EXPIRED)
    provider.may_answer.clear()
    changes: list[Any] = []
    for client in clients:
        client.connection.on(changes.append)

    calls = [asyncio.create_task(rest.channels.get("c").history()) for _ in range(CALLS)]
    await proxy.until(lambda: refusals.fired == CALLS)
    await eventually(lambda: len(provider.issued) == 2)
    provider.may_answer.set()
    await asyncio.gather(*calls)
    for client in clients:
        await answered(client)

    assert len(provider.issued) == 2
    assert presented(proxy) == {number: [provider.issued[1]] for number in range(CLIENTS)}
    assert [change.event for change in changes] == ["update"] * CLIENTS
    assert len(proxy.upgrades) == CLIENTS


async def test_a_call_with_an_unchanged_token_leaves_the_sockets_alone(
    rest: AblyRest, clients: list[AblyRealtime], proxy: FaultProxy, provider: Provider
) -> None:
    for _ in range(3):
        await rest.channels.get("c").history()
    for client in clients:
        await answered(client)
    assert (len(provider.issued), presented(proxy)) == (1, {})


async def test_a_token_that_the_connection_renewed_is_that_of_the_next_call(
    rest: AblyRest, clients: list[AblyRealtime], proxy: FaultProxy, provider: Provider
) -> None:
    """RTN22 on one client reaches all."""
    proxy.relays[0].inject({"action": Action.AUTH})
    await proxy.until(lambda: len(presented(proxy)) == CLIENTS)
    await rest.channels.get("c").history()
    for client in clients:
        await answered(client)
    assert len(provider.issued) == 2
    auth: Any = rest.auth
    assert auth.token_details.token == provider.issued[1]
    assert presented(proxy) == {number: [provider.issued[1]] for number in range(CLIENTS)}


@pytest.mark.parametrize("handle", ["rest", "client"])
async def test_authorize_reaches_all_and_settles_with_the_last(
    rest: AblyRest, clients: list[AblyRealtime], proxy: FaultProxy, provider: Provider, handle: str
) -> None:
    auth: Any = rest.auth if handle == "rest" else clients[2].auth
    slow = proxy.on(Action.CONNECTED, Direction.TO_CLIENT, nth=3).drop()
    call = asyncio.create_task(auth.authorize())
    await proxy.until(lambda: slow.fired == 1)
    await proxy.until(lambda: len(presented(proxy)) == CLIENTS)
    assert not call.done()
    silent = next(r for r in proxy.relays if not answered_auth(proxy, r.number))
    silent.inject(
        {"action": Action.CONNECTED, "connectionId": clients[silent.number].connection.id}
    )
    details = await asyncio.wait_for(call, PATIENCE)
    assert details.token == provider.issued[1]
    assert presented(proxy) == {number: [provider.issued[1]] for number in range(CLIENTS)}


def answered_auth(proxy: FaultProxy, number: int) -> bool:
    delivered = [
        record
        for record in proxy.records
        if record.relay == number
        and record.direction is Direction.TO_CLIENT
        and record.frame["action"] == Action.CONNECTED
        and record.fate is not Fate.DROPPED
    ]
    return len(delivered) == 2


async def test_a_call_connects_nobody(
    rest: AblyRest, proxy: FaultProxy, provider: Provider
) -> None:
    """Neither with its first token nor with a renewed one."""
    proxy.on_request("GET", "/channels/", times=1).respond(401, EXPIRED)
    async with AblyRealtime(rest=rest, auto_connect=False) as client:
        await rest.channels.get("c").history()
        assert client.connection.state == "initialized"
    assert (len(provider.issued), proxy.upgrades) == (2, [])


async def test_a_client_that_connects_later_uses_the_token_that_is_there(
    rest: AblyRest, proxy: FaultProxy, provider: Provider
) -> None:
    await rest.channels.get("c").history()
    async with AblyRealtime(rest=rest) as client:
        await reach(client.connection, "connected")
    assert len(provider.issued) == 1
    assert proxy.upgrades[0].params["accessToken"] == provider.issued[0]


async def test_the_rest_client_outlives_the_clients(
    rest: AblyRest, proxy: FaultProxy, provider: Provider
) -> None:
    auth, attributes, view = rest.auth, set(vars(rest.auth)), rest.http.auth
    first = AblyRealtime(rest=rest)
    await reach(first.connection, "connected")  # before the second dials: sockets are numbered
    second = AblyRealtime(rest=rest)
    await reach(second.connection, "connected")
    await first.close()
    await rest.auth.authorize()
    assert list(presented(proxy)) == [1]
    await second.close()
    assert (rest.auth, type(auth).__module__) == (auth, "ably.rest.auth")
    assert (set(vars(auth)), rest.http.auth) == (attributes, view)

    await rest.auth.authorize()
    await rest.channels.get("c").history()
    assert first.connection.state == second.connection.state == "closed"
    assert list(presented(proxy)) == [1]


async def test_a_closed_client_can_come_back(rest: AblyRest, proxy: FaultProxy) -> None:
    client = AblyRealtime(rest=rest)
    await reach(client.connection, "connected")
    await client.close()
    client.connect()
    await reach(client.connection, "connected")
    await rest.auth.authorize()
    assert list(presented(proxy)) == [1]
    await client.close()
