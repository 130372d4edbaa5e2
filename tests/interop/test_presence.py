"""Presence: members of every SDK, in both formats, as every SDK sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from itertools import product
from typing import Any

import pytest
import pytest_asyncio
from ably import AblyRest

from ably_local import Limits, LocalAbly
from tests.interop.conftest import Peers
from tests.interop.payloads import PAYLOADS, exact
from tests.interop.peer_types import Act, Inbox, Member, Peer, PeerKind, Sdk

pytestmark = pytest.mark.asyncio(loop_scope="module")

KINDS = [PeerKind(sdk, binary) for sdk, binary in product(Sdk, (False, True))]

every_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


@pytest_asyncio.fixture(loop_scope="module")
async def everyone(peers: Peers) -> list[Peer]:
    """A peer of each kind."""
    return [await peers.get(kind) for kind in KINDS]


@pytest_asyncio.fixture(loop_scope="module")
async def another(
    request: pytest.FixtureRequest, peers: Peers, server: LocalAbly
) -> AsyncIterator[Peer]:
    """One more peer of a kind, which may lose its connection."""
    peer = peers.new(request.param, may_disconnect=True)
    # These tests advance the server's clock, until it refuses requests that bear our own time.
    async with AblyRest(**server.client_options(), query_time=True) as rest:
        token = await rest.auth.request_token({"client_id": peer.client_id})
    await peer.connect(token=token.token)
    yield peer
    server.faults.reset()
    await peer.close()


@pytest.mark.parametrize("data", PAYLOADS.values(), ids=PAYLOADS.keys())
@every_kind
async def test_everyone_sees_a_member_enter_update_and_leave(
    kind: PeerKind, everyone: list[Peer], peers: Peers, channel: str, data: Any
) -> None:
    member = await peers.get(kind)
    inboxes = [await peer.watch(channel) for peer in everyone]

    await member.present(channel, Act.ENTER, data)
    await expect(inboxes, "enter", member, data)
    await agree(everyone, channel, {member: data})

    await member.present(channel, Act.UPDATE, data)
    await expect(inboxes, "update", member, data)

    await member.present(channel, Act.LEAVE, "over")
    await expect(inboxes, "leave", member, "over")
    await agree(everyone, channel, {})


@every_kind
async def test_an_update_changes_the_data_that_a_member_leaves_with(
    kind: PeerKind, everyone: list[Peer], peers: Peers, channel: str
) -> None:
    member = await peers.get(kind)
    inboxes = [await peer.watch(channel) for peer in everyone]
    await member.present(channel, Act.ENTER, "here")
    await expect(inboxes, "enter", member, "here")
    await member.present(channel, Act.UPDATE, {"status": "busy"})
    await expect(inboxes, "update", member, {"status": "busy"})
    await agree(everyone, channel, {member: {"status": "busy"}})
    await member.present(channel, Act.LEAVE)
    await expect(inboxes, "leave", member, {"status": "busy"})


async def test_everyone_agrees_on_members_of_every_kind(everyone: list[Peer], channel: str) -> None:
    present: dict[Peer, Any] = {}
    for member, data in zip(everyone, PAYLOADS.values(), strict=False):
        await member.present(channel, Act.ENTER, data)
        present[member] = data
    await agree(everyone, channel, present)
    while present:
        member, _ = present.popitem()
        await member.present(channel, Act.LEAVE)
        await agree(everyone, channel, present)


@pytest.mark.parametrize("data", PAYLOADS.values(), ids=PAYLOADS.keys())
async def test_who_comes_later_is_told_who_is_there(
    everyone: list[Peer], channel: str, data: Any
) -> None:
    members, newcomers = everyone[::2], everyone[1::2]
    for member in members:
        await member.present(channel, Act.ENTER, data)
    for newcomer in newcomers:
        inbox = await newcomer.watch(channel)
        told = [await inbox.get() for _ in members]
        assert described(told) == expected(dict.fromkeys(members, data))
    await agree(everyone, channel, dict.fromkeys(members, data))


@pytest.mark.parametrize("another", KINDS, ids=str, indirect=True)
async def test_a_member_whose_connection_is_lost_disappears(
    another: Peer, everyone: list[Peer], server: LocalAbly, channel: str
) -> None:
    inboxes = [await peer.watch(channel) for peer in everyone]
    await another.present(channel, Act.ENTER, b"here")
    await expect(inboxes, "enter", another, b"here")

    server.faults.refuse_connections()
    server.faults.drop_connections(another.connection_id)
    await agree(everyone, channel, {another: b"here"})  # it may still come back
    server.clock.advance(Limits().presence_leave_delay)
    await expect(inboxes, "leave", another, b"here")
    await agree(everyone, channel, {})


@pytest.mark.parametrize("another", KINDS, ids=str, indirect=True)
async def test_a_member_that_comes_back_enters_again(
    another: Peer, everyone: list[Peer], server: LocalAbly, channel: str
) -> None:
    inboxes = [await peer.watch(channel) for peer in everyone]
    await another.present(channel, Act.ENTER, b"here")
    await expect(inboxes, "enter", another, b"here")

    server.faults.drop_connections(another.connection_id)
    server.clock.advance(Limits().presence_leave_delay)
    await expect(inboxes, "leave", another, b"here")
    await expect(inboxes, "enter", another, b"here")
    await agree(everyone, channel, {another: b"here"})


async def expect(inboxes: list[Inbox[Member]], action: str, member: Peer, data: Any) -> None:
    """See that this is what everyone is told next."""
    for inbox in inboxes:
        seen = await inbox.get()
        assert (seen.action, exact(seen.data)) == (action, exact(data))
        assert (seen.client_id, seen.connection_id) == (member.client_id, member.connection_id)


async def agree(peers: list[Peer], channel: str, present: Mapping[Peer, Any]) -> None:
    """See that these members, with this data, are present for every peer."""
    for peer in peers:
        assert described(await peer.members(channel)) == expected(present)


def described(members: list[Member]) -> list[tuple[Any, ...]]:
    """What there is to compare of members, in an order of its own."""
    return sorted(
        (member.action, member.client_id, member.connection_id, exact(member.data))
        for member in members
    )


def expected(present: Mapping[Peer, Any]) -> list[tuple[Any, ...]]:
    """The same of those who are present."""
    return sorted(
        ("present", peer.client_id, peer.connection_id, exact(data))
        for peer, data in present.items()
    )
