"""The command `ably-realtime` in a process of its own, with pipes or in a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

PATIENCE = 60.0
COMMAND = (sys.executable, "-m", "ably_realtime")
ESCAPE = "\x1b"
_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


@dataclass(frozen=True)
class Ended:
    """A command that has ended: its exit status and what it printed."""

    status: int
    out: str
    err: str = ""

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def records(self) -> list[dict[str, Any]]:
        """What it printed with `--json`."""
        return [json.loads(line) for line in self.lines]


class CommandLine:
    """Runs the command with an environment of its own, and sees that no secret is printed."""

    def __init__(self, **variables: str) -> None:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ABLY_", "SSL_CERT")) and name not in ("NO_COLOR", "COLUMNS")
        }
        self.environment = {**kept, **variables}
        key = variables.get("ABLY_API_KEY", "")
        self._secrets = [text for text in (key.partition(":")[2],) if text]

    def but(self, **variables: str) -> CommandLine:
        """The same with other variables; what was secret still is, and no variable is forgotten."""
        changed = CommandLine(**{**self.environment, **variables})
        changed.environment = {**self.environment, **variables}
        changed._secrets += self._secrets
        return changed

    def __call__(self, *arguments: object, stdin: str = "") -> Ended:
        """Run a command to its end, with pipes."""
        done = subprocess.run(  # noqa: S603 - our own command
            [*COMMAND, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env=self.environment,
        )
        return self.checked(Ended(done.returncode, done.stdout, done.stderr))

    @contextmanager
    def started(self, *arguments: object, **options: Any) -> Iterator[subprocess.Popen[str]]:
        """A command that runs while the block does, with pipes."""
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **options}
        with subprocess.Popen(  # noqa: S603 - our own command
            [*COMMAND, *map(str, arguments)],
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            **options,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    def finished(self, process: subprocess.Popen[str]) -> Ended:
        """The rest of what a started command prints, and its status."""
        out, err = process.communicate(timeout=PATIENCE)
        return self.checked(Ended(process.returncode, out or "", err))

    def in_terminal(
        self,
        *arguments: object,
        columns: int = 80,
        results_only: bool = False,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Ended:
        """Run a command to its end in a terminal; `out` is all that it showed.

        With `results_only`, what goes to stderr is not shown. `meanwhile` is called once it runs.
        """
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {**self.environment, "TERM": "xterm-256color"}
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*COMMAND, *map(str, arguments)],
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.DEVNULL if results_only else theirs,
            env=environment,
        )
        os.close(theirs)
        meanwhile()
        shown = b"".join(_until_closed(ours))
        os.close(ours)
        status = process.wait(PATIENCE)
        return self.checked(Ended(status, shown.decode()))

    def checked(self, ended: Ended) -> Ended:
        for secret in self._secrets:
            assert secret not in ended.out + ended.err, "a secret was printed"
        assert "Traceback" not in ended.err
        return ended


def plain(text: str) -> str:
    """What a terminal shows, without colours."""
    return _SEQUENCE.sub("", text)


def settings_for(server: Any) -> Mapping[str, str]:
    """The variables that point the command at a local server."""
    return {"ABLY_API_KEY": server.key, "ABLY_ENDPOINT": server.url}


def _until_closed(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(terminal, 65_536)
        except OSError:  # Linux says so when the other side has closed
            return
        if not chunk:
            return
        yield chunk
