"""RTP4, RTP8 to RTP11: members come, change and go."""

from __future__ import annotations

import asyncio

import pytest

from ably_realtime import PresenceAction, PresenceMessage
from tests.integration.live import eventually
from tests.integration.sandbox import Sandbox, unique
from tests.uts.realtime.integration.pair import join

MEMBERS = 50


@pytest.mark.uts("realtime/integration/RTP4/bulk-enter-observed-0")
async def test_many_members(sandbox: Sandbox, binary: bool) -> None:
    name = unique("presence-bulk")
    a = await join(sandbox, name, use_binary_protocol=binary)
    b = await join(sandbox, name, use_binary_protocol=binary)
    await b.channel.attach()
    entered: set[str | None] = set()
    await b.channel.presence.subscribe(
        ["enter", "present"], lambda member: entered.add(member.client_id)
    )
    await a.channel.attach()

    await asyncio.gather(
        *(a.channel.presence.enter_client(f"user-{n}", f"data-{n}") for n in range(MEMBERS))
    )
    await eventually(lambda: len(entered) >= MEMBERS)
    members = await b.channel.presence.get()

    assert len(entered) == MEMBERS
    assert len(members) == MEMBERS
    assert {member.client_id: member.data for member in members} == {
        f"user-{n}": f"data-{n}" for n in range(MEMBERS)
    }


@pytest.mark.uts("realtime/integration/RTP8/enter-update-leave-lifecycle-0")
async def test_enter_update_leave(sandbox: Sandbox, binary: bool) -> None:
    name = unique("presence-lifecycle")
    a = await join(sandbox, name, use_binary_protocol=binary, client_id="lifecycle-client")
    b = await join(sandbox, name, use_binary_protocol=binary)
    await b.channel.attach()
    events: list[PresenceMessage] = []
    await b.channel.presence.subscribe(events.append)
    await a.channel.attach()

    await a.channel.presence.enter("hello")
    await eventually(lambda: len(events) >= 1, waiting_for="the ENTER")
    (member,) = await b.channel.presence.get()
    assert (member.client_id, member.data) == ("lifecycle-client", "hello")

    await a.channel.presence.update("world")
    await eventually(lambda: len(events) >= 2, waiting_for="the UPDATE")
    (member,) = await b.channel.presence.get()
    assert member.data == "world"

    await a.channel.presence.leave("goodbye")
    await eventually(lambda: len(events) >= 3, waiting_for="the LEAVE")
    assert await b.channel.presence.get() == []

    assert [(event.action, event.client_id, event.data) for event in events] == [
        (PresenceAction.ENTER, "lifecycle-client", "hello"),
        (PresenceAction.UPDATE, "lifecycle-client", "world"),
        (PresenceAction.LEAVE, "lifecycle-client", "goodbye"),
    ]
