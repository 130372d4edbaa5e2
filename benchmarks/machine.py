"""The machine that measures: its cores, its name, and the versions of what runs on it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import ably_realtime

SPEED_EXTRA = ("picows", "msgspec")
ABLY_JS = Path(__file__).parents[1] / "tests" / "interop" / "node_modules" / "ably"


def two_cores() -> tuple[int | None, int | None]:
    """One core for the server and one for whoever is measured; None where that cannot be had."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    cores = sorted(os.sched_getaffinity(0))
    return (cores[0], cores[-1]) if len(cores) > 1 else (None, None)


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """What is started meanwhile runs on that core, with all its threads."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def node() -> str | None:
    """The path of Node, where Ably's JavaScript SDK is installed for it."""
    return shutil.which("node") if ABLY_JS.is_dir() else None


def has_speed_extra() -> bool:
    """Whether the compiled libraries are installed."""
    return all(find_spec(package) for package in SPEED_EXTRA)


def description() -> str:
    """The processor and the operating system."""
    return f"{os.cpu_count()} x {_processor()}, {platform.system()} {platform.release()}"


def versions() -> dict[str, str]:
    """What was measured, and what it stands on."""
    found = {"Python": platform.python_version(), "ably-realtime": ably_realtime.__version__}
    found |= {package: version(package) for package in ("ably", "websockets", "msgpack")}
    if has_speed_extra():
        found |= {package: version(package) for package in SPEED_EXTRA}
    if (path := node()) is not None:
        found["Node"] = _output(path, "--version").removeprefix("v")
        found["ably-js"] = _output(path, "-p", f"require('{ABLY_JS}/package.json').version")
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # Node
    return done.stdout.strip()
