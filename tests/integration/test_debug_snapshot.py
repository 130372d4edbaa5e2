"""What a client tells about itself."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from ably_realtime import AblyRealtime
from tests.faults import FaultProxy
from tests.integration.live import eventually, pass_through, reach
from tests.integration.sandbox import Sandbox, unique
from tests.uts.harness import record


async def test_snapshot_follows_the_client(sandbox: Sandbox) -> None:
    client = sandbox.untracked_client()
    before = client.debug_snapshot()
    assert before["connection"]["state"] == "initialized"
    assert before["connection"]["error"] is None
    assert before["channels"] == {}

    async with client:
        client.connect()
        await reach(client.connection, "connected")
        await client.channels.get("a").attach()
        client.channels.get("b")
        during = client.debug_snapshot()
    assert during["connection"]["state"] == "connected"
    assert during["connection"]["id"] is not None
    assert during["connection"]["host"] == sandbox.server.host
    assert during["connection"]["timers"].keys() == {"idle"}
    assert {name: channel["state"] for name, channel in during["channels"].items()} == {
        "a": "attached",
        "b": "initialized",
    }
    assert during["codec"]["format"] == "json"
    assert during["versions"].keys() >= {"ably-realtime", "ably", "protocol", "python"}
    assert during["options"]["endpoint"] == sandbox.server.host
    assert client.debug_snapshot()["connection"]["state"] == "closed"


async def test_snapshot_tells_of_members_serials_and_what_waits(
    sandbox: Sandbox, proxy: FaultProxy
) -> None:
    client = await sandbox.connected(
        through=proxy, auth_callback=lambda _: sandbox.jwt(client_id="me"), client_id="me"
    )
    channel = client.channels.get(unique("snapshot"))
    await channel.presence.enter()
    await eventually(lambda: client.debug_snapshot()["channels"][channel.name]["members"] == 1)
    told = client.debug_snapshot()["channels"][channel.name]
    serial = channel.properties.channel_serial
    assert serial is not None
    assert serial.endswith(told["channel_serial"].removeprefix("…"))
    assert told["members_complete"] is True
    assert client.debug_snapshot()["queues"] == {
        "queued": 0,
        "unacknowledged": 0,
        "busy_listeners": 0,
    }


async def test_the_first_connection_says_by_what_it_was_made(
    sandbox: Sandbox, proxy: FaultProxy, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ably_realtime.connection")
    client = await sandbox.connected(through=proxy)
    snapshot = client.debug_snapshot()
    changes = record(client.connection)
    proxy.relay.reset()
    await pass_through(changes, ["disconnected", "connecting", "connected"])

    lines = [line for line in caplog.messages if ", by " in line]
    library = snapshot["codec"]["library"]
    assert len(lines) == 1
    assert lines[0].endswith(f" attempt, by {snapshot['transport']}, {library} for json")


async def test_snapshot_remembers_errors_and_counts_attempts(
    sandbox: Sandbox, proxy: FaultProxy
) -> None:
    client = await sandbox.connected(through=proxy)
    changes = record(client.connection)
    proxy.relay.reset()
    await pass_through(changes, ["disconnected", "connecting", "connected"])
    snapshot = client.debug_snapshot()
    (error,) = snapshot["errors"]
    assert (error["where"], error["state"]) == ("connection", "disconnected")
    assert error["error"]["code"] == 80003
    assert (snapshot["connection"]["attempts"], snapshot["connection"]["attempts_ever"]) == (1, 2)
    assert snapshot["connection"]["resumed"] is True


SECRETS: dict[str, dict[str, Any]] = {
    "key": {"key": "app.key:very-secret", "use_token_auth": True},
    "token": {"token": "very-secret"},
    "url": {
        "auth_url": "http://127.0.0.1:1/?token=very-secret",
        "auth_headers": {"Authorization": "very-secret"},
        "auth_params": {"password": "very-secret"},
    },
    "callback": {"auth_callback": lambda _: (_ for _ in ()).throw(ValueError("no"))},
    "recover": {"token": "t", "recover": '{"connectionKey": "very-secret", "msgSerial": 0}'},
    "proxy": {"token": "t", "proxy": "http://me:very-secret@127.0.0.1:1"},
}


@pytest.mark.parametrize("given", SECRETS)
async def test_snapshot_has_no_secret_of_the_options(given: str) -> None:
    where: dict[str, Any] = {"endpoint": "localhost", "port": 1, "tls": False}
    async with AblyRealtime(**where, **SECRETS[given]) as client:
        await reach(client.connection, "disconnected", "failed")
        snapshot = client.debug_snapshot()
    text = json.dumps(snapshot)
    assert "very-secret" not in text
    for name in SECRETS[given].keys() - {"use_token_auth"}:
        assert snapshot["options"][name] == "***"
    assert snapshot["errors"], "the errors are told, without what they quote"


async def test_snapshot_has_neither_credentials_in_use_nor_payloads(sandbox: Sandbox) -> None:
    client = await sandbox.connected()
    await client.channels.get("a").publish("secret-name", "secret-data")
    text = json.dumps(client.debug_snapshot())
    assert sandbox.key.partition(":")[2] not in text
    assert str(client.auth.token_details.token) not in text
    assert "secret-name" not in text
    assert "secret-data" not in text
    recovery = client.connection.create_recovery_key()
    assert recovery is not None
    assert json.loads(recovery)["connectionKey"] not in text


async def test_an_error_that_quotes_a_credential_is_redacted(sandbox: Sandbox) -> None:
    def quoting(_: object) -> str:
        raise ValueError("cannot sign with very-secret-password")

    client = sandbox.client(auth_callback=quoting, auth_params={"p": "very-secret-password"})
    client.connect()
    await reach(client.connection, "disconnected")
    text = json.dumps(client.debug_snapshot()["errors"])
    assert "cannot sign with ***" in text
    assert "very-secret-password" not in text


async def test_a_transport_of_the_application_goes_by_the_name_of_its_class(
    sandbox: Sandbox,
) -> None:
    class Homemade:
        sees_pings = True

        async def open(self, request: object, events: object) -> object:
            raise ConnectionError

    client = sandbox.untracked_client(transport=Homemade())
    assert client.debug_snapshot()["transport"].endswith("Homemade")
