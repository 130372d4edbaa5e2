from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.realtime.rest.fakes import FakeMember, Provider
from tests.uts.harness import ClientFactory, FakeClock
from tests.uts.harness.clients import client_factory


@pytest.fixture
async def member() -> FakeMember:
    return FakeMember()


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def held() -> Provider:
    return Provider(held=True)


@pytest.fixture
async def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def create_client(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ClientFactory]:
    """Makes clients on mocks; closes them at the end and checks that nothing is left behind."""
    async with client_factory(clock, monkeypatch) as factory:
        yield factory
