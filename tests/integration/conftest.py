"""An app on a server of its own, and a proxy in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.faults import FaultProxy
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
