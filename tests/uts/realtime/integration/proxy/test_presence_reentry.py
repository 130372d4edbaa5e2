"""RTP17i: members that enter again by themselves."""

from __future__ import annotations

import pytest

from tests.faults import Action, Direction, FaultProxy, Frame
from tests.integration.live import pass_through, reach
from tests.integration.sandbox import Sandbox, unique
from tests.uts.harness import record
from tests.uts.harness.frames import attached, error_info
from tests.uts.realtime.integration.pair import Side, join

CONTINUITY_LOST = error_info(91001, 500, "Continuity lost")
ENTER = 2


async def enter(sandbox: Sandbox, proxy: FaultProxy, channel: str) -> Side:
    side = await join(
        sandbox,
        channel,
        through=proxy,
        auth_callback=lambda _: sandbox.jwt(client_id="client-a"),
    )
    await side.channel.attach()
    await side.channel.presence.enter("hello")
    return side


def assert_enters(frame: Frame) -> None:
    member = frame["presence"][0]
    assert (member["clientId"], member["data"]) == ("client-a", "hello")
    assert member["action"] == ENTER


@pytest.mark.uts("realtime/proxy/RTP17i/reenter-on-non-resumed-0")
async def test_after_an_attached_without_resumed(sandbox: Sandbox, proxy: FaultProxy) -> None:
    name = unique("test-rtp17i")
    side = await enter(sandbox, proxy, name)
    before = len(proxy.sent(Direction.TO_SERVER, Action.PRESENCE))

    proxy.relay.inject(attached(name, error=CONTINUITY_LOST))
    await proxy.until(lambda: len(proxy.sent(Direction.TO_SERVER, Action.PRESENCE)) > before)

    assert_enters(proxy.sent(Direction.TO_SERVER, Action.PRESENCE)[-1])
    assert side.channel.state == "attached"
    assert side.client.connection.state == "connected"


@pytest.mark.uts("realtime/proxy/RTP17i/reenter-after-disconnect-1")
async def test_after_a_disconnect(sandbox: Sandbox, proxy: FaultProxy) -> None:
    name = unique("test-rtp17i-real")
    proxy.on(Action.ATTACHED, channel=name, nth=2).replace(attached(name, error=CONTINUITY_LOST))
    side = await enter(sandbox, proxy, name)
    changes = record(side.client.connection)

    proxy.relay.close()
    await pass_through(changes, ["disconnected", "connected"])
    await reach(side.channel, "attached")

    def sent_since() -> list[Frame]:
        return [
            record.frame
            for record in proxy.records
            if record.direction is Direction.TO_SERVER
            and record.frame["action"] == Action.PRESENCE
            and record.at > proxy.upgrades[1].at
        ]

    await proxy.until(lambda: bool(sent_since()))
    assert_enters(sent_since()[0])
    assert side.channel.state == "attached"
    assert side.client.connection.state == "connected"
