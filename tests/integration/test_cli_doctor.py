"""`ably-realtime doctor`: each step, gone well and failed."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ably_local import ThreadedLocalAbly
from tests.integration.command_line import CommandLine, Ended, plain, settings_for

STEPS = [
    "DNS", "TCP", "TLS", "HTTP", "Clock", "Credentials", "WebSocket", "Capability", "Fallbacks",
]  # fmt: skip
Results = dict[str, dict[str, object]]


def examined(cli: CommandLine, *arguments: str) -> tuple[Ended, Results]:
    """The outcome of each step, by its name."""
    ended = cli("doctor", "--json", *arguments)
    results = {str(record["check"]): record for record in ended.records}
    assert list(results) == STEPS
    return ended, results


def statuses(results: Results) -> dict[str, object]:
    return {name: result["status"] for name, result in results.items()}


def the_failure(cli: CommandLine, *arguments: str) -> tuple[str, str, str]:
    """The one step that failed, what it said, and what it said to do."""
    ended, results = examined(cli, *arguments)
    assert ended.status == 1
    [(name, result)] = [item for item in results.items() if item[1]["status"] == "failed"]
    assert json.loads(ended.err)["error"]["message"] == f"{name} failed"
    return name, str(result["detail"]), str(result["hint"])


@pytest.fixture
def encrypted() -> Iterator[ThreadedLocalAbly]:
    with ThreadedLocalAbly(tls=True) as server:
        yield server


def test_all_is_well(encrypted: ThreadedLocalAbly) -> None:
    trusting = CommandLine(**settings_for(encrypted), SSL_CERT_FILE=str(encrypted.ca_file))
    ended, results = examined(
        trusting, "--channel", "orders", "--needs", "subscribe", "--fallback-host", "localhost"
    )
    assert (ended.status, ended.err) == (0, "")
    assert statuses(results) == dict.fromkeys(STEPS, "ok")
    assert all(isinstance(result["ms"], float) for result in results.values())
    assert str(results["TLS"]["detail"]).startswith("TLSv1.3, certificate valid until 20")
    assert results["Credentials"]["detail"] == f"key {encrypted.key.split(':')[0]} is accepted"
    assert results["Capability"]["detail"] == "subscribe on orders"


def test_what_is_not_used_is_left_out(cli: CommandLine) -> None:
    ended, results = examined(cli)
    assert ended.status == 0
    left_out = [name for name, status in statuses(results).items() if status == "skipped"]
    assert left_out == ["TLS", "Fallbacks"]
    assert results["Capability"]["detail"] == "every operation on every channel"


def test_a_host_that_does_not_exist(cli: CommandLine) -> None:
    name, detail, hint = the_failure(cli.but(ABLY_ENDPOINT="http://nowhere.invalid"))
    assert name == "DNS"
    assert detail.startswith("nowhere.invalid has no address: ")
    assert hint.startswith("Check the spelling of the endpoint")


def test_a_port_that_refuses(cli: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    closed = cli.but(ABLY_ENDPOINT=f"http://127.0.0.1:{port}")
    name, detail, hint = the_failure(closed)
    assert (name, detail) == ("TCP", f"127.0.0.1 port {port}: connection refused")
    assert hint.startswith("Nothing listens there: check ABLY_ENDPOINT and --port")
    _, results = examined(closed)
    assert results["HTTP"]["detail"] == "needs TCP"
    assert results["Capability"]["detail"] == "needs WebSocket"


def test_a_certificate_of_an_unknown_authority(encrypted: ThreadedLocalAbly) -> None:
    name, detail, hint = the_failure(CommandLine(**settings_for(encrypted)))
    assert name == "TLS"
    assert detail.startswith("the certificate of localhost is not trusted: ")
    assert "SSL_CERT_FILE" in hint


def test_a_server_that_does_not_speak_tls(
    cli: CommandLine, local_server: ThreadedLocalAbly
) -> None:
    url = f"https://localhost:{local_server.port}"
    name, detail, hint = the_failure(cli.but(ABLY_ENDPOINT=url))
    assert name == "TLS"
    assert detail.startswith(f"localhost port {local_server.port} does not speak TLS: ")
    assert "--no-tls" in hint


class _NotAbly(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        return


@contextmanager
def another_server() -> Iterator[str]:
    """A web server that is not Ably's."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _NotAbly) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_what_a_proxy_does_is_left_out(cli: CommandLine) -> None:
    with another_server() as proxy:
        _, results = examined(cli.but(HTTP_PROXY=proxy, http_proxy=proxy, NO_PROXY="", no_proxy=""))
    for name in ("DNS", "TCP"):
        assert results[name]["detail"] == "connections go through a proxy, as the environment says"
    assert results["HTTP"]["detail"] == "GET /time was answered with HTTP 404"  # by the proxy


def test_something_else_answers(cli: CommandLine) -> None:
    with another_server() as url:
        name, detail, hint = the_failure(cli.but(ABLY_ENDPOINT=url))
    assert (name, detail) == ("HTTP", "GET /time was answered with HTTP 404")
    assert hint.startswith("What answers there is not Ably")


