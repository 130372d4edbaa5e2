"""`ably-local serve` in a process of its own."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ably_local.clock import Clock
from tests.integration.local.raw import PATIENCE

Event = dict[str, Any]

PATIENCE_TO_START = 4 * PATIENCE


class Served:
    """A server that logs JSON, and what it logged so far, the first event excepted."""

    def __init__(self, process: Process, listening: Event) -> None:
        self.process = process
        self.listening = listening
        self.url: str = listening["url"]
        self.key: str = listening["key"]
        self.ca_file: Path | None = None
        self.clock = Clock()
        self.events: list[Event] = []
        self._more = asyncio.Event()

    async def logged(self, event: str) -> Event:
        """Return the first event of this name, once there is one."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for line in self.events:
                    if line["event"] == event:
                        return line
                self._more.clear()
                await self._more.wait()

    async def ended(self) -> int:
        """Return the exit status, once the process has ended and all it logged was read."""
        return await asyncio.wait_for(self.process.wait(), PATIENCE)

    async def follow(self) -> None:
        """Read what it logs until it ends."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.events.append(json.loads(line))
            self._more.set()


@asynccontextmanager
async def serving(*arguments: object) -> AsyncIterator[Served]:
    """Serve on a free port until the block ends."""
    async with _process("--json", *arguments) as process:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), PATIENCE_TO_START)
        served = Served(process, json.loads(line))
        follower = asyncio.create_task(served.follow())
        yield served
        if process.returncode is None:
            process.kill()
        await follower


@asynccontextmanager
async def introduced(*arguments: object) -> AsyncIterator[tuple[Process, str]]:
    """Serve on a free port until the block ends, and yield the banner too."""
    async with _process(*arguments) as process:
        assert process.stdout is not None
        banner = await asyncio.wait_for(
            process.stdout.readuntil(b"Ctrl-C stops it."), PATIENCE_TO_START
        )
        yield process, banner.decode()


async def refused(*arguments: object) -> tuple[int, str, str]:
    """Run a command that ends by itself; return its status and what it printed."""
    command = [sys.executable, "-m", "ably_local", *map(str, arguments)]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE_TO_START)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def url_in(banner: str) -> str:
    """Return the base URL that a banner names."""
    found = re.search(r"^URL +(\S+)$", banner, re.MULTILINE)
    assert found is not None
    return found[1]


@asynccontextmanager
async def _process(*arguments: object) -> AsyncIterator[Process]:
    command = [sys.executable, "-m", "ably_local", "serve", "--port", "0", *map(str, arguments)]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        # Its pipes are closed by the loop some time after; a warning would say so otherwise.
        if process.stdout is not None:
            await process.stdout.read()
