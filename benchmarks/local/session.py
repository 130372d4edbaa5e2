"""One run: every workload in JSON and MessagePack in turn, over and over, and then the report."""

from __future__ import annotations

import argparse
import asyncio
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.catalogue import Workload
from benchmarks.local.catalogue import WORKLOADS
from benchmarks.local.process import LocalServer
from benchmarks.local.report import as_json, heading, rows_as_text
from benchmarks.machine import description, two_cores
from benchmarks.results import Run, Samples
from benchmarks.worker_process import ROOT, WorkerFailed, WorkerProcess

RESULTS = ROOT / "build" / "benchmarks"
REPETITIONS = 5
QUICK_REPETITIONS = 3
LOAD = (sys.executable, "-m", "benchmarks.local.load")


@dataclass(frozen=True, slots=True)
class Contender:
    """The server in one format; `source` holds another `ably_local` than the usual one."""

    name: str
    binary: bool
    source: Path | None = None


FORMATS = (Contender("JSON", binary=False), Contender("MessagePack", binary=True))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; return the exit code."""
    options = _parser().parse_args(arguments)
    if options.page and (options.only or options.against or options.share != 1):
        print("server.py: the page takes a whole run of this version alone", file=sys.stderr)
        return 2
    if options.against and not (options.against / "ably_local" / "__main__.py").is_file():
        print(f"server.py: there is no ably_local in {options.against}", file=sys.stderr)
        return 2
    contenders = list(FORMATS)
    if options.against is not None:
        contenders += [
            Contender(f"{contender.name}, other", contender.binary, options.against.resolve())
            for contender in FORMATS
        ]
    run = Run(
        date=datetime.now(UTC),
        machine=description(),
        versions=versions(),
        quick=options.quick is not None,
        repetitions=options.repetitions or (QUICK_REPETITIONS if options.quick else REPETITIONS),
        contenders=tuple(contender.name for contender in contenders),
    )
    allow_many_sockets()
    print(heading(run))
    chosen = [w for w in WORKLOADS if options.only is None or w.name in options.only]
    asyncio.run(measure(run, chosen, contenders, options.share))
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "server.json").write_text(as_json(run), encoding="utf-8")
    if options.page and not run.failures:
        from benchmarks.local.page import refresh_rates  # matplotlib is needed only here

        refresh_rates(run)
    for failure in run.failures:
        print("FAILED", failure, file=sys.stderr)
    return 1 if run.failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmarks/server.py",
        description="Measure ably-local: rates, latency and memory. It needs Linux.",
    )
    parser.add_argument("quick", nargs="?", choices=["quick"], help="less of everything")
    names = [workload.name for workload in WORKLOADS]
    parser.add_argument("--only", action="append", choices=names, help="one workload, or several")
    parser.add_argument(
        "--against", type=Path, metavar="SRC", help="measure the ably_local in SRC in turn with it"
    )
    parser.add_argument(
        "--page",
        action="store_true",
        help="refresh the page in docs, by a run of every workload",
    )
    parser.add_argument(
        "--results", type=Path, default=RESULTS, metavar="FOLDER", help="where server.json goes"
    )
    parser.add_argument("--repetitions", type=int, help="of each workload")
    parser.add_argument("--share", type=float, default=1.0, help="of the work, below 1 for a trial")
    return parser


def versions() -> dict[str, str]:
    """What was measured, and what it stands on."""
    found = {"Python": platform.python_version(), "ably-local": _own_version()}
    return found | {name: version(name) for name in ("uvicorn", "websockets", "msgpack")}


def _own_version() -> str:
    project = ROOT / "packages" / "ably-local" / "pyproject.toml"
    lines = project.read_text(encoding="utf-8").splitlines()
    return next(line.split('"')[1] for line in lines if line.startswith("version"))


def allow_many_sockets() -> None:
    """Let this process and those it starts open as many sockets as the system allows them."""
    import resource  # which is not on every system

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def measure(
    run: Run, workloads: Sequence[Workload], contenders: Sequence[Contender], share: float
) -> None:
    """Do the workloads, and print each as it is done."""
    server_core, load_core = two_cores()
    for workload in workloads:
        load = await WorkerProcess.start(LOAD, load_core)
        interleaved = Interleaved(run, workload, contenders, load, server_core, share)
        try:
            await interleaved.measure()
        except WorkerFailed as failure:
            run.failures.append(f"{workload.name}: {failure}")
            await load.kill()
        else:
            await load.end()
        finally:
            await interleaved.stop()
        run.samples += interleaved.samples
        print(rows_as_text(run, interleaved.samples), flush=True)


class Interleaved:
    """One workload by all contenders in turn, each with a server of its own.

    Each does the work once unmeasured, to be warm; unless the workload asks for a fresh server
    each time.
    """

    def __init__(
        self,
        run: Run,
        workload: Workload,
        contenders: Sequence[Contender],
        load: WorkerProcess,
        core: int | None,
        share: float,
    ) -> None:
        self._run = run
        self._workload = workload
        self._contenders = contenders
        self._load = load
        self._core = core
        sizes = {**workload.arguments, **(workload.quick if run.quick else {})}
        self._sizes = {**sizes, "count": int(sizes["count"] * share)}
        self._servers: dict[str, LocalServer] = {}
        self.samples = [
            Samples(workload, measure, measure.title.format(**self._sizes))
            for measure in workload.measures
        ]

    async def measure(self) -> None:
        """Fill the samples."""
        warm_up = 0 if self._workload.fresh else 1
        for repetition in range(-warm_up, self._run.repetitions):
            for contender in self._contenders:
                measured = await self._one(contender)
                for samples in self.samples:
                    if repetition >= 0:
                        values = samples.values.setdefault(contender.name, [])
                        values.append(measured[samples.measure.key])

    async def stop(self) -> None:
        """End the servers."""
        while self._servers:
            _, server = self._servers.popitem()
            await server.stop()

    async def _one(self, contender: Contender) -> dict[str, float]:
        server = self._servers.get(contender.name)
        if server is None:
            server = await LocalServer.start(self._core, source=contender.source)
            self._servers[contender.name] = server
        asked = {"server": asdict(server.address), "binary": contender.binary, **self._sizes}
        measured = await self._load.say(self._workload.operation, asked)
        if self._workload.fresh:
            await self._servers.pop(contender.name).stop()
        return measured
