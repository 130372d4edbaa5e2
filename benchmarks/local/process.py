"""`ably-local serve` in a process of its own, and what the system knows of that process."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.worker_process import WorkerProcess

SERVE = (sys.executable, "-m", "ably_local", "serve")
KEY = "bench.key:secret"


@dataclass(frozen=True, slots=True)
class Address:
    """How to reach a server, and the number of its process."""

    port: int
    pid: int
    key: str = KEY


class LocalServer:
    """A running server."""

    def __init__(self, process: WorkerProcess, address: Address) -> None:
        self._process = process
        self.address = address

    @classmethod
    async def start(
        cls,
        core: int | None,
        *,
        command: Sequence[str] = SERVE,
        source: Path | None = None,
    ) -> Self:
        """Start a server on a free port; `source` holds another `ably_local` than the usual."""
        serve = [*command, "--host", "127.0.0.1", "--port", "0", "--key", KEY]
        process = await WorkerProcess.start(serve, core, search=source)
        while True:
            line = await process.line("the server's URL")
            if found := re.search(rb"http://127\.0\.0\.1:(\d+)", line):
                return cls(process, Address(int(found[1]), process.pid))

    async def stop(self) -> None:
        """End it."""
        await self._process.kill()


def resident_bytes(pid: int) -> int:
    """The memory that a process occupies."""
    return int(_proc(pid, "statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """The processor time that a process has taken, all its threads together."""
    clock = (~pid << 3) | 2  # what clock_getcpuclockid(3) makes of the number of a process
    return time.clock_gettime(clock)


def descriptors(pid: int) -> int:
    """The number of files and sockets that a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def _proc(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text(encoding="ascii")
