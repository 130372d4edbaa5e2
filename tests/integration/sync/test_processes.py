"""How a program that uses the client forks, is interrupted and ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ably_local import ThreadedLocalAbly

SECONDS = 10.0

START = """
import json, os, sys
from ably_realtime.sync import AblyError, AblyRealtime

OPTIONS = json.loads(sys.argv[1])
"""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no fork() and no SIGINT")


@contextmanager
def program(server: ThreadedLocalAbly, text: str, *python: str) -> Iterator[subprocess.Popen[str]]:
    """A program that runs against the server, with its output at hand."""
    options = json.dumps(server.client_options())
    with subprocess.Popen(  # noqa: S603 - the programs are those below
        [sys.executable, *python, "-c", START + text, options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def run(server: ThreadedLocalAbly, text: str, *python: str) -> tuple[int, str, str]:
    """The exit code and the output of a program."""
    with program(server, text, *python) as process:
        output, errors = process.communicate(timeout=SECONDS)
        return process.returncode, output, errors


# Ending


CONNECTED = """
client = AblyRealtime(**OPTIONS)
channel = client.channels.get("orders")
channel.subscribe(lambda message: None)
channel.publish("created", "1")
"""


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("", 0),
        ("client.close()", 0),
        ("sys.exit(3)", 3),
        ("import threading; threading.Thread(target=lambda: channel.publish('late')).start()", 0),
        ("client.connection.on('closed', print); import atexit; atexit.register(client.close)", 0),
    ],
    ids=["forgotten", "closed", "exit code", "thread goes on", "atexit"],
)
def test_a_program_ends_quietly(server: ThreadedLocalAbly, end: str, code: int) -> None:
    returned, output, errors = run(server, CONNECTED + end)
    assert (returned, errors) == (code, "")
    assert output.count("\n") <= 1
    assert server.connections == []  # closed, and not only gone


def test_a_blocked_listener_does_not_keep_a_program(server: ThreadedLocalAbly) -> None:
    text = (
        CONNECTED
        + """
import threading
begun = threading.Event()
channel.subscribe("block", lambda message: (begun.set(), threading.Event().wait()))
channel.publish("block")
begun.wait()
"""
    )
    assert run(server, text) == (0, "", "")


def test_a_program_that_reconnects_ends_quietly(server: ThreadedLocalAbly) -> None:
    with program(server, CONNECTED + "print('ready', flush=True); input()") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        server.faults.refuse_connections()
        server.faults.drop_connections()
        _, errors = process.communicate("\n", timeout=SECONDS)
        assert (errors, process.returncode) == ("", 0)


def test_forgetting_to_close_is_said_where_warnings_are_shown(server: ThreadedLocalAbly) -> None:
    code, _, errors = run(server, CONNECTED, "-W", "always::ResourceWarning")
    assert code == 0
    assert errors.count("AblyRealtime client was not closed") == 1


# Forking


THREADS_KNOWN = ("-W", "ignore:This process:DeprecationWarning")  # Python 3.12 and later say so


FORKED = """
def in_child(work):
    pid = os.fork()
    if pid == 0:
        work()
        sys.exit()
    assert os.waitpid(pid, 0)[1] == 0
"""


def test_a_child_is_told_that_the_client_is_its_parents(server: ThreadedLocalAbly) -> None:
    text = (
        CONNECTED
        + FORKED
        + """
def use():
    for use in (
        lambda: channel.publish("created", "2"),
        lambda: client.connection.state,
        lambda: client.rest,
        lambda: next(stream),
    ):
        try:
            use()
        except AblyError as error:
            print(error.message)
    client.close()

with channel.messages() as stream:
    connection = client.connection.id
    in_child(use)
    channel.publish("created", "3")
    assert next(stream).data == "3"
    assert client.connection.ping() > 0
    assert client.connection.id == connection
client.close()
"""
    )
    code, output, errors = run(server, text, *THREADS_KNOWN)
    assert (errors, code) == ("", 0)
    assert (
        output.splitlines()
        == [
            "this client was made before fork() and in use: "
            "its connection belongs to the parent process"
        ]
        * 4
    )
    assert [message.data for message in server.published("orders")] == ["1", "3"]


def test_a_child_makes_its_own_client(server: ThreadedLocalAbly) -> None:
    text = (
        CONNECTED
        + FORKED
        + """
def use():
    with AblyRealtime(**OPTIONS) as own:
        own.channels.get("orders").publish("created", "child")

in_child(use)
channel.publish("created", "parent")
client.close()
"""
    )
    assert run(server, text, *THREADS_KNOWN) == (0, "", "")
    assert [message.data for message in server.published("orders")] == ["1", "child", "parent"]


def test_children_use_a_client_that_was_not_used_before(server: ThreadedLocalAbly) -> None:
    """As worker processes do that import the application before they fork."""
    text = (
        FORKED
        + """
client = AblyRealtime(**OPTIONS)

def use():
    client.channels.get("orders").publish("created", "child")
    client.close()

in_child(use)
in_child(use)
client.channels.get("orders").publish("created", "parent")
client.close()
"""
    )
    assert run(server, text, *THREADS_KNOWN) == (0, "", "")
    published = server.published("orders")
    assert [message.data for message in published] == ["child", "child", "parent"]
    assert len({message.connection_id for message in published}) == 3


# Being interrupted


INTERRUPTED = """
import signal
client = AblyRealtime(**OPTIONS)
channel = client.channels.get("orders")
with channel.messages() as stream:
    for _ in range(2):
        try:
            print("ready", flush=True)
            {wait}
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    channel.publish("created", "still usable")
    assert next(stream).data == "still usable"
client.close()
"""


@pytest.mark.parametrize(
    "wait",
    [
        "channel.when_state('failed')",
        "next(stream)",
        "client.channels.get('x').changes().__enter__().__next__()",
    ],
    ids=["a state", "a message", "a change"],
)
def test_an_interrupt_ends_a_wait_and_nothing_else(server: ThreadedLocalAbly, wait: str) -> None:
    with program(server, INTERRUPTED.format(wait=wait)) as process:
        assert process.stdout is not None
        for _ in range(2):
            assert process.stdout.readline() == "ready\n"
            os.kill(process.pid, signal.SIGINT)
            assert process.stdout.readline() == "interrupted\n"
        _, errors = process.communicate(timeout=SECONDS)
        assert (errors, process.returncode) == ("", 0)
    assert [message.data for message in server.published("orders")] == ["still usable"]
