"""The same without TLS, so that a proxy in between can read and change frames."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.faults import FaultProxy
from tests.uts.realtime.integration.sandbox import Sandbox, new_sandbox


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with new_sandbox(tls=False) as sandbox:
        yield sandbox


@pytest.fixture
async def proxy(sandbox: Sandbox) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(sandbox.server.host, sandbox.server.port) as proxy:
        yield proxy
