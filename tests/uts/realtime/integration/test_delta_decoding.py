"""PC3, RTL18 to RTL20: messages that arrive as deltas."""

from __future__ import annotations

import secrets
import sys
from typing import Any

import pytest
import vcdiff_decoder  # type: ignore[import-untyped]  # it ships no types

from ably_realtime import Channel, ChannelOptions, Message
from tests.faults import Action, Direction, FaultProxy
from tests.integration.live import eventually, reach
from tests.integration.sandbox import Sandbox, new_sandbox, unique
from tests.uts.harness import record
from tests.uts.realtime.integration.pair import join

DELTAS = ChannelOptions(params={"delta": "vcdiff"})

DATA: list[dict[str, Any]] = [
    {"foo": "bar", "count": 1, "status": "active"},
    {"foo": "bar", "count": 2, "status": "active"},
    {"foo": "bar", "count": 2, "status": "inactive"},
    {"foo": "bar", "count": 3, "status": "inactive"},
    {"foo": "bar", "count": 3, "status": "active"},
]


class CountingDecoder:
    def __init__(self) -> None:
        self.calls = 0

    def decode(self, delta: bytes, base: bytes) -> bytes:
        self.calls += 1
        decoded: bytes = vcdiff_decoder.decode(base, delta)
        return decoded


class FailingDecoder:
    def decode(self, delta: bytes, base: bytes) -> bytes:
        raise ValueError("cannot decode this")


async def publish(channel: Channel, *payloads: Any, first: int = 0) -> None:
    for number, payload in enumerate(payloads, first):
        await channel.publish(str(number), payload)


def named(messages: list[Message]) -> dict[str | None, Any]:
    return {message.name: message.data for message in messages}


@pytest.mark.uts("realtime/integration/PC3/delta-decode-end-to-end-0")
async def test_deltas(sandbox: Sandbox, binary: bool) -> None:
    decoder = CountingDecoder()
    side = await join(
        sandbox, unique("delta-PC3"), DELTAS, use_binary_protocol=binary, vcdiff_decoder=decoder
    )
    await side.channel.attach()
    changes = record(side.channel)
    received: list[Message] = []
    await side.channel.subscribe(received.append)

    await publish(side.channel, *DATA)
    await eventually(lambda: len(received) >= len(DATA))

    assert [(m.name, m.data) for m in received] == [(str(n), d) for n, d in enumerate(DATA)]
    assert decoder.calls == len(DATA) - 1
    assert not changes, "the channel attached again: decoding failed"


@pytest.mark.uts("realtime/integration/RTL19b/dissimilar-payloads-no-delta-0")
async def test_dissimilar_payloads(sandbox: Sandbox, binary: bool) -> None:
    payloads = [secrets.token_bytes(1024) for _ in range(5)]
    side = await join(
        sandbox,
        unique("delta-dissimilar"),
        DELTAS,
        use_binary_protocol=binary,
        vcdiff_decoder=CountingDecoder(),
    )
    await side.channel.attach()
    changes = record(side.channel)
    received: list[Message] = []
    await side.channel.subscribe(received.append)

    await publish(side.channel, *payloads)
    await eventually(lambda: len(received) >= len(payloads))

    assert [(m.name, m.data) for m in received] == [(str(n), p) for n, p in enumerate(payloads)]
    assert not changes, "the channel attached again: decoding failed"


@pytest.mark.uts("realtime/integration/PC3/no-deltas-without-param-1")
async def test_no_deltas_unless_asked_for(sandbox: Sandbox, binary: bool) -> None:
    decoder = CountingDecoder()
    side = await join(
        sandbox, unique("delta-no-param"), use_binary_protocol=binary, vcdiff_decoder=decoder
    )
    await side.channel.attach()
    received: list[Message] = []
    await side.channel.subscribe(received.append)

    await publish(side.channel, *DATA)
    await eventually(lambda: len(received) >= len(DATA))

    assert [(m.name, m.data) for m in received] == [(str(n), d) for n, d in enumerate(DATA)]
    assert decoder.calls == 0


@pytest.mark.uts("realtime/integration/RTL18/recovery-message-id-mismatch-0")
async def test_recovery_from_a_gap(binary: bool) -> None:
    """The gap is a real one: a proxy swallows a message, so there is no TLS here."""
    async with (
        new_sandbox(tls=False) as sandbox,
        FaultProxy(sandbox.server.host, sandbox.server.port) as proxy,
    ):
        side = await join(
            sandbox,
            unique("delta-recovery-mismatch"),
            DELTAS,
            through=proxy,
            use_binary_protocol=binary,
            vcdiff_decoder=CountingDecoder(),
        )
        await side.channel.attach()
        changes = record(side.channel)
        received: list[Message] = []
        await side.channel.subscribe(received.append)
        await publish(side.channel, *DATA[:3])
        await eventually(lambda: len(received) >= 3)

        proxy.on(Action.MESSAGE, Direction.TO_CLIENT, times=1).drop()
        await publish(side.channel, *DATA[3:], first=3)
        await eventually(lambda: len(named(received)) >= len(DATA))

        assert named(received) == {str(number): data for number, data in enumerate(DATA)}
        reasons = [change.reason for change in changes if change.current == "attaching"]
        assert reasons
        assert reasons[0].code == 40018
        await side.client.close()


@pytest.mark.uts("realtime/integration/RTL18/recovery-decode-failure-1")
async def test_recovery_from_a_failure_to_decode(sandbox: Sandbox, binary: bool) -> None:
    side = await join(
        sandbox,
        unique("delta-recovery-decode"),
        DELTAS,
        use_binary_protocol=binary,
        vcdiff_decoder=FailingDecoder(),
    )
    await side.channel.attach()
    changes = record(side.channel)
    received: list[Message] = []
    await side.channel.subscribe(received.append)

    await publish(side.channel, *DATA)
    await eventually(lambda: len(named(received)) >= len(DATA))

    assert named(received) == {str(number): data for number, data in enumerate(DATA)}
    reasons = [change.reason for change in changes if change.current == "attaching"]
    assert reasons
    assert reasons[0].code == 40018


@pytest.mark.uts("realtime/integration/PC3/no-plugin-causes-failed-2")
async def test_no_decoder(sandbox: Sandbox, binary: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """No decoder is given, and the one that the client would find by itself is not installed."""
    monkeypatch.setitem(sys.modules, "vcdiff_decoder", None)
    name = unique("delta-no-plugin")
    subscriber = await join(sandbox, name, DELTAS, use_binary_protocol=binary)
    publisher = await join(sandbox, name, use_binary_protocol=binary)
    await subscriber.channel.attach()
    await publisher.channel.attach()

    await publish(publisher.channel, *DATA)
    await reach(subscriber.channel, "failed")

    assert subscriber.channel.error_reason is not None
    assert subscriber.channel.error_reason.code == 40019
