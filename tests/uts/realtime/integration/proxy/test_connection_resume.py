"""RTN15, RTN16, RTN19: resuming and recovering."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from tests.faults import Action, Direction, FaultProxy, Frame, Relay
from tests.integration.live import pass_through, reach
from tests.integration.sandbox import Sandbox, unique
from tests.uts.harness import record, states
from tests.uts.harness.frames import connected, disconnected, error, error_info

ENDINGS = {
    "realtime/proxy/RTN15a/disconnect-triggers-resume-0": Relay.close,
    "realtime/proxy/RTN15a/tcp-close-triggers-resume-1": Relay.cut,
}

NOT_RECOVERED = error_info(80008, 400, "Unable to recover connection")


@pytest.mark.parametrize(
    "end", [pytest.param(end, marks=pytest.mark.uts(case)) for case, end in ENDINGS.items()]
)
async def test_drop_triggers_resume(
    end: Callable[[Relay], None], sandbox: Sandbox, proxy: FaultProxy
) -> None:
    client = sandbox.client(through=proxy)
    changes = record(client.connection)

    client.connect()
    await reach(client.connection, "connected")
    end(proxy.relay)
    await pass_through(changes, ["connected", "disconnected", "connecting", "connected"])

    assert len(proxy.upgrades) >= 2
    assert proxy.upgrades[1].params["resume"]


@pytest.mark.uts("realtime/proxy/RTN15b/resume-preserves-connid-0")
async def test_resume_keeps_the_connection_id(sandbox: Sandbox, proxy: FaultProxy) -> None:
    client = await sandbox.connected(through=proxy)
    changes = record(client.connection)
    original_id, original_key = client.connection.id, client.connection.key
    assert original_id is not None
    assert original_key is not None

    proxy.relay.close()
    await pass_through(changes, ["disconnected", "connected"])

    assert client.connection.id == original_id
    assert len(proxy.upgrades) >= 2
    assert proxy.upgrades[1].params["resume"] == original_key
    assert client.connection.error_reason is None


@pytest.mark.uts("realtime/proxy/RTN15c7/failed-resume-new-connid-0")
async def test_failed_resume(sandbox: Sandbox, proxy: FaultProxy) -> None:
    proxy.on(Action.CONNECTED, nth=2).replace(
        connected("proxy-injected-new-id", "proxy-injected-new-key", error=NOT_RECOVERED)
    )
    client = await sandbox.connected(through=proxy)
    changes = record(client.connection)
    original_id = client.connection.id
    assert original_id is not None

    proxy.relay.close()
    await pass_through(changes, ["disconnected", "connected"])

    assert client.connection.state == "connected"
    assert client.connection.id == "proxy-injected-new-id" != original_id
    assert client.connection.key == "proxy-injected-new-key"
    assert client.connection.error_reason is not None
    assert client.connection.error_reason.code == 80008
    assert len(proxy.upgrades) >= 2
    assert proxy.upgrades[1].params["resume"]


@pytest.mark.uts("realtime/proxy/RTN15h1/token-error-nonrenewable-failed-0")
async def test_token_error_without_means_to_renew(sandbox: Sandbox, proxy: FaultProxy) -> None:
    details = await sandbox.token()
    client = await sandbox.connected(through=proxy, token=details.token)
    changes = record(client.connection)

    proxy.relay.inject(disconnected(40142, 401, "Token expired"))
    proxy.relay.close()
    await reach(client.connection, "failed")

    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (40171, 401)
    assert "failed" in states(changes)


@pytest.mark.uts("realtime/proxy/RTN15h3/non-token-error-reconnects-0")
async def test_disconnected_for_another_reason(sandbox: Sandbox, proxy: FaultProxy) -> None:
    client = await sandbox.connected(through=proxy)
    changes = record(client.connection)

    proxy.relay.inject(disconnected(80003, 500, "Service temporarily unavailable"))
    proxy.relay.close()
    await pass_through(changes, ["disconnected", "connecting", "connected"])

    assert client.connection.state == "connected"
    assert len(proxy.upgrades) >= 2
    assert proxy.upgrades[1].params["resume"]
    assert client.connection.error_reason is None


@pytest.mark.uts("realtime/proxy/RTN15j/fatal-error-established-conn-0")
async def test_fatal_error_while_connected(sandbox: Sandbox, proxy: FaultProxy) -> None:
    client = await sandbox.connected(through=proxy)
    channels = [client.channels.get(unique(f"fatal-error-{letter}")) for letter in "ab"]
    await asyncio.gather(*(channel.attach() for channel in channels))
    connection_changes = record(client.connection)
    channel_changes = [record(channel) for channel in channels]

    proxy.relay.inject(error(50000, 500, "Internal server error"))
    await reach(client.connection, "failed")

    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (50000, 500)
    assert "failed" in states(connection_changes)
    for channel, changes in zip(channels, channel_changes, strict=True):
        assert channel.state == "failed"
        assert channel.error_reason is not None
        assert channel.error_reason.code == 50000
        assert "failed" in states(changes)
    assert len(proxy.upgrades) == 1


@pytest.mark.uts("realtime/proxy/RTN14h/resume-after-ttl-expiry-0")
async def test_resume_is_tried_after_the_ttl(sandbox: Sandbox, proxy: FaultProxy) -> None:
    """With a time to live of 300 ms for the case's two seconds."""

    def shorten(frame: Frame) -> Frame:
        details = {**frame["connectionDetails"], "connectionStateTtl": 300}
        return {**frame, "connectionId": "proxy-ttl-test-id", "connectionDetails": details}

    proxy.on(Action.CONNECTED, nth=1).replace(shorten)
    proxy.on_upgrade(nth=2).refuse()
    client = await sandbox.connected(through=proxy, suspended_retry_timeout=200)
    changes = record(client.connection)
    assert client.connection.id == "proxy-ttl-test-id"

    proxy.relay.close()
    await pass_through(changes, ["disconnected", "suspended", "connected"])

    assert client.connection.id != "proxy-ttl-test-id"
    assert len(proxy.upgrades) >= 3
    assert "resume" not in proxy.upgrades[0].params
    assert proxy.upgrades[-1].params["resume"]


