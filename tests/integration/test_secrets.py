"""No key and no token is printed anywhere: not in logs, reprs or errors."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

import pytest

from ably_realtime import AblyError, AblyRealtime
from tests.faults import Action, FaultProxy
from tests.integration.live import eventually, pass_through, reach
from tests.integration.sandbox import Counted, Sandbox, unique
from tests.uts.harness import record
from tests.uts.harness.frames import auth, disconnected

ABLY_REST = "ably."
"""What the REST SDK logs is its own affair."""


class Printed:
    """All that a client prints, in one text."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog
        self._texts: list[str] = []

    def add(self, *things: object) -> None:
        for thing in things:
            self._texts += [str(thing), repr(thing)]
            if isinstance(thing, BaseException):
                self._texts += traceback.format_exception(thing)

    @property
    def text(self) -> str:
        logged = [
            f"{record.getMessage()} {record.exc_text or ''} {record.args!r}"
            for record in self._caplog.records
            if not record.name.startswith(ABLY_REST)
        ]
        return "\n".join([*self._texts, *logged])


@pytest.fixture
def printed(caplog: pytest.LogCaptureFixture) -> Printed:
    caplog.set_level(logging.DEBUG)
    return Printed(caplog)


async def exercise(client: AblyRealtime, proxy: FaultProxy, printed: Printed) -> None:
    """A bit of everything, with every object looked at."""
    changes = record(client.connection)
    client.connect()
    await reach(client.connection, "connected")
    channel = client.channels.get(unique("printed"))
    await channel.subscribe(lambda _: None)
    await channel.publish("event", "data")
    proxy.relay.inject(auth())
    await eventually(lambda: any(change.event == "update" for change in changes))
    proxy.relay.reset()
    await pass_through(changes, ["disconnected", "connected"])
    proxy.relay.inject(disconnected(40142, 401, "Token expired"))
    await pass_through(changes, ["disconnected", "connected", "disconnected", "connected"])
    await channel.history()
    connection = client.connection
    printed.add(client, connection, connection.details, client.options, channel, *changes)
    printed.add(*(change.reason for change in changes))


@pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])
@pytest.mark.parametrize("kind", ["jwt", "token", "key"])
async def test_secrets_stay_secret(
    kind: str, binary: bool, sandbox: Sandbox, proxy: FaultProxy, printed: Printed
) -> None:
    issued: list[str] = []

    def jwt() -> str:
        issued.append(sandbox.jwt())
        return issued[-1]

    async def token() -> object:
        details = await sandbox.token()
        issued.append(str(details.token))
        return details

    credentials: dict[str, Callable[[], dict[str, object]]] = {
        "jwt": lambda: {"auth_callback": Counted(jwt)},
        "token": lambda: {"auth_callback": Counted(token)},
        "key": lambda: {"key": sandbox.key, "use_token_auth": True},
    }
    client = sandbox.client(
        through=proxy,
        use_binary_protocol=binary,
        disconnected_retry_timeout=10,
        **credentials[kind](),
    )

    await exercise(client, proxy, printed)
    used = [upgrade.params["accessToken"] for upgrade in proxy.upgrades]
    keys = [upgrade.params["resume"] for upgrade in proxy.upgrades[1:]]
    await client.close()

    assert f"connecting to {proxy.host}" in printed.text, "the log was not captured"
    secret = sandbox.key.split(":")[1]
    for private in {secret, *issued, *used, *keys}:
        assert private not in printed.text


async def test_refused_credentials_stay_secret(
    sandbox: Sandbox, proxy: FaultProxy, printed: Printed
) -> None:
    name = sandbox.key.split(":")[0]
    forged = sandbox.jwt(f"{name}:a-secret-that-is-not-that-of-the-key")
    client = sandbox.client(through=proxy, token=forged)

    client.connect()
    await reach(client.connection, "failed")
    printed.add(client, client.connection.error_reason)
    with pytest.raises(AblyError) as refused:
        await client.channels.get("any").publish("event")
    printed.add(refused.value)

    assert forged not in printed.text


async def test_unreachable_server_keeps_secrets(
    sandbox: Sandbox, proxy: FaultProxy, printed: Printed
) -> None:
    """Errors of the dial must not quote the URL, which holds the token."""
    token = sandbox.jwt()
    client = sandbox.client(through=proxy, token=token, disconnected_retry_timeout=10)
    proxy.on_upgrade(nth=1).respond(503)
    proxy.on_upgrade(nth=2).refuse()
    proxy.on(Action.CONNECTED, nth=1).cut()
    changes = record(client.connection)

    client.connect()
    await reach(client.connection, "connected")
    reasons = [change.reason for change in changes if change.current == "disconnected"]
    printed.add(client, *changes, *reasons)

    assert len(reasons) == 3
    assert token not in printed.text
