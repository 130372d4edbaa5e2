"""A contender in a process of its own, driven by lines of JSON.

Each line to it is `{"do": operation, ...arguments}`; it answers with one line, its measurements
by name. It ends when its standard input closes. What it logs goes to standard error.
"""

from __future__ import annotations

import asyncio
import json
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import on_core

ROOT = Path(__file__).parents[1]
DEADLINE = 180.0
"""Seconds for one operation."""


class WorkerFailed(RuntimeError):
    """The process ended, or took too long."""


class WorkerProcess:
    """A program that was started on one core."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        core: int | None,
        *,
        search: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> WorkerProcess:
        """Run a command from the root of the repository; None leaves the core to the system.

        A Python program looks for modules in `search` first. `environment` is added to that of
        this process.
        """
        places = [str(search)] if search else []
        places += filter(None, [os.environ.get("PYTHONPATH")])
        variables = {"PYTHONPATH": os.pathsep.join(places), **(environment or {})}
        with on_core(core):
            process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, cwd=ROOT, env={**os.environ, **variables}
            )
        return cls(process)

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    async def say(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, float]:
        """Have an operation done; return its measurements."""
        assert self._process.stdin is not None
        line = json.dumps({"do": operation, **arguments})
        self._process.stdin.write(line.encode("ascii") + b"\n")
        measured: dict[str, float] = json.loads(await self.line(f"{operation} {arguments}"))
        return measured

    async def line(self, awaited: str) -> bytes:
        """The next line that the program writes; `awaited` says for an error what was expected."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(DEADLINE):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise WorkerFailed(f"no answer within {DEADLINE:g} s to {awaited}") from None
        if not line:
            raise WorkerFailed(f"the process ended during {awaited}")
        return line

    async def end(self) -> None:
        """Let the program end by itself, or kill it if it does not."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def kill(self) -> None:
        """End the program at once."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
