"""REST beside realtime: the REST client of `ably`, our client, and our client's own `rest`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from ably import AblyRest
from ably.types.message import Message

from ably_local import LocalAbly
from tests.interop.conftest import Peers
from tests.interop.our_peer import OurPeer
from tests.interop.payloads import PAYLOADS, exact
from tests.interop.peer_types import Outgoing, PeerKind, Sdk

pytestmark = pytest.mark.asyncio(loop_scope="module")

every_payload = pytest.mark.parametrize("data", PAYLOADS.values(), ids=PAYLOADS.keys())


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=[False, True], ids=["rest-json", "rest-msgpack"]
)
async def rest(server: LocalAbly, request: pytest.FixtureRequest) -> AsyncIterator[AblyRest]:
    """A REST client with nothing of ours in it."""
    options = {"client_id": "reporter", "use_binary_protocol": request.param}
    async with AblyRest(**server.client_options(), **options) as rest:
        yield rest


@pytest_asyncio.fixture(
    loop_scope="module", params=[False, True], ids=["realtime-json", "realtime-msgpack"]
)
async def realtime(peers: Peers, request: pytest.FixtureRequest) -> OurPeer:
    peer = await peers.get(PeerKind(Sdk.OURS, request.param))
    assert isinstance(peer, OurPeer)
    return peer


@every_payload
async def test_our_client_receives_what_rest_publishes(
    rest: AblyRest, realtime: OurPeer, channel: str, data: Any
) -> None:
    inbox = await realtime.subscribe(channel)
    result = await rest.channels.get(channel).publish("report", data)
    received = await inbox.get()
    assert (received.name, exact(received.data)) == ("report", exact(data))
    assert received.client_id == "reporter"
    assert [received.serial] == result.serials


@every_payload
async def test_rest_reads_in_history_what_our_client_published(
    rest: AblyRest, realtime: OurPeer, channel: str, data: Any
) -> None:
    serials = await realtime.publish(channel, Outgoing("created", data))
    page = await rest.channels.get(channel).history()
    [message] = page.items
    assert (message.name, exact(message.data)) == ("created", exact(data))
    assert message.client_id == realtime.client_id
    assert message.connection_id == realtime.connection_id
    assert [message.serial] == serials


@every_payload
async def test_our_client_reads_in_history_what_rest_published(
    rest: AblyRest, realtime: OurPeer, channel: str, data: Any
) -> None:
    result = await rest.channels.get(channel).publish("report", data)
    page = await realtime.client.channels.get(channel).history()
    [message] = page.items
    assert (message.name, exact(message.data)) == ("report", exact(data))
    assert message.client_id == "reporter"
    assert [message.serial] == result.serials


@every_payload
async def test_rest_reads_in_history_what_the_rest_of_our_client_published(
    rest: AblyRest, realtime: OurPeer, channel: str, data: Any
) -> None:
    result = await realtime.client.rest.channels.get(channel).publish("created", data)
    page = await rest.channels.get(channel).history()
    [message] = page.items
    assert (message.name, exact(message.data)) == ("created", exact(data))
    assert message.client_id == realtime.client_id
    assert [message.serial] == result.serials


@every_payload
async def test_the_rest_of_our_client_reads_in_history_what_rest_published(
    rest: AblyRest, realtime: OurPeer, channel: str, data: Any
) -> None:
    result = await rest.channels.get(channel).publish("report", data)
    page = await realtime.client.rest.channels.get(channel).history()
    [message] = page.items
    assert (message.name, exact(message.data)) == ("report", exact(data))
    assert message.client_id == "reporter"
    assert [message.serial] == result.serials


async def test_what_rest_publishes_together_arrives_in_order(
    rest: AblyRest, realtime: OurPeer, channel: str
) -> None:
    inbox = await realtime.subscribe(channel)
    sent = [Message(f"name {n}", {"n": n}) for n in range(3)]
    result = await rest.channels.get(channel).publish(sent)
    received = [await inbox.get() for _ in sent]
    assert [(one.name, one.data) for one in received] == [(one.name, one.data) for one in sent]
    assert [one.serial for one in received] == result.serials


async def test_rest_pages_through_the_history_of_our_client_in_both_directions(
    rest: AblyRest, realtime: OurPeer, channel: str
) -> None:
    await realtime.publish(channel, Outgoing(data="1"), Outgoing(data="2"))
    await realtime.publish(channel, Outgoing(data="3"))
    assert await pages(rest, channel, "backwards") == [["3", "2"], ["1"]]
    assert await pages(rest, channel, "forwards") == [["1", "2"], ["3"]]


async def pages(rest: AblyRest, channel: str, direction: str) -> list[list[Any]]:
    """The payloads in a channel's history, two to a page."""
    page: Any = await rest.channels.get(channel).history(direction=direction, limit=2)
    found = [[message.data for message in page.items]]
    while page.has_next():
        page = await page.next()
        found.append([message.data for message in page.items])
    return found
