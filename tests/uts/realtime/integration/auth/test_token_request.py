"""RSA9: a signed TokenRequest is accepted by the server."""

from __future__ import annotations

import pytest

from tests.integration.live import reach
from tests.integration.sandbox import Sandbox, unique


@pytest.mark.uts("realtime/integration/RSA9a/token-request-server-accepted-0")
async def test_token_request(sandbox: Sandbox) -> None:
    creator = sandbox.rest(key=sandbox.key)
    client = sandbox.client(auth_callback=lambda _: creator.auth.create_token_request())

    client.connect()
    await reach(client.connection, "connected")

    assert client.connection.id is not None
    assert client.connection.error_reason is None


@pytest.mark.uts("realtime/integration/RSA9/token-request-with-clientid-0")
async def test_token_request_for_a_client_id(sandbox: Sandbox) -> None:
    client_id = unique("token-request-client")
    creator = sandbox.rest(key=sandbox.key)
    client = sandbox.client(
        auth_callback=lambda _: creator.auth.create_token_request({"client_id": client_id}),
        client_id=client_id,
    )

    client.connect()
    await reach(client.connection, "connected")

    assert client.auth.client_id == client_id
