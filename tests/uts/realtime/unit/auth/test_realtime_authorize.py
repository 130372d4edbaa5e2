"""RTC8: authorize() on a realtime client."""

from __future__ import annotations

import asyncio

import pytest
from ably import AblyException

from ably_realtime import AblyRealtime
from tests.uts.harness import (
    Action,
    ClientFactory,
    CountingCallback,
    Frame,
    MockConnection,
    MockWebSocket,
    accept,
    accept_each,
    assert_in_order,
    await_state,
    complete,
    in_turn,
    record,
    reply,
    settle,
    states,
)
from tests.uts.harness.frames import attached, connected, error

CONNECTED_AGAIN = connected("connection-id", "connection-key-2")


@pytest.fixture
def callback() -> CountingCallback:
    return CountingCallback()


async def connect(
    create_client: ClientFactory, server: MockWebSocket, callback: CountingCallback
) -> AblyRealtime:
    client = create_client(transport=server, auth_callback=callback, auto_connect=False)
    client.connect()
    await await_state(client.connection, "connected")
    return client


@pytest.mark.uts("realtime/unit/RTC8a/authorize-connected-sends-auth-0")
async def test_authorize_while_connected(
    create_client: ClientFactory, callback: CountingCallback
) -> None:
    server = MockWebSocket(accept(connected()), reply(Action.AUTH, lambda _: CONNECTED_AGAIN))
    client = await connect(create_client, server, callback)
    changes = record(client.connection)

    token_details = await complete(client.auth.authorize())

    assert callback.calls == 2
    (sent,) = server.sent_with(Action.AUTH)
    assert sent["auth"]["accessToken"] == "token-2"
    assert token_details.token == "token-2"
    assert [change for change in changes if change.current != change.previous] == []
    assert client.connection.state == "connected"


@pytest.mark.uts("realtime/unit/RTC8a1/successful-reauth-update-event-0")
async def test_authorize_emits_update(
    create_client: ClientFactory, callback: CountingCallback
) -> None:
    renewed = connected(
        "connection-id-2", "connection-key-2", maxIdleInterval=20_000, connectionStateTtl=180_000
    )
    server = MockWebSocket(
        accept(connected("connection-id-1", "connection-key-1")),
        reply(Action.AUTH, lambda _: renewed),
    )
    client = await connect(create_client, server, callback)
    changes = record(client.connection)

    await complete(client.auth.authorize())
    await settle()

    (update,) = changes
    assert update.event == "update"
    assert update.previous == "connected"
    assert update.current == "connected"
    assert client.connection.id == "connection-id-2"
    assert client.connection.key == "connection-key-2"


@pytest.mark.uts("realtime/unit/RTC8a1/capability-downgrade-channel-failed-1")
async def test_capability_downgrade(
    create_client: ClientFactory, callback: CountingCallback
) -> None:
    denied = error(
        40160, 401, "Channel denied access based on given capability", channel="private-channel"
    )

    def on_message(frame: Frame, connection: MockConnection) -> None:
        if frame["action"] == Action.ATTACH:
            connection.send_to_client(attached(frame["channel"]))
        elif frame["action"] == Action.AUTH:
            connection.send_to_client(CONNECTED_AGAIN)
            connection.send_to_client(denied)

    server = MockWebSocket(accept(connected()), on_message)
    client = await connect(create_client, server, callback)
    channel = client.channels.get("private-channel")
    await complete(channel.attach())
    await await_state(channel, "attached")
    changes = record(channel)

    await complete(client.auth.authorize())
    await await_state(channel, "failed")
    await settle()

    (failed,) = [change for change in changes if change.current == "failed"]
    assert failed.reason is not None
    assert (failed.reason.code, failed.reason.status_code) == (40160, 401)
    assert client.connection.state == "connected"


@pytest.mark.uts("realtime/unit/RTC8a2/failed-reauth-connection-failed-0")
async def test_failed_reauth(create_client: ClientFactory, callback: CountingCallback) -> None:
    incompatible = error(40012, 400, "Incompatible clientId")

    def on_message(frame: Frame, connection: MockConnection) -> None:
        if frame["action"] == Action.AUTH:
            connection.send_to_client_and_close(incompatible)

    server = MockWebSocket(accept(connected()), on_message)
    client = await connect(create_client, server, callback)
    changes = record(client.connection)

    with pytest.raises(AblyException) as caught:
        await complete(client.auth.authorize())
    await settle()

    assert caught.value.code == 40012
    assert client.connection.state == "failed"
    assert client.connection.error_reason is not None
    assert client.connection.error_reason.code == 40012
    assert "failed" in states(changes)


