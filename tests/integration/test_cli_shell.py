"""What the shell sees of `ably-realtime`: exit codes, signals, pipes, colours, completion."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from ably_local import ThreadedLocalAbly
from ably_realtime import __version__
from ably_realtime.cli.app import command
from tests.integration.command_line import ESCAPE, PATIENCE, CommandLine, Ended, plain
from tests.integration.test_cli_channels import attached, publish

NOWHERE = "http://localhost:1"


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    """The words of every command and group."""
    yield path
    for name, found in group.commands.items():
        if isinstance(found, click.Group):
            yield from commands(found, *path, name)
        elif name != "serve":  # its help is the server's
            yield (*path, name)


# -- exit codes


def test_it_says_its_version(cli: CommandLine) -> None:
    assert cli("--version") == Ended(0, f"ably-realtime, version {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["channels", "subscribe"], "missing argument 'CHANNEL...'"),
        (["channels", "subscrib"], "no such command 'subscrib'"),
        (["channels", "history", "orders", "--limit", "many"], "'many' is not a valid integer"),
        (["channels", "history", "orders", "--start", "soon"], "'soon' is not a time"),
        (["channels", "list", "--endpoint", "ftp://a"], "starts with http:// or https://"),
        (["channels", "list", "--endpoint", "http://a/path"], "nothing but host and port"),
        (["auth", "token", "--capability", "[]"], 'it is JSON such as {"orders:*"'),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_2(
    cli: CommandLine, arguments: list[str], says: str
) -> None:
    ended = cli(*arguments)
    assert (ended.status, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    assert says in ended.err
    assert "Try: ably-realtime " in ended.err


def test_without_credentials_it_says_where_they_come_from() -> None:
    ended = CommandLine()("channels", "list")
    assert ended.status == 2
    assert "set ABLY_API_KEY or ABLY_TOKEN" in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["channels", "publish", "orders", "x"],
        ["channels", "subscribe", "orders"],
        ["channels", "history", "orders"],
        ["auth", "token"],
    ],
    ids=" ".join,
)
def test_a_failure_is_one_line_and_1(cli: CommandLine, arguments: list[str]) -> None:
    ended = cli.but(ABLY_ENDPOINT=NOWHERE)(*arguments)
    assert (ended.status, ended.out) == (1, "")
    assert len(ended.err.splitlines()) == 1
    assert ended.err.startswith("ably-realtime: ")
    assert "All connection attempts failed" in ended.err
    assert ended.err.endswith(
        "). Check the network, the endpoint and the port. To find out why: ably-realtime doctor\n"
    )


def test_a_failure_with_json_is_an_object(cli: CommandLine) -> None:
    wrong = cli.but(ABLY_API_KEY=f"{cli.environment['ABLY_API_KEY']}x")
    ended = wrong("channels", "publish", "orders", "x", "--json")
    assert (ended.status, ended.out) == (1, "")
    error = json.loads(ended.err)["error"]
    assert (error["code"], error["hint"]) == (
        40101,
        "Check the API key or token: the server does not accept it.",
    )


def test_verbose_shows_the_log_and_no_traceback(cli: CommandLine) -> None:
    ended = cli.but(ABLY_ENDPOINT=NOWHERE)("channels", "publish", "orders", "x", "--verbose")
    *log, error = ended.err.splitlines()  # the helper looks for tracebacks itself
    assert ended.status == 1
    assert any("connecting" in line for line in log)
    assert error.startswith("ably-realtime: ")


# -- where the server and the credentials come from


def test_options_beat_the_environment(cli: CommandLine, local_server: ThreadedLocalAbly) -> None:
    key = cli.environment["ABLY_API_KEY"]
    stale = cli.but(ABLY_API_KEY="", ABLY_TOKEN="stale", ABLY_ENDPOINT="localhost")
    ended = stale(
        "channels", "publish", "orders", "x", "--port", local_server.port, "--api-key", key
    )
    assert ended.status == 0


def test_the_url_of_ably_cli_is_understood(
    cli: CommandLine, local_server: ThreadedLocalAbly
) -> None:
    both = cli.but(ABLY_URL=local_server.url, ABLY_ENDPOINT=NOWHERE)
    assert both("channels", "publish", "orders", "x").status == 0


def test_a_token_serves_as_well_as_a_key(cli: CommandLine) -> None:
    token = cli("auth", "token", "--token-only").out.strip()
    ended = cli.but(ABLY_API_KEY="", ABLY_TOKEN=token)("channels", "publish", "orders", "x")
    assert ended.status == 0


# -- signals and pipes


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_a_signal_ends_it_in_good_order(
    cli: CommandLine, local_server: ThreadedLocalAbly, number: signal.Signals, status: int
) -> None:
    with cli.started("channels", "subscribe", "orders") as process:
        attached(local_server, "orders")
        process.send_signal(number)
        ended = cli.finished(process)
    assert (ended.status, ended.out, ended.err.strip()) == (status, "", "")
    assert local_server.connections == []


def test_ctrl_c_while_the_input_is_awaited(
    cli: CommandLine, local_server: ThreadedLocalAbly
) -> None:
    with cli.started("channels", "publish", "orders", stdin=subprocess.PIPE) as process:
        local_server.wait_until_sync(lambda: local_server.connections, timeout=PATIENCE * 1000)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        assert cli.finished(process).err.strip() == ""


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
def test_a_reader_that_leaves_ends_it_quietly(
    cli: CommandLine, local_server: ThreadedLocalAbly, options: tuple[str, ...]
) -> None:
    with cli.started("channels", "subscribe", "orders", *options) as process:
        attached(local_server, "orders")
        publish(local_server, "orders", "one")
        assert process.stdout is not None
        assert "one" in process.stdout.readline()
        process.stdout.close()
        publish(local_server, "orders", "two")
        assert process.wait(PATIENCE) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


# -- secrets


@pytest.mark.parametrize(
    "arguments",
    [
        ["channels", "publish", "orders", "x"],
        ["doctor"],
        ["connections", "test"],
        ["channels", "history", "orders"],
    ],
    ids=" ".join,
)
def test_no_secret_in_the_log(cli: CommandLine, arguments: list[str]) -> None:
    ended = cli(*arguments, "--verbose")  # which looks for secrets itself
    assert ended.status == 0
    token = cli("auth", "token", "--token-only").out.strip()
    again = cli.but(ABLY_API_KEY="", ABLY_TOKEN=token)(*arguments, "--verbose")
    assert again.status == 0
    assert token not in again.out + again.err


def test_the_log_tells_what_happens(cli: CommandLine) -> None:
    assert "ably_realtime" in cli("channels", "publish", "orders", "x", "--verbose").err


def test_a_key_in_the_wrong_place_is_not_repeated(cli: CommandLine) -> None:
    key = cli.environment["ABLY_API_KEY"]
    for arguments in (["channels", "list", key], ["channels", "list", "--limit", key], [key]):
        ended = cli(*arguments)  # which looks for secrets itself
        assert ended.status == 2
        assert ":***" in ended.err


# -- terminals


def test_a_terminal_has_colours_and_titles_and_a_pipe_has_neither(
    cli: CommandLine, local_server: ThreadedLocalAbly
) -> None:
    publish(local_server, "orders", "one")
    piped = cli("channels", "history", "orders")
    shown = cli.in_terminal("channels", "history", "orders")
    assert ESCAPE not in piped.out
    assert "\x1b[32m" in shown.out
    title, row = plain(shown.out).splitlines()
    assert title.split() == ["time", "channel", "event", "data", "client"]
    assert row.split() == piped.out.split()


@pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {"NO_COLOR": "yes"}], ids=str)
def test_no_color_is_heeded(
    cli: CommandLine, local_server: ThreadedLocalAbly, variable: dict[str, str]
) -> None:
    publish(local_server, "orders", "one")
    history = cli.but(**variable).in_terminal("channels", "history", "orders").out
    assert not re.search(r"\x1b\[[0-9;]*m", history)


def test_long_cells_fold_within_their_columns(
    cli: CommandLine, local_server: ThreadedLocalAbly
) -> None:
    publish(local_server, "orders", "x" * 200)
    shown = plain(cli.in_terminal("channels", "history", "orders").out).splitlines()
    assert all(len(line) <= 80 for line in shown)
    assert "".join(shown).count("x") == 200
    assert len(shown) > 3


def test_a_narrow_encoding_is_no_reason_to_fail(
    cli: CommandLine, local_server: ThreadedLocalAbly
) -> None:
    publish(local_server, "orders", "caf\u00e9")
    ended = cli.but(PYTHONIOENCODING="ascii")("channels", "history", "orders")
    assert (ended.status, ended.err) == (0, "")
    assert r"caf\xe9" in ended.out


@pytest.mark.parametrize("path", list(commands(command)), ids=" ".join)
def test_help_fits_80_columns(path: tuple[str, ...]) -> None:
    found = command
    context = click.Context(found, info_name="ably-realtime", max_content_width=80)
    for name in path:
        assert isinstance(found, click.Group)
        found = found.commands[name]  # type: ignore[assignment]
        context = click.Context(found, info_name=name, parent=context)
    lines = found.get_help(context).splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert "..." not in "".join(line for line in lines if not line.startswith("Usage"))


# -- completion


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script_it_can_read(cli: CommandLine, shell: str) -> None:
    ended = cli("completion", shell)
    assert (ended.status, ended.err) == (0, "")
    assert f"_ABLY_REALTIME_COMPLETE={shell}_complete" in ended.out
    if (found := shutil.which(shell)) is not None:
        checked = subprocess.run(  # noqa: S603 - a shell that is installed here
            [found, "-n"], input=ended.out, text=True, capture_output=True
        )
        assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ably-realtime ch", ["channels"]),
        ("ably-realtime channels presence ", ["enter", "get", "subscribe"]),
        ("ably-realtime channels subscribe --re", ["--rewind"]),
    ],
)
def test_commands_and_options_are_completed(words: str, found: list[str]) -> None:
    cli = CommandLine(
        _ABLY_REALTIME_COMPLETE="bash_complete",
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split(" ")) - 1),
    )
    completed = [line.partition(",")[2] for line in cli().lines]
    assert completed == found


# -- what else has to be installed


def without(module: str, *arguments: str) -> Ended:
    """Run the command where a package is not installed."""
    program = (
        f"import sys; sys.modules[{module!r}] = None; "
        f"from ably_realtime.cli import main; sys.exit(main({list(arguments)!r}))"
    )
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("module", ["click", "jwt", "rich"])
def test_without_the_extra_it_says_what_to_install(module: str) -> None:
    assert without(module, "--help") == Ended(
        1,
        "",
        f"ably-realtime: the command line needs {module}, which is not installed. "
        "Install it with: pip install 'ably-realtime[cli]'\n",
    )


def test_serve_without_the_server_says_what_to_install() -> None:
    assert without("ably_local", "serve") == Ended(
        1,
        "",
        "ably-realtime: the local server is the package ably-local, which is not installed. "
        "Install it with: pip install ably-local\n",
    )


def test_serve_is_the_local_server(cli: CommandLine) -> None:
    with cli.started("serve", "--port", 0, "--key", "app.key:hidden", "--json") as process:
        assert process.stdout is not None
        listening = json.loads(process.stdout.readline())
        local = CommandLine(ABLY_API_KEY="app.key:hidden", ABLY_ENDPOINT=listening["url"])
        assert local("channels", "publish", "orders", "x").status == 0
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


def test_the_server_reads_its_own_options(cli: CommandLine) -> None:
    ended = cli("serve", "--help")
    assert ended.status == 0
    assert "--data FILE" in ended.out
