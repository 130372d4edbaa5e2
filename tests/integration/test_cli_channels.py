"""`ably-realtime channels`, as a user runs it."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess

import pytest
from ably.sync import AblyRestSync

from ably_local import ThreadedLocalAbly
from tests.integration.command_line import PATIENCE, CommandLine, Ended

ROW = re.compile(r"\d\d:\d\d:\d\d\.\d{3}  ")


def publish(server: ThreadedLocalAbly, channel: str, *data: object) -> None:
    with AblyRestSync(**server.client_options()) as rest:
        for item in data:
            rest.channels.get(channel).publish("created", item)


def attached(server: ThreadedLocalAbly, channel: str) -> None:
    server.wait_until_sync(lambda: server.attached(channel), timeout=PATIENCE * 1000)


# -- subscribe


def test_messages_are_printed_on_aligned_lines(
    cli: CommandLine, local_server: ThreadedLocalAbly
) -> None:
    with cli.started("channels", "subscribe", "orders", "stock", "--count", 3) as process:
        attached(local_server, "stock")
        publish(local_server, "orders", {"id": 1}, "text")
        publish(local_server, "stock", b"\x00\xff")
        ended = cli.finished(process)
    assert (ended.status, ended.err) == (0, "")
    assert all(ROW.match(line) for line in ended.lines)
    assert [line[14:].split() for line in ended.lines] == [
        ["orders", "created", '{"id":1}', "-"],
        ["orders", "created", "text", "-"],
        ["stock", "created", "AP8=", "-"],
    ]
    assert len({line.index("created") for line in ended.lines}) == 1


def test_json_is_one_object_a_message(cli: CommandLine, local_server: ThreadedLocalAbly) -> None:
    with cli.started("channels", "subscribe", "orders", "--json", "-c", 2) as process:
        attached(local_server, "orders")
        publish(local_server, "orders", {"id": 1}, b"\x00\xff")
        ended = cli.finished(process)
    first, second = ended.records
    assert (first["channel"], first["name"], first["data"]) == ("orders", "created", {"id": 1})
    assert first["action"] == "message_create"
    assert isinstance(first["timestamp"], int)
    assert base64.b64decode(second["data"]) == b"\x00\xff"
    assert second["encoding"] == "base64"


def test_rewind_begins_with_messages_of_the_past(
    cli: CommandLine, local_server: ThreadedLocalAbly
) -> None:
    publish(local_server, "orders", "one", "two", "three")
    ended = cli("channels", "subscribe", "orders", "--rewind", 2, "--count", 2, "--json")
    assert [record["data"] for record in ended.records] == ["two", "three"]


def test_deltas_arrive_as_whole_messages(cli: CommandLine, local_server: ThreadedLocalAbly) -> None:
    texts = ["a long text that hardly changes: 1", "a long text that hardly changes: 2"]
    with cli.started("channels", "subscribe", "orders", "--delta", "-c", 2, "--json") as process:
        attached(local_server, "orders")
        publish(local_server, "orders", *texts)
        ended = cli.finished(process)
    assert [record["data"] for record in ended.records] == texts
    sent = [f.frame for f in local_server.frames if f.frame.get("params") == {"delta": "vcdiff"}]
    assert sent, "the channel was not attached with deltas"


def test_only_the_events_asked_for(cli: CommandLine, local_server: ThreadedLocalAbly) -> None:
    with cli.started("channels", "subscribe", "orders", "-n", "paid", "-c", 1, "--json") as process:
        attached(local_server, "orders")
        publish(local_server, "orders", "not this")
        with AblyRestSync(**local_server.client_options()) as rest:
            rest.channels.get("orders").publish("paid", "this")
        ended = cli.finished(process)
    assert [record["data"] for record in ended.records] == ["this"]


def test_it_ends_after_the_duration(cli: CommandLine) -> None:
    assert cli("channels", "subscribe", "orders", "--duration", 0) == Ended(0, "", "")


def test_what_a_terminal_would_obey_is_shown_instead(
    cli: CommandLine, local_server: ThreadedLocalAbly
) -> None:
    publish(local_server, "orders", "\x1b]0;title\x07one\ntwo")
    [line] = cli("channels", "history", "orders").lines
    assert r"\x1b]0;title\x07one\ntwo" in line


def test_a_lost_connection_is_told_and_found_again(
    cli: CommandLine, local_server: ThreadedLocalAbly
) -> None:
    with cli.started("channels", "subscribe", "orders", "-c", 1, "--json") as process:
        attached(local_server, "orders")
        local_server.faults.drop_connections()
        assert process.stderr is not None
        lost, again = process.stderr.readline(), process.stderr.readline()
        assert "connection disconnected" in json.loads(lost)["warning"]
        assert json.loads(again) == {"warning": "connected again"}
        publish(local_server, "orders", "after")
        ended = cli.finished(process)
    assert [record["data"] for record in ended.records] == ["after"]


def test_a_channel_that_fails_ends_it(cli: CommandLine, local_server: ThreadedLocalAbly) -> None:
    with cli.started("channels", "subscribe", "orders") as process:
        attached(local_server, "orders")
        error = {"code": 40160, "statusCode": 401, "message": "not any more"}
        local_server.faults.inject({"action": 9, "error": error}, channel="orders")
        ended = cli.finished(process)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == (
        "ably-realtime: not any more (code 40160). The key or token lacks the capability for "
        "this operation on this channel.\n"
    )


# -- publish


@pytest.mark.parametrize(
    ("message", "name", "data"),
    [
        ("hello", None, "hello"),
        ('{"id": 1}', None, {"id": 1}),
        ('{"name": "paid", "data": [1]}', "paid", [1]),
        ('{"data": 1, "other": 2}', None, {"data": 1, "other": 2}),
        ("{not json", None, "{not json"),
    ],
)
def test_a_message_is_text_json_or_a_whole_message(
    cli: CommandLine,
    local_server: ThreadedLocalAbly,
    message: str,
    name: str | None,
    data: object,
) -> None:
    ended = cli("channels", "publish", "orders", message)
    assert ended == Ended(0, "published 1 message to orders\n", "")
    [published] = local_server.published("orders")
    assert (published.name, published.data) == (name, data)


def test_many_of_one_with_the_count_filled_in(
    cli: CommandLine, local_server: ThreadedLocalAbly
) -> None:
    ended = cli(
        "channels", "publish", "orders", "no. {{.Count}}",
        "--name", "n", "--count", 3, "--delay", 0, "--client-id", "bob", "--json",
    )  # fmt: skip
    published = local_server.published("orders")
    assert [(p.name, p.data, p.client_id) for p in published] == [
        ("n", f"no. {number}", "bob") for number in (1, 2, 3)
    ]
    serials = [{"channel": "orders", "serials": [p.serial]} for p in published]
    assert ended.records == serials


def test_each_line_of_the_input_is_a_message_in_order(
    cli: CommandLine, local_server: ThreadedLocalAbly
) -> None:
    lines = [f"line {number}" for number in range(500)]
    ended = cli("channels", "publish", "orders", stdin="\n".join(lines))
    assert ended == Ended(0, "published 500 messages to orders\n", "")
    assert [published.data for published in local_server.published("orders")] == lines


def test_json_lines(cli: CommandLine, local_server: ThreadedLocalAbly) -> None:
    lines = '{"name": "paid", "data": {"id": 1}}\n\n{"id": 2}\n["three"]\n'
    ended = cli("channels", "publish", "orders", "-", "--json-lines", "-n", "other", stdin=lines)
    assert ended.out == "published 3 messages to orders\n"
    assert [(p.name, p.data) for p in local_server.published("orders")] == [
        ("paid", {"id": 1}),
        ("other", {"id": 2}),
        ("other", ["three"]),
    ]


def test_a_line_that_is_not_json_is_named(
    cli: CommandLine, local_server: ThreadedLocalAbly
) -> None:
    ended = cli("channels", "publish", "orders", "--json-lines", stdin='"one"\n{two}\n"three"\n')
    assert ended.status == 1
    before, why = ended.err.splitlines()
    assert before == "1 published before this failed:"
    assert why.startswith("ably-realtime: line 2 is not JSON: ")
    assert [published.data for published in local_server.published("orders")] == ["one"]


def test_a_line_is_published_as_soon_as_it_is_there(
    cli: CommandLine, local_server: ThreadedLocalAbly
) -> None:
    with cli.started("channels", "publish", "orders", stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write("first\n")
        process.stdin.flush()
        local_server.wait_until_sync(
            lambda: local_server.published("orders"), timeout=PATIENCE * 1000
        )
        ended = cli.finished(process)
    assert ended.out == "published 1 message to orders\n"


def test_encrypted_messages(cli: CommandLine) -> None:
    key = base64.b64encode(os.urandom(32)).decode()
    assert cli("channels", "publish", "orders", "hidden", "--cipher", key).status == 0
    [opened] = cli("channels", "history", "orders", "--cipher", key, "--json").records
    [closed] = cli("channels", "history", "orders", "--json").records
    assert opened["data"] == "hidden"
    assert "cipher" in closed["encoding"]


# -- the past and the present


def test_history_is_newest_first_as_many_as_asked_for(
    cli: CommandLine, local_server: ThreadedLocalAbly
) -> None:
    publish(local_server, "orders", "one", "two", "three")
    newest = cli("channels", "history", "orders", "--limit", 2, "--json")
    oldest = cli("channels", "history", "orders", "--direction", "forwards", "--start", "1h")
    assert [record["data"] for record in newest.records] == ["three", "two"]
    assert [line.split()[4] for line in oldest.lines] == ["one", "two", "three"]
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  orders", oldest.lines[0])


def test_channels_in_use_are_listed(cli: CommandLine, local_server: ThreadedLocalAbly) -> None:
    for name in ("orders:1", "orders:2", "stock"):
        publish(local_server, name, "x")
    assert [line.split()[0] for line in cli("channels", "list", "--prefix", "orders").lines] == [
        "orders:1",
        "orders:2",
    ]
    [first] = cli("channels", "list", "--limit", 1, "--json").records
    assert first["channelId"] == "orders:1"


def test_occupancy_now_and_as_it_changes(cli: CommandLine, local_server: ThreadedLocalAbly) -> None:
    subscribing = ("channels", "occupancy", "subscribe", "orders", "--json", "-c", 2)
    with cli.started(*subscribing) as watching:
        attached(local_server, "orders")
        now = cli("channels", "occupancy", "get", "orders", "--json")
        with cli.started("channels", "subscribe", "orders"):
            ended = cli.finished(watching)
    assert now.records[0]["metrics"]["connections"] == 1
    assert [record["metrics"]["connections"] for record in ended.records] == [1, 2]


def test_members_come_and_go(cli: CommandLine, local_server: ThreadedLocalAbly) -> None:
    watch = ("channels", "presence", "subscribe", "room", "--json", "-c", 2)
    enter = ("channels", "presence", "enter", "room", "--client-id", "ann", "--data", '{"a":1}')
    with cli.started(*watch) as watching, cli.started(*enter) as entered:
        local_server.wait_until_sync(lambda: local_server.present("room"), timeout=PATIENCE * 1000)
        [member] = cli("channels", "presence", "get", "room").lines
        entered.terminate()
        assert entered.wait(PATIENCE) == 143
        ended = cli.finished(watching)
    assert member.split()[1:] == ["present", "ann", '{"a":1}']
    assert [(r["action"], r["clientId"]) for r in ended.records][-1] == ("leave", "ann")
    assert local_server.present("room") == []


def test_a_member_needs_a_name(cli: CommandLine) -> None:
    ended = cli("channels", "presence", "enter", "room")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err == "ably-realtime: a member needs a client id. Pass --client-id.\n"


def test_annotations(cli: CommandLine, local_server: ThreadedLocalAbly) -> None:
    publish(local_server, "mutable:orders", "annotate me")
    [message] = local_server.published("mutable:orders")
    serial, kind = str(message.serial), "reaction:distinct.v1"
    where = ("mutable:orders", serial, kind, "-n", "heart", "--client-id", "ann")
    watch = ("channels", "annotations", "subscribe", "mutable:orders", "-c", 2, "--json")
    with cli.started(*watch) as watching:
        attached(local_server, "mutable:orders")
        published = cli("channels", "annotations", "publish", *where)
        [kept] = cli("channels", "annotations", "get", "mutable:orders", serial, "--json").records
        deleted = cli("channels", "annotations", "delete", *where, "--json")
        ended = cli.finished(watching)
    assert published == Ended(0, f"published {kind} on mutable:orders\n", "")
    assert (kept["type"], kept["name"], kept["clientId"]) == (kind, "heart", "ann")
    assert deleted.records[0]["messageSerial"] == serial
    assert [record["action"] for record in ended.records] == [
        "annotation_create",
        "annotation_delete",
    ]
