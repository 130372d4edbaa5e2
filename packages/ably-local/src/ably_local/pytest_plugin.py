"""The pytest plugin: a server, and clients of it, as fixtures.

It is loaded whenever pytest starts, so nothing is imported that a fixture does not need yet.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from . import pytest_clients

if TYPE_CHECKING:
    from .threaded import ThreadedLocalAbly

SESSION_SERVER = pytest.StashKey["ThreadedLocalAbly"]()
SHOWN_CHANNELS = 20
SHOWN_MESSAGES = 10


@pytest.fixture(scope="session")
def ably_server_options() -> dict[str, Any]:
    """Options of the servers, those of `ably_local.LocalAbly`: override it to set some."""
    return {}


@pytest.fixture
def ably_client_options() -> dict[str, Any]:
    """Options of `ably_client` beside those that lead to the server: override it to set some."""
    return {}


@pytest.fixture
def ably_rest_options() -> dict[str, Any]:
    """Options of `ably_rest` and `ably_rest_sync`: override it to set some."""
    return {}


@pytest.fixture
def ably_server(ably_server_options: dict[str, Any]) -> Iterator[ThreadedLocalAbly]:
    """An Ably-compatible server of the test's own: an `ably_local.ThreadedLocalAbly`."""
    from .threaded import ThreadedLocalAbly

    with ThreadedLocalAbly(**ably_server_options) as server:
        yield server


@pytest.fixture(scope="session")
def ably_session_server(
    ably_server_options: dict[str, Any], pytestconfig: pytest.Config
) -> Iterator[ThreadedLocalAbly]:
    """One server for the whole run; after each test it forgets everything but its key."""
    from .threaded import ThreadedLocalAbly

    with ThreadedLocalAbly(**ably_server_options) as server:
        pytestconfig.stash[SESSION_SERVER] = server
        yield server
        del pytestconfig.stash[SESSION_SERVER]


@pytest.fixture
def ably_client(
    ably_server: ThreadedLocalAbly,
    ably_client_options: dict[str, Any],
    request: pytest.FixtureRequest,
) -> Any:
    """An `ably_realtime.AblyRealtime`, connected to `ably_server`."""
    return pytest_clients.open_in_loop_of_test("ably_client", request)


@pytest.fixture
def ably_rest(
    ably_server: ThreadedLocalAbly,
    ably_rest_options: dict[str, Any],
    request: pytest.FixtureRequest,
) -> Any:
    """An `ably.AblyRest` that uses `ably_server`."""
    return pytest_clients.open_in_loop_of_test("ably_rest", request)


@pytest.fixture
def ably_rest_sync(
    ably_server: ThreadedLocalAbly, ably_rest_options: dict[str, Any]
) -> Iterator[Any]:
    """An `ably.sync.AblyRestSync` that uses `ably_server`."""
    with pytest_clients.rest_sync(ably_server, ably_rest_options) as rest:
        yield rest


def pytest_configure(config: pytest.Config) -> None:
    """Add the fixtures that run in the event loops of pytest-asyncio and anyio."""
    config.pluginmanager.register(pytest_clients.fixtures(config), "ably_local_clients")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Leave nothing of a test on the server that the next one shares."""
    try:
        return (yield)
    finally:
        server = item.config.stash.get(SESSION_SERVER, None)
        if server is not None:
            server.reset()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the server held when a test failed."""
    report = yield
    if report.failed and call.when == "call":
        used = getattr(item, "funcargs", {})
        server = used.get("ably_server") or used.get("ably_session_server")
        if server is not None and server.is_running:
            report.sections.append(("What the Ably server held", "\n".join(_described(server))))
    return report


def _described(server: ThreadedLocalAbly) -> Iterator[str]:
    connections = server.connections
    who = ", ".join(connection.client_id or "anonymous" for connection in connections)
    yield f"{server.url}, connections: {who or 'none'}"
    channels = server.channels
    for name in channels[:SHOWN_CHANNELS]:
        messages = server.published(name)
        yield f"{name!r}: {len(server.attached(name))} attached, {len(messages)} published"
        if len(messages) > SHOWN_MESSAGES:
            yield f"    ({len(messages) - SHOWN_MESSAGES} earlier messages)"
        for message in messages[-SHOWN_MESSAGES:]:
            yield f"    {message}"
        for member in server.present(name):
            yield f"    {member}"
    if len(channels) > SHOWN_CHANNELS:
        yield f"({len(channels) - SHOWN_CHANNELS} more channels)"
    if not channels:
        yield "no channel was used"
