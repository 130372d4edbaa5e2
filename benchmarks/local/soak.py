"""Use a server as hard as many clients do, for a while, and say whether its memory is flat."""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.local.flatness import TOLERANCE, Sample, Trend, trend
from benchmarks.local.process import SERVE, LocalServer, descriptors, resident_bytes
from benchmarks.local.session import RESULTS, allow_many_sockets, versions
from benchmarks.local.soak_client import SoakClient
from benchmarks.machine import description
from benchmarks.worker_process import WorkerFailed

MEGABYTE = 1_000_000
CHANNELS_EACH = 15
AT_ONCE = 20
"""Clients that connect together."""


@dataclass(slots=True)
class Soak:
    """One soak: what was asked for, and what was seen. Durations are seconds."""

    date: datetime
    machine: str
    versions: dict[str, str]
    seconds: float
    warm_up: float
    connections: int
    channels: int
    each_second: float
    samples: list[Sample] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    left_open: int = 0
    failure: str | None = None

    @property
    def memory(self) -> Trend:
        """How the memory of the server went on."""
        return trend(self.samples, self.warm_up)

    @property
    def passed(self) -> bool:
        """Whether all was answered, the memory is flat, and nothing was left open."""
        return self.failure is None and self.memory.is_flat and self.left_open == 0

    def verdict(self) -> str:
        """The same in words."""
        if self.failure is not None:
            return f"FAILED: {self.failure}"
        memory = self.memory
        return (
            f"{'flat' if memory.is_flat else 'NOT FLAT'}: memory of "
            f"{memory.level / MEGABYTE:.1f} MB rose by {memory.growth / MEGABYTE:+.2f} MB "
            f"({memory.growth / memory.level:+.1%}, tolerance {TOLERANCE:.0%}) in the "
            f"{self.seconds - self.warm_up:.0f} s after the warm-up of {self.warm_up:.0f} s; "
            f"{self.left_open} descriptors were left open"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak as the command line asks for; return the exit code."""
    options = _parser().parse_args(arguments)
    if not 0 <= options.warm_up < options.seconds:
        print("soak_server.py: the warm-up has to end before the soak", file=sys.stderr)
        return 2
    soak = Soak(
        date=datetime.now(UTC),
        machine=description(),
        versions=versions(),
        seconds=options.seconds,
        warm_up=options.warm_up,
        connections=options.connections,
        channels=options.channels,
        each_second=options.each_second,
    )
    allow_many_sockets()
    asyncio.run(_run(soak, options.server))
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "soak.json").write_text(as_json(soak), encoding="utf-8")
    print(soak.verdict())
    if options.page and soak.failure is None:
        from benchmarks.local.page import refresh_soak  # matplotlib is needed only here

        refresh_soak(soak)
    return 0 if soak.passed else 1


def as_json(soak: Soak) -> str:
    """Everything, with each sample."""
    return json.dumps(
        {
            "date": soak.date.isoformat(timespec="seconds"),
            "machine": soak.machine,
            "versions": soak.versions,
            "seconds": soak.seconds,
            "warm_up": soak.warm_up,
            "connections": soak.connections,
            "channels": soak.channels,
            "each_second": soak.each_second,
            "passed": soak.passed,
            "verdict": soak.verdict(),
            "done": soak.done,
            "samples": [asdict(sample) for sample in soak.samples],
        },
        indent=1,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmarks/soak_server.py",
        description=__doc__,
        epilog="The exit code is 1 if it is not, or something failed. It needs Linux.",
    )
    parser.add_argument("--seconds", type=float, default=600, help="how long (600)")
    parser.add_argument(
        "--warm-up",
        type=float,
        default=240,
        help="seconds that do not count (240); the server keeps much for two minutes",
    )
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--channels", type=int, default=1_000)
    parser.add_argument(
        "--each-second", type=float, default=200, help="what all clients do together"
    )
    parser.add_argument(
        "--server", type=shlex.split, default=SERVE, metavar="COMMAND", help="another server"
    )
    parser.add_argument("--page", action="store_true", help="refresh the page in docs")
    parser.add_argument(
        "--results", type=Path, default=RESULTS, metavar="FOLDER", help="where soak.json goes"
    )
    return parser


async def _run(soak: Soak, command: Sequence[str]) -> None:
    server: LocalServer | None = None
    try:
        server = await LocalServer.start(None, command=command)
        before = descriptors(server.address.pid)
        await _use(soak, server)
        soak.left_open = await _left_open(server, before)
    except* (ConnectionError, AssertionError, TimeoutError, WorkerFailed) as failures:
        soak.failure = "; ".join(str(failure) for failure in failures.exceptions)
    finally:
        if server is not None:
            await server.stop()


async def _use(soak: Soak, server: LocalServer) -> None:
    channels = [f"soak:{number}" for number in range(soak.channels)]
    clients = []
    for number in range(soak.connections):
        first = number * soak.channels // soak.connections
        own = {channels[(first + n) % soak.channels] for n in range(CHANNELS_EACH)}
        clients.append(SoakClient(number, server.address, own, channels, soak.done))
    for start in range(0, len(clients), AT_ONCE):
        await asyncio.gather(*(client.start() for client in clients[start : start + AT_ONCE]))
    enough = asyncio.Event()
    async with asyncio.TaskGroup() as work:
        for client in clients:
            work.create_task(client.act(soak.each_second / soak.connections, enough))
        await _watch(soak, server.address.pid)
        enough.set()
    await asyncio.gather(*(client.stop() for client in clients))


async def _watch(soak: Soak, pid: int) -> None:
    """Take about 600 samples, and print some of them."""
    began = time.monotonic()
    step = soak.seconds / 600
    for number in range(1, 601):
        await asyncio.sleep(max(0.0, began + number * step - time.monotonic()))
        sample = Sample(time.monotonic() - began, resident_bytes(pid), descriptors(pid))
        soak.samples.append(sample)
        if number % 30 == 0:
            print(
                f"{sample.seconds:6.0f} s {sample.resident_bytes / MEGABYTE:8.1f} MB "
                f"{sample.descriptors:6} descriptors {soak.done.total():9,} done and heard",
                flush=True,
            )


async def _left_open(server: LocalServer, before: int) -> int:
    """The descriptors that are open still, a while after every client has gone."""
    for _ in range(50):
        if descriptors(server.address.pid) <= before:
            break
        await asyncio.sleep(0.1)
    return max(0, descriptors(server.address.pid) - before)