def test_a_clock_that_is_a_little_off(cli: CommandLine, local_server: ThreadedLocalAbly) -> None:
    local_server.clock.advance(30_000)
    ended, results = examined(cli)
    assert ended.status == 0
    assert results["Clock"]["status"] == "warning"
    assert results["Clock"]["detail"] == "0:00:30 behind the server's"


def test_a_clock_that_is_wrong(cli: CommandLine, local_server: ThreadedLocalAbly) -> None:
    """The key is not blamed for it; connecting fails as it does for a client."""
    local_server.clock.advance(3_600_000)
    ended, results = examined(cli)
    assert ended.status == 1
    assert statuses(results) == {
        "DNS": "ok", "TCP": "ok", "TLS": "skipped", "HTTP": "ok", "Clock": "failed",
        "Credentials": "ok", "WebSocket": "failed", "Capability": "skipped",
        "Fallbacks": "skipped",
    }  # fmt: skip
    assert results["Clock"]["detail"] == "1:00:00 behind the server's"
    assert str(results["Clock"]["hint"]).startswith("Set this machine's clock (NTP)")


def test_a_wrong_key(cli: CommandLine) -> None:
    name, detail, hint = the_failure(cli.but(ABLY_API_KEY=cli.environment["ABLY_API_KEY"] + "x"))
    assert name == "Credentials"
    assert "(code 40101)" in detail
    assert hint == "Check the API key or token: the server does not accept it."


def test_the_key_of_another_app(cli: CommandLine) -> None:
    name, detail, hint = the_failure(cli.but(ABLY_API_KEY="other.key:secret"))
    assert name == "Credentials"
    assert "(code 40400)" in detail
    assert hint.startswith("Check the app id in the key and the endpoint")


def limited(cli: CommandLine, **capability: list[str]) -> CommandLine:
    """The command line with a token that allows no more than that."""
    asked = ["--capability", json.dumps(capability), "--token-only"]
    token = cli("auth", "jwt", *asked).out.strip()
    return cli.but(ABLY_API_KEY="", ABLY_TOKEN=token)


def test_a_capability_that_lacks_an_operation(cli: CommandLine) -> None:
    name, detail, hint = the_failure(limited(cli, orders=["subscribe"]), "--channel", "orders")
    assert (name, detail) == ("Capability", "publish not permitted on orders")
    assert hint == 'Give the key or token this capability: {"orders": ["publish"]}'


def test_a_capability_that_lacks_the_channel(cli: CommandLine) -> None:
    name, detail, hint = the_failure(limited(cli, orders=["subscribe"]), "--channel", "stock")
    assert name == "Capability"
    assert "(code 40160)" in detail
    assert hint.startswith("The key or token lacks the capability")


def test_a_capability_is_summed_up(cli: CommandLine) -> None:
    capability = {f"c{number}": ["subscribe", "publish"] for number in range(5)}
    _, results = examined(limited(cli, **capability))
    assert results["Capability"]["detail"] == (
        "subscribe, publish on c0; subscribe, publish on c1; subscribe, publish on c2; and 2 more"
    )


def test_a_token_that_has_expired(cli: CommandLine) -> None:
    expired = (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
        "eyJpYXQiOjEwMDAwMDAwMDAsImV4cCI6MTAwMDAwMzYwMH0."
        "c2lnbmF0dXJl"
    )
    name, detail, hint = the_failure(cli.but(ABLY_API_KEY="", ABLY_TOKEN=expired))
    assert name == "Credentials"
    assert detail.startswith("the JWT expired at ")
    assert hint == "Get a new one: ably-realtime auth jwt."


def test_websockets_that_are_refused(cli: CommandLine, local_server: ThreadedLocalAbly) -> None:
    local_server.faults.refuse_connections()
    name, detail, hint = the_failure(cli)
    assert name == "WebSocket"
    assert "HTTP 403" in detail
    assert hint == "Check that firewalls and proxies on the way let WebSockets through."


@pytest.mark.parametrize(
    ("hosts", "status", "detail"),
    [
        (["localhost"], "ok", "all 1 reachable"),
        (["localhost", "nowhere.invalid"], "warning", "1 of 2 not reachable: nowhere.invalid: "),
        (["nowhere.invalid"], "failed", "1 of 1 not reachable: nowhere.invalid: "),
    ],
    ids=["all", "some", "none"],
)
def test_fallback_hosts(cli: CommandLine, hosts: list[str], status: str, detail: str) -> None:
    options = [word for host in hosts for word in ("--fallback-host", host)]
    ended, results = examined(cli, *options)
    assert ended.status == (1 if status == "failed" else 0)
    assert results["Fallbacks"]["status"] == status
    assert str(results["Fallbacks"]["detail"]).startswith(detail)


def test_it_fits_80_columns_and_the_terminal_shows_what_a_pipe_does(
    cli: CommandLine, local_server: ThreadedLocalAbly
) -> None:
    local_server.clock.advance(3_600_000)
    piped = cli("doctor")
    shown = plain(cli.in_terminal("doctor", columns=80).out)
    for lines in (piped.lines, shown.splitlines()):
        assert [line for line in lines if len(line) > 80] == []
        assert [line.split()[1] for line in lines if line[:4] in ("ok  ", "FAIL", "skip")] == STEPS
    assert "-> Set this machine's clock" in piped.out
    assert piped.err == ("ably-realtime: Clock, WebSocket failed. What to do is said above.\n")
