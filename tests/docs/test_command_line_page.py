"""The page about the command line: its captures are of this command, and its commands work."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from ably_local import ThreadedLocalAbly
from docs.captures import CAPTURES, FOLDER, KEY, PAGE, blocks
from tests.docs.test_snippets import blocks as fenced
from tests.integration.command_line import COMMAND, PATIENCE, settings_for

TEXT = PAGE.read_text(encoding="utf-8")
NOT_RUN = ("pip ", "export ", "ably-realtime serve ")
COMMANDS = [
    line.removeprefix("$ ")
    for block in fenced(TEXT)
    for line in block.text.splitlines()
    if block.info == "console"
    and block.text + "\n" not in blocks(TEXT).values()
    and line.startswith("$ ")
]
SHELL = "/bin/bash"


def shape(text: str) -> list[str]:
    """A capture without what differs each time or by machine: numbers, addresses, bars."""
    text = re.sub(r"(localhost is|connected to) [0-9a-f:.]+(, [0-9a-f:.]+)?", r"\1 0", text)
    lines = [line for line in text.splitlines() if "█" not in line and "≤" not in line]
    return [" ".join(re.sub(r"\d[\d:.,-]*", "0", line).split()) for line in lines]


def test_the_page_shows_every_capture() -> None:
    recorded = {name: (FOLDER / f"{name}.txt").read_text(encoding="utf-8") for name in CAPTURES}
    assert blocks(TEXT) == recorded
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(CAPTURES)


@pytest.mark.parametrize("name", CAPTURES)
def test_a_capture_fits_80_columns_and_has_no_secret(name: str) -> None:
    recorded = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert [line for line in recorded.splitlines() if len(line) > 80] == []
    assert KEY.partition(":")[2] not in recorded
    assert "\x1b" not in recorded


@pytest.mark.parametrize("name", CAPTURES)
def test_a_capture_is_what_the_command_shows(name: str) -> None:
    recorded = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert shape(CAPTURES[name]()) == shape(recorded)


def test_the_commands_of_the_page_work(tmp_path: Path) -> None:
    """One after the other, as a reader would type them, with the SERIAL that was shown."""
    program = tmp_path / "ably-realtime"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n')
    program.chmod(0o755)
    commands = [line for line in COMMANDS if not line.startswith(NOT_RUN)]
    assert len(commands) > 10
    with ThreadedLocalAbly() as server:
        path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, **settings_for(server), "PATH": path}
        serial = ""
        for line in commands:
            done = subprocess.run(  # noqa: S603 - the page is ours
                [SHELL, "-o", "pipefail", "-c", line.replace("SERIAL", serial)],
                env=environment,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
            assert (done.returncode, done.stderr) == (0, ""), line
            if shown := re.search(r'"serials":\["([^"]+)"', done.stdout):
                serial = shown[1]


def test_a_command_is_found_in_the_page() -> None:
    assert "ably-realtime connections test --pings 3" in COMMANDS
