"""`ably-realtime bench`, `connections test` and `auth`, as a user runs them."""

from __future__ import annotations

import json
import re

import jwt
import pytest

from ably_local import ErrorInfo, ThreadedLocalAbly
from tests.integration.command_line import PATIENCE, CommandLine, plain
from tests.integration.test_cli_channels import attached

# -- bench


def test_a_publisher_and_a_subscriber_agree(
    cli: CommandLine, local_server: ThreadedLocalAbly
) -> None:
    with cli.started("bench", "subscriber", "load", "--json") as subscribing:
        publishing = cli(
            "bench", "publisher", "load", "--messages", 300, "--rate", 0,
            "--message-size", 50, "--wait-for-subscribers", "--json",
        )  # fmt: skip
        subscribed = cli.finished(subscribing)
    [sent], [received] = publishing.records, subscribed.records
    assert (sent["acknowledged"], sent["failed"]) == (300, 0)
    assert (received["received"], received["lost"]) == (300, 0)
    for result in (sent, received):
        ordered = [result["latencyMs"][name] for name in ("min", "p50", "p90", "p95", "p99", "max")]
        assert ordered == sorted(ordered)
        assert sum(bucket["count"] for bucket in result["histogram"]) == 300
        assert result["rate"] > 0
    padded = [m for m in local_server.published("load") if m.name == "bench"]
    assert {len(m.data["padding"]) for m in padded} <= {50}
    assert local_server.present("load") == []


def test_a_subscriber_ends_after_its_messages(
    cli: CommandLine, local_server: ThreadedLocalAbly
) -> None:
    with cli.started("bench", "subscriber", "load", "--messages", 5, "--json") as subscribing:
        attached(local_server, "load")
        assert cli("bench", "publisher", "load", "-m", 20, "-r", 0).status == 0
        [received] = cli.finished(subscribing).records
    assert (received["received"], received["lost"]) == (5, 0)


def test_messages_that_fail_are_counted(cli: CommandLine, local_server: ThreadedLocalAbly) -> None:
    with cli.started("bench", "publisher", "load", "-m", 20, "--rate", 20) as publishing:
        local_server.wait_until_sync(
            lambda: [m for m in local_server.published("load") if m.name == "bench"],
            timeout=PATIENCE * 1000,
        )
        local_server.faults.nack(ErrorInfo(42910, 429, "too fast"))
        ended = cli.finished(publishing)
    assert ended.status == 1
    failed = re.search(r"(\d+) of 20 messages failed: too fast \(code 42910\)", ended.err)
    assert failed is not None
    assert f"acknowledged {20 - int(failed[1])} messages" in ended.out
    assert f"{failed[1]} failed" in ended.lines


def test_the_report_fits_80_columns(cli: CommandLine) -> None:
    command = ("bench", "publisher", "load", "--messages", 200, "--rate", 0)
    shown = plain(cli.in_terminal(*command, columns=80).out)
    piped = cli(*command)
    assert re.search(r"^acknowledged 200 messages in [\d.]+ s, [\d,]+/s$", piped.out, re.MULTILINE)
    assert "min        p50        p90        p95        p99        max" in piped.out
    assert "█" in piped.out
    assert piped.err == ""
    for text in (shown, piped.out):
        # What a bar draws over itself is one line to `splitlines`.
        drawn = [part for line in text.splitlines() for part in re.split("(?=acknowledged )", line)]
        assert [part for part in drawn if len(part.rstrip()) > 80] == []


def test_whoever_watches_sees_how_far_it_is(cli: CommandLine) -> None:
    command = ("bench", "publisher", "load", "--messages", 200, "--rate", 0)
    assert re.search(r"acknowledged [\d,]+/200  [\d,]+/s", plain(cli.in_terminal(*command).out))


# -- connections


def test_a_connection_is_tried(cli: CommandLine, local_server: ThreadedLocalAbly) -> None:
    [result] = cli("connections", "test", "--pings", 2, "--client-id", "ann", "--json").records
    assert (result["host"], result["clientId"]) == ("localhost", "ann")
    assert result["connectMs"] > 0
    assert result["pingMs"]["min"] <= result["pingMs"]["max"]
    text = cli("connections", "test", "--pings", 1)
    assert text.lines[0].startswith(f"connected to {local_server.url} in ")


# -- auth


def test_a_token_is_issued_by_the_server(cli: CommandLine) -> None:
    asked = ["--capability", '{"orders":["publish"]}', "--ttl", 60, "--client-id", "ann"]
    [details] = cli("auth", "token", *asked, "--json").records
    assert details["capability"] == {"orders": ["publish"]}
    assert details["clientId"] == "ann"
    assert details["expires"] - details["issued"] == 60_000
    with_token = cli.but(ABLY_API_KEY="", ABLY_TOKEN=details["token"])
    assert with_token("channels", "publish", "orders", "x").status == 0
    refused = with_token("channels", "publish", "stock", "x")
    assert (refused.status, "(code 40160)" in refused.err) == (1, True)


@pytest.mark.parametrize("name", ["jwt", "issue-jwt-token"])
def test_a_jwt_is_signed_with_the_key(cli: CommandLine, name: str) -> None:
    key, _, secret = cli.environment["ABLY_API_KEY"].partition(":")
    signed = cli("auth", name, "--ttl", 60, "--client-id", "ann", "--token-only").out.strip()
    assert jwt.get_unverified_header(signed)["kid"] == key
    claims = jwt.decode(signed, secret, algorithms=["HS256"])
    assert claims["exp"] - claims["iat"] == 60
    assert claims["x-ably-clientId"] == "ann"
    assert json.loads(claims["x-ably-capability"]) == {"*": ["*"]}
    with_token = cli.but(ABLY_API_KEY="", ABLY_TOKEN=signed)
    assert with_token("channels", "publish", "orders", "x").status == 0


def test_a_token_is_shown_with_what_it_allows(cli: CommandLine) -> None:
    ended = cli("auth", "issue-ably-token")
    labels = [line.split()[0] for line in ended.lines]
    assert labels[:5] == ["issued", "expires", "client", "capability", "token:"]
    assert len(ended.lines) == 6


def test_tokens_need_a_key(cli: CommandLine) -> None:
    ended = cli.but(ABLY_API_KEY="", ABLY_TOKEN="one")("auth", "jwt")
    assert (ended.status, ended.err) == (
        1,
        "ably-realtime: tokens are made from an API key. Set ABLY_API_KEY or pass --api-key.\n",
    )
