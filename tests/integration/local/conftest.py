from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from ably_local import LocalAbly
from tests.integration.local.raw import Api


@pytest.fixture
async def server() -> AsyncIterator[LocalAbly]:
    async with LocalAbly() as server:
        yield server


@pytest.fixture
async def api(server: LocalAbly) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(base_url=server.url) as http:
        yield Api(server, http)


@pytest.fixture(params=[False, True], ids=["json", "msgpack"])
def binary(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)
