"""RTN14: credentials that the server does not accept."""

from __future__ import annotations

import pytest

from tests.integration.live import reach
from tests.integration.sandbox import Sandbox


@pytest.mark.uts("realtime/integration/RTN14a/invalid-key-failed-0")
async def test_invalid_key(sandbox: Sandbox) -> None:
    client = sandbox.client(key="invalid.key:secret")

    client.connect()
    await reach(client.connection, "failed")

    reason = client.connection.error_reason
    assert reason is not None
    assert reason.code in {40005, 40101}
    assert reason.status_code in {401, 404}


@pytest.mark.uts("realtime/integration/RTN14g/revoked-key-failed-0")
async def test_key_of_an_app_that_does_not_exist(sandbox: Sandbox) -> None:
    client = sandbox.client(key="nonexistent.keyname:keysecret")

    client.connect()
    await reach(client.connection, "failed")

    reason = client.connection.error_reason
    assert reason is not None
    assert not 40140 <= reason.code < 40150
