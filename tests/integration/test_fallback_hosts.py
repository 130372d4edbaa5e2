"""RTN17: another host where the primary is not there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.faults import FaultProxy
from tests.integration.live import reach
from tests.integration.sandbox import Sandbox
from tests.uts.harness import record, states

PRIMARY = "127.0.0.1"
FALLBACKS = ["127.0.0.2", "127.0.0.3"]
CHECK_PATH = "/is-the-internet-up.txt"


@dataclass(frozen=True, slots=True)
class Hosts:
    """A primary and two fallbacks on one port, as the option `port` is one for all."""

    primary: FaultProxy
    fallbacks: list[FaultProxy]

    def client_options(self) -> dict[str, Any]:
        return {
            **self.primary.client_options(),
            "fallback_hosts": FALLBACKS,
            "connectivity_check_url": f"http://{FALLBACKS[0]}:{self.primary.port}{CHECK_PATH}",
        }

    @property
    def used(self) -> list[FaultProxy]:
        return [proxy for proxy in self.fallbacks if proxy.upgrades]


@pytest.fixture
async def hosts(sandbox: Sandbox) -> AsyncIterator[Hosts]:
    upstream = (sandbox.server.host, sandbox.server.port)
    async with AsyncExitStack() as stack:
        primary = await stack.enter_async_context(FaultProxy(*upstream, host=PRIMARY))
        fallbacks = []
        for host in FALLBACKS:
            proxy = FaultProxy(*upstream, host=host, port=primary.port)
            try:
                fallbacks.append(await stack.enter_async_context(proxy))
            except OSError as error:
                pytest.skip(f"this system has no {host}: {error}")
            proxy.on_request(path=CHECK_PATH).respond(200, "yes")
        yield Hosts(primary, fallbacks)


async def test_refused_primary(sandbox: Sandbox, hosts: Hosts) -> None:
    hosts.primary.refuse()
    client = sandbox.client(**hosts.client_options())
    changes = record(client.connection)

    client.connect()
    await reach(client.connection, "connected")

    (used,) = hosts.used
    assert len(used.upgrades) == 1, "more than the attempts on the primary and on one fallback"
    assert states(changes) == ["connecting", "connected"]


@pytest.mark.parametrize("status", [500, 503])
async def test_primary_answers_with_an_error(sandbox: Sandbox, hosts: Hosts, status: int) -> None:
    hosts.primary.on_upgrade().respond(status)
    client = sandbox.client(**hosts.client_options())

    client.connect()
    await reach(client.connection, "connected")

    assert len(hosts.primary.upgrades) == 1
    assert len(hosts.used) == 1


async def test_primary_stalls(sandbox: Sandbox, hosts: Hosts) -> None:
    hosts.primary.on_upgrade().stall()
    client = sandbox.client(**hosts.client_options(), realtime_request_timeout=200)

    client.connect()
    await reach(client.connection, "connected")

    assert len(hosts.used) == 1


async def test_refusal_that_no_other_host_would_mend(sandbox: Sandbox, hosts: Hosts) -> None:
    hosts.primary.on_upgrade().respond(400)
    client = sandbox.client(**hosts.client_options())

    client.connect()
    await reach(client.connection, "disconnected", "failed")

    assert not hosts.used


async def test_no_internet_no_fallback(sandbox: Sandbox, hosts: Hosts) -> None:
    hosts.primary.refuse()
    hosts.fallbacks[0].on_request(path=CHECK_PATH).respond(200, "no")
    client = sandbox.client(
        **{
            **hosts.client_options(),
            "connectivity_check_url": f"http://{FALLBACKS[1]}:{hosts.primary.port}/nowhere",
        }
    )

    client.connect()
    await reach(client.connection, "disconnected")

    assert not hosts.used


async def test_connectivity_check_does_not_block_the_loop(sandbox: Sandbox, hosts: Hosts) -> None:
    """The answer comes out of the very loop that a blocking call would have stopped."""
    hosts.primary.refuse()
    client = sandbox.client(**hosts.client_options())

    client.connect()
    await reach(client.connection, "connected")

    assert [request.path for request in hosts.fallbacks[0].requests] == [CHECK_PATH]


async def test_back_to_the_primary(sandbox: Sandbox, hosts: Hosts) -> None:
    hosts.primary.refuse()
    client = sandbox.client(**hosts.client_options())
    client.connect()
    await reach(client.connection, "connected")
    await hosts.primary.listen()

    await client.connection.close()
    client.connect()
    await reach(client.connection, "connected")

    assert len(hosts.primary.upgrades) == 1
