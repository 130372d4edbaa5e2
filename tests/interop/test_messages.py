"""Every SDK to every other, in every pair of formats: what one publishes the other receives."""

from __future__ import annotations

from itertools import permutations, product
from typing import Any

import pytest
import pytest_asyncio
from ably import AblyRest

from ably_local import LocalAbly
from tests.interop.conftest import Peers
from tests.interop.payloads import PAYLOADS, exact
from tests.interop.peer_types import Outgoing, Peer, PeerKind, Refused, Sdk

pytestmark = pytest.mark.asyncio(loop_scope="module")

KINDS = [PeerKind(sdk, binary) for sdk, binary in product(Sdk, (False, True))]
PAIRS = list(permutations(KINDS, 2))

every_pair = pytest.mark.parametrize(
    ("publisher", "subscriber"),
    PAIRS,
    ids=[f"{one} to {other}" for one, other in PAIRS],
    indirect=True,
)


@pytest_asyncio.fixture(loop_scope="module")
async def publisher(request: pytest.FixtureRequest, peers: Peers) -> Peer:
    return await peers.get(request.param)


@pytest_asyncio.fixture(loop_scope="module")
async def subscriber(request: pytest.FixtureRequest, peers: Peers) -> Peer:
    return await peers.get(request.param)


@pytest.mark.parametrize("data", PAYLOADS.values(), ids=PAYLOADS.keys())
@every_pair
async def test_the_payload_arrives_as_it_was_sent(
    publisher: Peer, subscriber: Peer, channel: str, data: Any
) -> None:
    inbox = await subscriber.subscribe(channel)
    await publisher.publish(channel, Outgoing("greeting", data))
    assert exact((await inbox.get()).data) == exact(data)


@every_pair
async def test_name_sender_extras_and_serial_arrive(
    publisher: Peer, subscriber: Peer, channel: str
) -> None:
    inbox = await subscriber.subscribe(channel)
    extras = {"headers": {"colour": "blue", "count": 3}}
    serials = await publisher.publish(channel, Outgoing("näme", "data", extras))
    received = await inbox.get()
    assert received.name == "näme"
    assert received.client_id == publisher.client_id
    assert received.connection_id == publisher.connection_id
    assert received.extras == extras
    assert [received.serial] == serials
    assert received.serial


@every_pair
async def test_a_message_needs_no_name(publisher: Peer, subscriber: Peer, channel: str) -> None:
    inbox = await subscriber.subscribe(channel)
    await publisher.publish(channel, Outgoing(data="anonymous"))
    received = await inbox.get()
    assert (received.name, received.data) == (None, "anonymous")


@every_pair
async def test_messages_published_together_arrive_in_order(
    publisher: Peer, subscriber: Peer, channel: str
) -> None:
    inbox = await subscriber.subscribe(channel)
    batch = [Outgoing(name, data) for name, data in PAYLOADS.items() if "long" not in name]
    serials = await publisher.publish(channel, *batch)
    received = [await inbox.get() for _ in batch]
    assert [(one.name, exact(one.data)) for one in received] == [
        (one.name, exact(one.data)) for one in batch
    ]
    assert [one.serial for one in received] == serials


@every_pair
async def test_a_detached_channel_receives_nothing_until_it_is_attached_again(
    publisher: Peer, subscriber: Peer, channel: str
) -> None:
    inbox = await subscriber.subscribe(channel)
    await publisher.publish(channel, Outgoing(data="one"))
    assert (await inbox.get()).data == "one"
    await subscriber.detach(channel)
    await publisher.publish(channel, Outgoing(data="missed"))
    await subscriber.attach(channel)
    await publisher.publish(channel, Outgoing(data="two"))
    assert (await inbox.get()).data == "two"


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_a_token_may_be_handed_over_and_what_it_forbids_is_refused(
    kind: PeerKind, peers: Peers, server: LocalAbly, channel: str
) -> None:
    capability = {"allowed": ["publish"], "forbidden": ["subscribe"]}
    async with AblyRest(**server.client_options()) as rest:
        token = await rest.auth.request_token({"client_id": str(kind), "capability": capability})
    peer = peers.new(kind)
    try:
        await peer.connect(token=token.token)
        assert await peer.publish("allowed", Outgoing(data="fine"))
        with pytest.raises(Refused) as refused:
            await peer.publish("forbidden", Outgoing(data="not fine"))
        assert (refused.value.code, refused.value.status_code) == (40160, 401)
    finally:
        await peer.close()
