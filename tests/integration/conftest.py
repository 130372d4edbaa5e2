"""An app on a server of its own, a proxy in front of it, and the command line for a server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from ably_local import ThreadedLocalAbly
from tests.faults import FaultProxy
from tests.integration.command_line import CommandLine, settings_for
from tests.integration.sandbox import Sandbox, new_sandbox


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Without TLS, so that a proxy in between can read and change frames."""
    async with new_sandbox(tls=False) as sandbox:
        yield sandbox


@pytest.fixture
async def proxy(sandbox: Sandbox) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(sandbox.server.host, sandbox.server.port) as proxy:
        yield proxy


@pytest.fixture
def local_server() -> Iterator[ThreadedLocalAbly]:
    with ThreadedLocalAbly() as server:
        yield server


@pytest.fixture
def cli(local_server: ThreadedLocalAbly) -> CommandLine:
    """The command line, pointed at the server by its environment."""
    return CommandLine(**settings_for(local_server))
