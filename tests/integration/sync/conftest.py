"""A server in a thread of its own, and synchronous clients of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from ably_local import ThreadedLocalAbly
from ably_realtime.sync import AblyRealtime

MakeClient = Callable[..., AblyRealtime]


@pytest.fixture
def server() -> Iterator[ThreadedLocalAbly]:
    with ThreadedLocalAbly() as server:
        yield server


@pytest.fixture
def make_client(server: ThreadedLocalAbly) -> Iterator[MakeClient]:
    """Makes clients of the server that are closed after the test."""
    with ExitStack() as clients:

        def make(**options: Any) -> AblyRealtime:
            return clients.enter_context(AblyRealtime(**{**server.client_options(), **options}))

        yield make


@pytest.fixture
def client(make_client: MakeClient) -> AblyRealtime:
    client = make_client(client_id="me")
    client.connection.when_state("connected")
    return client
