"""A realtime client on an existing `ably.AblyRest`: one Auth, and nothing left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from ably import AblyRest

from ably_local import LocalAbly
from ably_realtime import AblyRealtime, Message
from tests.interop.peer_types import DEADLINE

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def rest(server: LocalAbly) -> AsyncIterator[AblyRest]:
    async with AblyRest(**server.client_options(), client_id="both") as rest:
        yield rest


async def test_both_clients_have_one_auth(rest: AblyRest) -> None:
    auth = rest.auth
    async with AblyRealtime(rest=rest) as client:
        assert client.rest is rest
        assert client.auth is rest.auth is auth
        await connected(client)


async def test_messages_travel_over_both(rest: AblyRest, channel: str) -> None:
    async with AblyRealtime(rest=rest) as client:
        received: asyncio.Queue[Message] = asyncio.Queue()
        await client.channels.get(channel).subscribe(received.put_nowait)
        await rest.channels.get(channel).publish("over", "rest")
        await client.channels.get(channel).publish("over", "realtime")
        async with asyncio.timeout(DEADLINE):
            messages = [await received.get() for _ in range(2)]
        assert [message.data for message in messages] == ["rest", "realtime"]
        assert [message.client_id for message in messages] == ["both", "both"]
        page = await client.rest.channels.get(channel).history()
        assert [message.data for message in page.items] == ["realtime", "rest"]


async def test_the_token_of_a_rest_call_serves_the_connection(rest: AblyRest, channel: str) -> None:
    await rest.channels.get(channel).publish("first", "token")
    token = rest.auth.token_details
    async with AblyRealtime(rest=rest) as client:
        await connected(client)
        assert rest.auth.token_details is token


async def test_the_token_of_the_connection_serves_rest_calls(rest: AblyRest, channel: str) -> None:
    async with AblyRealtime(rest=rest) as client:
        await connected(client)
        token = rest.auth.token_details
        await rest.channels.get(channel).publish("second", "call")
        assert rest.auth.token_details is token


async def test_a_token_renewed_through_rest_reaches_the_connection(rest: AblyRest) -> None:
    async with AblyRealtime(rest=rest) as client:
        await connected(client)
        connection_id = client.connection.id
        events: list[str] = []
        client.connection.on(lambda change: events.append(change.event))
        await rest.auth.authorize()
        assert events == ["update"]
        assert client.connection.id == connection_id


async def test_closing_the_realtime_client_leaves_rest_as_it_was(
    rest: AblyRest, channel: str
) -> None:
    auth, http_auth, attributes = rest.auth, rest.http.auth, set(vars(rest.auth))
    async with AblyRealtime(rest=rest) as client:
        await connected(client)
    assert rest.auth is auth
    assert rest.http.auth is http_auth
    assert set(vars(rest.auth)) == attributes

    await rest.channels.get(channel).publish("still", "here")
    events: list[str] = []
    client.connection.on(lambda change: events.append(change.event))
    token = rest.auth.token_details
    await rest.auth.authorize()
    assert rest.auth.token_details is not token
    page = await rest.channels.get(channel).history()
    assert [message.data for message in page.items] == ["here"]
    assert (client.connection.state, events) == ("closed", [])


async def test_closing_one_of_two_realtime_clients_leaves_the_other_sharing(rest: AblyRest) -> None:
    async with AblyRealtime(rest=rest) as staying:
        async with AblyRealtime(rest=rest) as leaving:
            await connected(staying)
            await connected(leaving)
        events: list[str] = []
        staying.connection.on(lambda change: events.append(change.event))
        await rest.auth.authorize()
        assert events == ["update"]
        assert leaving.connection.state == "closed"


async def connected(client: AblyRealtime) -> None:
    async with asyncio.timeout(DEADLINE):
        await client.connection.once_async("connected")
