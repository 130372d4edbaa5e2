"""Clients on mocks and fake time, and proof that nothing goes wrong out of sight."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ably_realtime import AblyRealtime, Channel
from tests.behaviour.scene import new_server
from tests.uts.harness import ClientFactory, FakeClock, settle
from tests.uts.harness.channels import CHANNEL, ChannelServer
from tests.uts.harness.clients import client_factory
from tests.uts.harness.messages import attach, connect


@pytest.fixture(autouse=True)
async def nothing_goes_unheard() -> AsyncIterator[None]:
    """The loop has no exception left that nobody asked for."""
    unheard: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: unheard.append(context))
    yield
    gc.collect(1)  # what this test made is young
    await settle()
    loop.set_exception_handler(None)
    assert not unheard


@pytest.fixture
async def clock(nothing_goes_unheard: None) -> FakeClock:
    """Time that passes only when the test lets it."""
    return FakeClock()


@pytest.fixture
async def create_client(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ClientFactory]:
    """Makes clients on mocks; closes them at the end and checks that nothing is left behind."""
    async with client_factory(clock, monkeypatch) as factory:
        yield factory


@pytest.fixture
def server() -> ChannelServer:
    """A server that does what clients ask, and resumes every connection."""
    return new_server()


@pytest.fixture
async def client(create_client: ClientFactory, server: ChannelServer) -> AblyRealtime:
    """A client of that server, CONNECTED as `me`."""
    return await connect(create_client, server, client_id="me")


@pytest.fixture
async def channel(client: AblyRealtime) -> Channel:
    """Its channel, ATTACHED."""
    return await attach(client, CHANNEL)