@pytest.mark.uts("realtime/proxy/RTN19a/unacked-resent-on-resume-0")
async def test_unacknowledged_messages_are_sent_again(sandbox: Sandbox, proxy: FaultProxy) -> None:
    ack = proxy.on(Action.ACK, Direction.TO_CLIENT, times=1).drop()
    client = await sandbox.connected(through=proxy)
    channel = client.channels.get(unique("resend-unacked"))
    await channel.attach()

    publish = asyncio.create_task(channel.publish("event", "test-data"))
    await proxy.until(lambda: ack.fired == 1)
    assert proxy.sent(Direction.TO_SERVER, Action.MESSAGE)
    proxy.relay.close()
    await asyncio.wait_for(publish, 10)

    assert len(proxy.upgrades) >= 2
    assert proxy.upgrades[1].params["resume"]
    first, second = proxy.sent(Direction.TO_SERVER, Action.MESSAGE)
    assert first["msgSerial"] == second["msgSerial"]


@pytest.mark.uts("realtime/proxy/RTN16d/recovery-preserves-connid-0")
async def test_recovery(sandbox: Sandbox, proxy: FaultProxy) -> None:
    first = await sandbox.connected(through=proxy)
    original_id, original_key = first.connection.id, first.connection.key
    assert original_id is not None
    await first.channels.get(unique("recovery-test")).attach()
    recovery_key = first.connection.create_recovery_key()
    assert recovery_key is not None

    async with FaultProxy(sandbox.server.host, sandbox.server.port) as second_proxy:
        changes = record(first.connection)
        proxy.refuse()  # so that the first client does not come back
        proxy.relay.close()
        await pass_through(changes, ["disconnected"])
        await first.connection.close()
        second = await sandbox.connected(through=second_proxy, recover=recovery_key)

        assert second.connection.id == original_id
        assert second.connection.key is not None
        assert second.connection.key != original_key
        assert second_proxy.upgrades[0].params["recover"] == original_key
        assert "resume" not in second_proxy.upgrades[0].params
        assert second.connection.error_reason is None
        await second.close()


@pytest.mark.uts("realtime/proxy/RTN16l/recovery-failure-fresh-conn-0")
async def test_failed_recovery(sandbox: Sandbox, proxy: FaultProxy) -> None:
    proxy.on(Action.CONNECTED, nth=1).replace(
        connected("recovery-failed-new-id", "recovery-failed-new-key", error=NOT_RECOVERED)
    )
    recovery_key = json.dumps(
        {
            "connectionKey": "stale-old-key",
            "msgSerial": 99,
            "channelSerials": {"old-channel": "old-serial"},
        }
    )

    client = await sandbox.connected(through=proxy, recover=recovery_key)

    assert client.connection.state == "connected"
    assert client.connection.id == "recovery-failed-new-id"
    assert client.connection.key == "recovery-failed-new-key"
    assert client.connection.error_reason is not None
    assert client.connection.error_reason.code == 80008
    assert proxy.upgrades[0].params["recover"] == "stale-old-key"
