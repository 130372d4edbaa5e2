"""What a client tells about itself."""

from __future__ import annotations

import json
import logging

import pytest

from tests.faults import FaultProxy
from tests.integration.live import pass_through, reach
from tests.integration.sandbox import Sandbox
from tests.uts.harness import record


async def test_snapshot_follows_the_client(sandbox: Sandbox) -> None:
    client = sandbox.untracked_client()
    before = client.debug_snapshot()
    assert before["connection"] == {"state": "initialized", "error_code": None}
    assert before["channels"] == {}

    async with client:
        client.connect()
        await reach(client.connection, "connected")
        await client.channels.get("a").attach()
        client.channels.get("b")
        during = client.debug_snapshot()
    assert during["connection"] == {"state": "connected", "error_code": None}
    assert during["channels"] == {"attached": 1, "initialized": 1}
    assert during["codec"]["format"] == "json"
    assert during["versions"].keys() == {"ably-realtime", "protocol", "python"}
    assert client.debug_snapshot()["connection"]["state"] == "closed"


async def test_snapshot_has_no_credentials(sandbox: Sandbox) -> None:
    client = await sandbox.connected()
    text = json.dumps(client.debug_snapshot())
    assert sandbox.key.partition(":")[2] not in text
    assert str(client.auth.token_details.token) not in text


async def test_a_transport_of_the_application_goes_by_the_name_of_its_class(
    sandbox: Sandbox,
) -> None:
    class Homemade:
        sees_pings = True

        async def open(self, request: object, events: object) -> object:
            raise ConnectionError

    client = sandbox.untracked_client(transport=Homemade())
    assert client.debug_snapshot()["transport"].endswith("Homemade")


async def test_the_first_connection_says_by_what_it_was_made(
    sandbox: Sandbox, proxy: FaultProxy, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ably_realtime")
    client = await sandbox.connected(through=proxy)
    snapshot = client.debug_snapshot()
    changes = record(client.connection)
    proxy.relay.reset()
    await pass_through(changes, ["disconnected", "connecting", "connected"])

    lines = [line for line in caplog.messages if line.startswith("connected by")]
    library = snapshot["codec"]["library"]
    assert lines == [f"connected by {snapshot['transport']}, {library} for json"]