@pytest.mark.uts("realtime/unit/RTC8a3/authorize-completes-after-response-0")
async def test_authorize_waits_for_the_response(
    create_client: ClientFactory, callback: CountingCallback
) -> None:
    server = MockWebSocket(accept(connected()))
    client = await connect(create_client, server, callback)

    authorizing = asyncio.create_task(client.auth.authorize())
    await server.await_message(Action.AUTH)
    await settle()
    assert not authorizing.done()
    server.active_connection.send_to_client(CONNECTED_AGAIN)
    token_details = await complete(authorizing)

    assert token_details.token == "token-2"


@pytest.mark.uts("realtime/unit/RTC8b/authorize-connecting-halts-attempt-0")
async def test_authorize_while_connecting(
    create_client: ClientFactory, callback: CountingCallback
) -> None:
    server = MockWebSocket(in_turn(accept(), accept(connected())))
    client = create_client(transport=server, auth_callback=callback, auto_connect=False)
    client.connect()
    await settle()
    assert client.connection.state == "connecting"

    token_details = await complete(client.auth.authorize())

    assert token_details.token == "token-2"
    assert client.connection.state == "connected"
    assert callback.calls == 2
    assert len(server.attempts) == 2
    assert server.attempts[1].params["accessToken"] == "token-2"


@pytest.mark.uts("realtime/unit/RTC8b1/authorize-connecting-fails-on-failed-0")
async def test_authorize_while_connecting_fails(
    create_client: ClientFactory, callback: CountingCallback
) -> None:
    invalid = error(40101, 401, "Invalid credentials")
    server = MockWebSocket(in_turn(accept(), lambda attempt: attempt.respond_with_error(invalid)))
    client = create_client(transport=server, auth_callback=callback, auto_connect=False)
    client.connect()
    await settle()
    assert client.connection.state == "connecting"

    with pytest.raises(AblyException) as caught:
        await complete(client.auth.authorize())

    assert caught.value.code == 40101
    assert client.connection.state == "failed"


@pytest.mark.uts("realtime/unit/RTC8c/authorize-disconnected-initiates-connection-0")
async def test_authorize_without_a_connection(
    create_client: ClientFactory, callback: CountingCallback
) -> None:
    server = MockWebSocket(accept(connected()))
    client = create_client(transport=server, auth_callback=callback, auto_connect=False)
    assert client.connection.state == "initialized"
    changes = record(client.connection)

    token_details = await complete(client.auth.authorize())
    await settle()

    assert token_details.token == "token-1"
    assert client.connection.state == "connected"
    assert_in_order(states(changes), ["connecting", "connected"])
    assert server.attempts[0].params["accessToken"] == "token-1"


@pytest.mark.uts("realtime/unit/RTC8c/authorize-failed-initiates-connection-1")
async def test_authorize_in_failed(
    create_client: ClientFactory, callback: CountingCallback
) -> None:
    invalid = error(40101, 401, "Invalid credentials")
    server = MockWebSocket(
        in_turn(lambda attempt: attempt.respond_with_error(invalid), accept(connected()))
    )
    client = create_client(transport=server, auth_callback=callback, auto_connect=False)
    client.connect()
    await await_state(client.connection, "failed")
    changes = record(client.connection)

    token_details = await complete(client.auth.authorize())
    await settle()

    assert token_details.token == "token-2"
    assert client.connection.state == "connected"
    assert_in_order(states(changes), ["connecting", "connected"])
    assert server.attempts[1].params["accessToken"] == "token-2"


@pytest.mark.uts("realtime/unit/RTC8c/authorize-closed-initiates-connection-2")
async def test_authorize_in_closed(
    create_client: ClientFactory, callback: CountingCallback
) -> None:
    server = MockWebSocket(
        accept_each(lambda n: connected(f"connection-id-{n}", f"connection-key-{n}"))
    )
    client = await connect(create_client, server, callback)
    await complete(client.close(), timeout=10_000)
    await await_state(client.connection, "closed")

    token_details = await complete(client.auth.authorize())

    assert token_details.token == "token-2"
    assert client.connection.state == "connected"
