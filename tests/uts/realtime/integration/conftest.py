"""Every case has an app of its own, on a server of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.integration.sandbox import Sandbox, new_sandbox


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Reached over TLS, as the service is."""
    async with new_sandbox(tls=True) as sandbox:
        yield sandbox


@pytest.fixture(params=[False, True], ids=["json", "msgpack"])
def binary(request: pytest.FixtureRequest) -> bool:
    """The formats that the specification wants tests of payloads to run with."""
    return bool(request.param)
