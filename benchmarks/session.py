"""One run: every workload by every contender in turn, over and over, and then the report."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.catalogue import WORKLOADS, Contender, Workload
from benchmarks.machine import description, has_speed_extra, node, two_cores, versions
from benchmarks.report import as_json, as_markdown, heading, rows_as_text
from benchmarks.results import Run, Samples
from benchmarks.worker_process import ROOT, WorkerFailed, WorkerProcess

RESULTS = ROOT / "build" / "benchmarks"
REPETITIONS = 7
QUICK_REPETITIONS = 3
ENVIRONMENTS: dict[str, dict[str, str]] = {
    Contender.OURS: {"ABLY_REALTIME_SPEED": "0"},
    Contender.SPEED: {"ABLY_REALTIME_SPEED": "1"},
}


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    options = read_arguments()
    chosen = [w for w in WORKLOADS if options.only is None or w.name in options.only]
    commands = contender_commands()
    if Contender.ABLY_JS not in commands:
        print("ably-js is left out: it needs Node, and `npm ci` in tests/interop\n")
    if Contender.SPEED not in commands:
        print("speed is left out: it needs ably-realtime[speed]\n")
    run = Run(
        date=datetime.now(UTC),
        machine=description(),
        versions=versions(),
        quick=options.quick == "quick",
        repetitions=QUICK_REPETITIONS if options.quick else REPETITIONS,
        contenders=tuple(contender for contender in Contender if contender in commands),
    )
    print(heading(run))
    asyncio.run(measure(run, chosen, commands))
    write_results(run)
    if options.page:
        from benchmarks.client_page import refresh  # matplotlib is needed only here

        refresh(run)
    for failure in run.failures:
        print("FAILED", failure, file=sys.stderr)
    return 1 if run.failures else 0


def read_arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="benchmarks/run.py", description=__doc__)
    parser.add_argument("quick", nargs="?", choices=["quick"], help="less of everything")
    names = [workload.name for workload in WORKLOADS]
    parser.add_argument("--only", action="append", choices=names, help="one workload, or several")
    parser.add_argument("--page", action="store_true", help="refresh the page in docs")
    return parser.parse_args()


def contender_commands() -> dict[str, list[str]]:
    """How to start each contender that can run here."""
    commands: dict[str, list[str]] = {
        contender: [sys.executable, "-m", f"benchmarks.workers.{module}"]
        for contender, module in (
            (Contender.OURS, "ours"),
            (Contender.SPEED, "ours"),
            (Contender.ABLY, "ably_python"),
            (Contender.FLOOR, "floor"),
            (Contender.LIMIT, "raw"),
        )
    }
    if not has_speed_extra():
        del commands[Contender.SPEED]
    if (path := node()) is not None:
        script = str(ROOT / "benchmarks" / "workers" / "ably_js.mjs")
        commands[Contender.ABLY_JS] = [path, "--expose-gc", script]
    return commands


async def measure(run: Run, workloads: Sequence[Workload], commands: dict[str, list[str]]) -> None:
    """Do the workloads beside one server, and print each as it is done."""
    server_core, client_core = two_cores()
    command = [sys.executable, "-m", "benchmarks.stub.server"]
    server = await WorkerProcess.start(command, server_core)
    try:
        port = int(await server.line("the server's port"))
        for workload in workloads:
            present = {c: commands[c] for c in run.contenders if c in workload.contenders}
            interleaved = Interleaved(run, workload, present, port, client_core)
            run.samples += await interleaved.measure()
            print(rows_as_text(run, [s for s in run.samples if s.workload is workload]), flush=True)
    finally:
        await server.end()


class Interleaved:
    """One workload by all contenders in turn: A B C D, A B C D, and so on.

    Each has its process for all repetitions, and does the work once unmeasured, to be warm;
    unless the workload asks for a fresh process each time.
    """

    def __init__(
        self,
        run: Run,
        workload: Workload,
        commands: dict[str, list[str]],
        port: int,
        core: int | None,
    ) -> None:
        self._run = run
        self._workload = workload
        self._commands = commands
        self._core = core
        sizes = {**workload.arguments, **(workload.quick if run.quick else {})}
        self._arguments = {"port": port, **sizes}
        self._workers: dict[str, WorkerProcess] = {}
        self._samples = [
            Samples(workload, measure, measure.title.format(**sizes))
            for measure in workload.measures
        ]

    async def measure(self) -> list[Samples]:
        """Return what was measured, for each measure of the workload."""
        warm_up = 0 if self._workload.fresh else 1
        try:
            for repetition in range(-warm_up, self._run.repetitions):
                for contender in list(self._commands):
                    measured = await self._one(contender)
                    if repetition >= 0:
                        self._note(contender, measured)
        finally:
            for worker in self._workers.values():
                await worker.end()
        return self._samples

    async def _one(self, contender: str) -> dict[str, float]:
        """Have one contender do the work; one that fails is left out from then on."""
        worker = self._workers.get(contender)
        if worker is None:
            command, environment = self._commands[contender], ENVIRONMENTS.get(contender)
            worker = await WorkerProcess.start(command, self._core, environment=environment)
            self._workers[contender] = worker
        try:
            measured = await worker.say(self._workload.operation, self._arguments)
        except WorkerFailed as failure:
            self._run.failures.append(f"{contender}, {self._workload.name}: {failure}")
            del self._commands[contender], self._workers[contender]
            await worker.kill()
            return {}
        if self._workload.fresh:
            await self._workers.pop(contender).end()
        return measured

    def _note(self, contender: str, measured: dict[str, float]) -> None:
        for samples in self._samples:
            if samples.measure.key in measured:
                samples.values.setdefault(contender, []).append(measured[samples.measure.key])


def write_results(run: Run) -> None:
    """Leave the report where the next one replaces it."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    for path, text in (
        (RESULTS / "results.md", as_markdown(run)),
        (RESULTS / "results.json", as_json(run)),
    ):
        path.write_text(text, encoding="utf-8")
        print("written:", path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
