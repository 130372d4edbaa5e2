"""The server fixtures, for suites without any event loop."""

from __future__ import annotations

import pytest

from tests.integration.plugin.suite import IS_INSTALLED, SETTINGS, Suite

pytest_plugins = ["pytester"]


def test_synchronous_code_is_tested(suite: Suite) -> None:
    suite.settings(SETTINGS)
    suite.module("""
        from ably.sync import AblyRestSync

        def test_code_that_makes_its_own_client(ably_server):
            with AblyRestSync(**ably_server.client_options()) as rest:
                rest.channels.get("orders").publish("created", {"id": 1})
            [message] = ably_server.published("orders")
            assert (message.name, message.data) == ("created", {"id": 1})

        def test_code_that_is_given_one(ably_rest_sync, ably_server):
            ably_rest_sync.channels.get("orders").publish("created", {"id": 2})
            assert [message.data for message in ably_server.published("orders")] == [{"id": 2}]
    """)
    suite.passes(2, "-p", "no:asyncio", "-p", "no:anyio")


def test_a_failure_shows_what_the_server_held(suite: Suite) -> None:
    suite.module("""
        import threading

        def test_that_fails(ably_server, ably_rest_sync):
            ably_rest_sync.channels.get("orders").publish("created", {"id": 1})
            assert [message.data for message in ably_server.published("orders")] == [{"id": 2}]

        def test_that_fails_on_the_shared_one(ably_session_server):
            assert ably_session_server.published("orders")

        def test_that_stops_it(ably_server):
            ably_server.__exit__(None, None, None)
            ably_server.published("orders")

        def test_that_fails_without_one():
            raise AssertionError("unrelated")

        def test_after_them():
            assert threading.active_count() == 2  # this one and the shared server's
    """)
    result = suite.run()
    result.assert_outcomes(passed=1, failed=4)
    result.stdout.fnmatch_lines(
        [
            "E *assert *{'id': 1}* == *{'id': 2}*",
            "*What the Ably server held*",
            "http://localhost:*, connections: none",
            "'orders': 0 attached, 1 published",
            "*PublishedMessage(name='created', data={'id': 1}, client_id=None, extras=None)",
            "*What the Ably server held*",
            "no channel was used",
            "*RuntimeError: the server is not running*",
            "*AssertionError: unrelated",
        ]
    )
    assert result.stdout.str().count("What the Ably server held") == 2


def test_a_server_that_cannot_start_is_an_error_of_the_fixture(suite: Suite) -> None:
    suite.conftest("""
        import pytest

        @pytest.fixture(scope="session")
        def ably_server_options():
            return {"key": "nonsense"}
    """)
    suite.module("def test_it(ably_server): pass")
    result = suite.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ValueError: a key has the form app.key:secret"])


def test_options_are_overridden(suite: Suite) -> None:
    suite.conftest("""
        import pytest
        from ably_local import Limits

        @pytest.fixture(scope="session")
        def ably_server_options():
            return {"key": "app.key:secret", "limits": Limits(max_message_size=100), "tls": True}

        @pytest.fixture
        def ably_rest_options():
            return {"client_id": "alice"}
    """)
    suite.module("""
        import pytest
        from ably.sync.util.exceptions import AblyException

        def test_they_are_in_force(ably_server, ably_rest_sync):
            assert ably_server.key == "app.key:secret"
            assert ably_server.url.startswith("https:")
            channel = ably_rest_sync.channels.get("orders")
            channel.publish("created", "short")
            assert [message.client_id for message in ably_server.published("orders")] == ["alice"]
            with pytest.raises(AblyException, match="size"):
                channel.publish("created", "long" * 100)
    """)
    suite.passes(1)


def test_the_session_server_keeps_its_key_and_nothing_of_a_test(suite: Suite) -> None:
    suite.module("""
        import pytest
        from ably.sync import AblyRestSync
        from ably_local import ErrorInfo

        @pytest.fixture(scope="session")
        def application(ably_session_server):
            with AblyRestSync(**ably_session_server.client_options()) as rest:
                yield rest

        @pytest.mark.parametrize("number", [1, 2])
        def test_alone(application, ably_session_server, number):
            assert ably_session_server.published("orders") == []
            application.channels.get("orders").publish("created", str(number))
            [message] = ably_session_server.published("orders")
            assert message.data == str(number)
            ably_session_server.faults.fail_requests(ErrorInfo(50003, 504, "late"))
    """)
    suite.passes(2)


def test_every_fixture_can_use_the_session_server(suite: Suite) -> None:
    suite.conftest("""
        import pytest

        @pytest.fixture
        def ably_server(ably_session_server):
            return ably_session_server
    """)
    suite.module("""
        import pytest

        ports = set()

        @pytest.mark.parametrize("number", [1, 2])
        def test_alone(ably_server, ably_rest_sync, number):
            ably_rest_sync.channels.get("orders").publish("created", str(number))
            assert [message.data for message in ably_server.published("orders")] == [str(number)]
            ports.add(ably_server.port)
            assert len(ports) == 1
    """)
    suite.passes(2)


def test_each_process_of_xdist_has_servers_of_its_own(suite: Suite) -> None:
    suite.module("""
        import pathlib

        import pytest

        here = pathlib.Path(__file__).parent

        @pytest.mark.parametrize("number", [1, 2, 3])
        def test_alone(ably_server, ably_session_server, ably_rest_sync, worker_id, number):
            ably_rest_sync.channels.get("orders").publish("created", str(number))
            assert [message.data for message in ably_server.published("orders")] == [str(number)]
            assert ably_session_server.published("orders") == []
            ably_rest_sync.channels.get("orders").publish("created", str(number))
            (here / f"{worker_id}.port").write_text(str(ably_session_server.port))
    """)
    suite.passes(6, "-n", "2", "--dist", "each")
    ports = {file.name: file.read_text() for file in suite.path.glob("*.port")}
    assert ports.keys() == {"gw0.port", "gw1.port"}
    assert len(set(ports.values())) == 2


@pytest.mark.skipif(not IS_INSTALLED, reason="the packages are on the path, not installed")
def test_the_plugin_can_be_turned_off(suite: Suite) -> None:
    suite.module("def test_it(ably_server): pass")
    suite.run().assert_outcomes(passed=1)
    result = suite.run("-p", "no:ably_local")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'ably_server' not found"])


def test_who_does_not_use_it_pays_for_nothing(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.settings(SETTINGS)
    suite.module("""
        import sys
        import threading

        def test_it():
            loaded = {name.partition(".")[0] for name in sys.modules}
            assert "ably_local" in loaded
            assert loaded.isdisjoint({"ably", "ably_realtime", "asyncio", "starlette", "uvicorn"})
            assert {name for name in sys.modules if name.startswith("ably_local.")} == {
                "ably_local.pytest_clients",
                "ably_local.pytest_plugin",
            }
            assert threading.active_count() == 1
    """)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    suite.passes(1, "-p", "ably_local.pytest_plugin")
    result = suite.run("-p", "ably_local.pytest_plugin", "--fixtures")
    result.stdout.fnmatch_lines(
        ["ably_server -- *", "*An Ably-compatible server of the test's own*"]
    )
    result.stdout.no_fnmatch_line("_ably_*")
