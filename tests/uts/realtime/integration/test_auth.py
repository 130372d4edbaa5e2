"""RTC8, RSA7, RSA8: token authentication."""

from __future__ import annotations

import pytest

from tests.integration.live import reach
from tests.integration.sandbox import Sandbox, unique
from tests.uts.harness import record


@pytest.mark.uts("realtime/integration/RTC8a/in-band-reauth-connected-0")
async def test_authorize_while_connected(sandbox: Sandbox) -> None:
    client = await sandbox.connected(auth_callback=lambda _: sandbox.jwt())
    before = client.connection.id
    changes = record(client.connection)

    token = await client.auth.authorize()

    assert isinstance(token.token, str)
    assert client.connection.id == before
    assert not [change for change in changes if change.current != change.previous]


@pytest.mark.uts("realtime/integration/RTC8c/authorize-initiates-connection-0")
async def test_authorize_connects(sandbox: Sandbox) -> None:
    client = sandbox.client(auth_callback=lambda _: sandbox.jwt())
    assert client.connection.state == "initialized"

    token = await client.auth.authorize()
    await reach(client.connection, "connected")

    assert token is not None
    assert client.connection.id is not None


@pytest.mark.uts("realtime/integration/RSA8/token-auth-connect-0")
async def test_connect_with_a_token(sandbox: Sandbox) -> None:
    client = sandbox.client(auth_callback=lambda _: sandbox.jwt())

    client.connect()
    await reach(client.connection, "connected")

    assert client.connection.id is not None
    assert client.connection.error_reason is None


@pytest.mark.uts("realtime/integration/RSA7/matching-clientid-succeeds-0")
async def test_matching_client_id(sandbox: Sandbox) -> None:
    client_id = unique("test-client")
    client = sandbox.client(
        auth_callback=lambda _: sandbox.jwt(client_id=client_id), client_id=client_id
    )

    client.connect()
    await reach(client.connection, "connected")

    assert client.auth.client_id == client_id


@pytest.mark.uts("realtime/integration/RSA7/mismatched-clientid-fails-1")
async def test_mismatched_client_id(sandbox: Sandbox) -> None:
    """The mismatch shows when the token arrives, one of the two moments that the case allows."""
    client = sandbox.client(
        auth_callback=lambda _: sandbox.jwt(client_id="token-client-id"),
        client_id="wrong-client-id",
    )

    client.connect()
    await reach(client.connection, "failed")

    assert client.connection.error_reason is not None
    assert client.connection.error_reason.code == 40102
