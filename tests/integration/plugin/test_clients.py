"""The client fixtures, under each plugin that runs event loops."""

from __future__ import annotations

import pytest

from tests.integration.plugin.suite import SETTINGS, WITH_ASYNCIO, Suite

pytest_plugins = ["pytester"]

AUTO = WITH_ASYNCIO + "asyncio_mode = auto\n"
STRICT = WITH_ASYNCIO + "asyncio_mode = strict\n"

ROUND_TRIP = """
    async def test_round_trip(ably_server, ably_client, ably_rest):
        assert ably_client.connection.state == "connected"
        heard = asyncio.Queue()
        channel = ably_client.channels.get("orders")
        await channel.subscribe("created", heard.put)
        await ably_rest.channels.get("orders").publish("created", {"id": 1})
        assert (await heard.get()).data == {"id": 1}
        await channel.publish("created", {"id": 2})
        assert [message.data for message in ably_server.published("orders")] == [
            {"id": 1},
            {"id": 2},
        ]
"""


def test_pytest_asyncio_in_auto_mode(suite: Suite) -> None:
    suite.settings(AUTO)
    suite.module(f"""
    import asyncio
    {ROUND_TRIP}

    async def test_alone(ably_server):
        assert ably_server.published("orders") == []
    """)
    suite.passes(2, "-p", "no:anyio")


def test_pytest_asyncio_in_strict_mode_with_fixtures_and_loops_of_every_scope(suite: Suite) -> None:
    suite.settings(STRICT)
    scopes = ("function", "class", "module", "package", "session")
    suite.module(
        """
    import pytest
    import pytest_asyncio

    @pytest_asyncio.fixture
    async def channel(ably_client):
        channel = ably_client.channels.get("orders")
        await channel.attach()
        yield channel
        await channel.detach()
        assert channel.state == "detached"

    @pytest.mark.asyncio
    async def test_a_fixture_of_ones_own(channel, ably_server):
        assert len(ably_server.attached("orders")) == 1
    """
        + "".join(
            f"""
    class Test{scope.title()}:
        @pytest.mark.asyncio(loop_scope="{scope}")
        async def test_loop(self, ably_client, ably_rest):
            await ably_client.channels.get("orders").publish("created", None)
            await ably_rest.channels.get("orders").publish("created", None)
    """
            for scope in scopes
        )
    )
    suite.passes(6)


def test_the_default_loop_of_pytest_asyncio_may_last(suite: Suite) -> None:
    suite.settings(AUTO + "asyncio_default_test_loop_scope = session\n")
    suite.module(f"""
    import asyncio
    {ROUND_TRIP}
    """)
    suite.passes(1)


def test_anyio(suite: Suite) -> None:
    suite.module(f"""
    import asyncio
    import pytest

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def anyio_backend():
        return "asyncio"

    @pytest.fixture
    async def channel(ably_client):
        channel = ably_client.channels.get("orders")
        await channel.attach()
        yield channel
        await channel.detach()

    async def test_a_fixture_of_ones_own(channel, ably_server):
        assert len(ably_server.attached("orders")) == 1
    {ROUND_TRIP}
    """)
    suite.passes(2)
    suite.settings(SETTINGS)
    suite.passes(2, "-p", "no:asyncio")


def test_anyio_on_another_backend_is_an_error_that_says_so(suite: Suite) -> None:
    suite.module("""
    import pytest

    @pytest.fixture
    def anyio_backend():
        return "trio"

    def test_it(anyio_backend, ably_client): pass
    """)
    result = suite.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["ably_client runs on asyncio only: *anyio_backend*'asyncio'"])


def test_without_an_event_loop_the_error_says_what_to_install(suite: Suite) -> None:
    suite.settings(SETTINGS)
    suite.module("def test_it(ably_rest): pass")
    result = suite.run("-p", "no:asyncio")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["ably_rest needs an event loop*install pytest-asyncio*anyio*"])


@pytest.mark.parametrize(
    ("package", "fixture", "distribution"),
    [
        ("ably_realtime", "ably_client", "ably-realtime"),
        ("ably", "ably_rest", "ably"),
        ("ably", "ably_rest_sync", "ably"),
    ],
)
def test_without_the_package_the_error_says_what_to_install(
    suite: Suite, package: str, fixture: str, distribution: str
) -> None:
    suite.settings(AUTO)
    suite.conftest(f"""
    import sys

    sys.modules["{package}"] = None  # how Python remembers that there is none
    """)
    suite.module(f"""
    async def test_it({fixture}): pass

    async def test_the_server_needs_nothing(ably_server): pass
    """)
    result = suite.run()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [f"{fixture} needs {distribution}, which is not installed: pip install {distribution}"]
    )


def test_options_are_overridden(suite: Suite) -> None:
    suite.settings(AUTO)
    suite.conftest("""
    import pytest

    @pytest.fixture(scope="session")
    def ably_server_options():
        return {"tls": True}

    @pytest.fixture
    def ably_client_options(request):
        return {"client_id": "alice"} | getattr(request, "param", {})

    @pytest.fixture
    def ably_rest_options():
        return {"client_id": "bob"}
    """)
    suite.module("""
    import pytest

    async def test_they_are_in_force(ably_server, ably_client, ably_rest):
        await ably_client.channels.get("room").presence.enter("here")
        await ably_rest.channels.get("room").publish("said", "hello")
        assert [(m.client_id, m.data) for m in ably_server.present("room")] == [("alice", "here")]
        assert [m.client_id for m in ably_server.published("room")] == ["bob"]

    @pytest.mark.parametrize("ably_client_options", [{"auto_connect": False}], indirect=True)
    async def test_a_client_that_does_not_connect(ably_server, ably_client):
        assert ably_client.connection.state == "initialized"
        assert ably_server.connections == []
    """)
    suite.passes(2)


def test_a_client_that_cannot_connect_in_time_is_an_error(suite: Suite) -> None:
    suite.settings(AUTO)
    suite.conftest("""
    import pytest
    from ably_local import pytest_clients

    pytest_clients.CONNECT_PATIENCE = 0

    @pytest.fixture
    def ably_client_options():
        return {"port": 1}
    """)
    suite.module("async def test_it(ably_client): pass")
    result = suite.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*Failed: ably_client did not connect in time: it is connecting *"]
    )
