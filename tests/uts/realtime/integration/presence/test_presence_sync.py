"""RTP2: members that were there before."""

from __future__ import annotations

import pytest

from ably_realtime import PresenceAction
from tests.integration.sandbox import Sandbox, unique
from tests.uts.realtime.integration.pair import join


@pytest.mark.uts("realtime/integration/RTP2/sync-delivers-members-0")
async def test_a_member(sandbox: Sandbox) -> None:
    name = unique("presence-sync")
    a = await join(sandbox, name, client_id="sync-member-a")
    await a.channel.attach()
    await a.channel.presence.enter("sync-data")

    b = await join(sandbox, name)
    await b.channel.attach()
    (member,) = await b.channel.presence.get()

    assert (member.client_id, member.data) == ("sync-member-a", "sync-data")
    assert member.action is PresenceAction.PRESENT


@pytest.mark.uts("realtime/integration/RTP2/sync-multiple-members-1")
async def test_several_members(sandbox: Sandbox) -> None:
    name = unique("presence-sync-multi")
    expected = {f"sync-user-{n}": f"data-{n}" for n in range(10)}
    a = await join(sandbox, name)
    await a.channel.attach()
    for client_id, data in expected.items():
        await a.channel.presence.enter_client(client_id, data)

    b = await join(sandbox, name)
    await b.channel.attach()
    members = await b.channel.presence.get()

    assert len(members) == len(expected)
    assert {member.client_id: member.data for member in members} == expected
