"""The commands that measure `ably-local` run, with sizes that take seconds, and say what is so."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LEAKING = shlex.join([sys.executable, str(Path(__file__).with_name("leaking_server.py")), "serve"])

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="what a process uses is read from /proc"
)


async def run(command: str, folder: Path, *arguments: str) -> tuple[int | None, str]:
    """Run a command of the benchmarks; return its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "benchmarks" / command),
        *("--results", str(folder)),
        *arguments,
        stdout=PIPE,
        stderr=STDOUT,
    )
    printed, _ = await process.communicate()
    return process.returncode, printed.decode()


def result(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


async def test_what_was_measured_is_printed_and_written(tmp_path: Path) -> None:
    sizes = ("quick", "--repetitions=1", "--share=0.05", "--only=publish-rest", "--only=connect")
    code, printed = await run("server.py", tmp_path, *sizes)
    assert code == 0, printed
    rows = result(tmp_path / "server.json")["rows"]
    assert [row["workload"] for row in rows] == ["publish-rest"] * 3 + ["connect"] * 3
    for row in rows:
        assert row["title"] in printed
        assert row["medians"].keys() == {"JSON", "MessagePack"}
        assert min(row["medians"].values()) > 0


async def test_work_that_fails_is_said_and_sets_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "ably_local").mkdir()
    (tmp_path / "ably_local" / "__init__.py").touch()
    (tmp_path / "ably_local" / "__main__.py").write_text("raise SystemExit", encoding="utf-8")
    tiny = ("quick", "--only=publish", "--share", "0.01", "--against", str(tmp_path))
    code, printed = await run("server.py", tmp_path, *tiny)
    assert code == 1
    assert "FAILED publish: the process ended during the server's URL" in printed


async def test_another_version_has_to_be_there(tmp_path: Path) -> None:
    code, printed = await run("server.py", tmp_path, "--against", str(tmp_path))
    assert code == 2
    assert f"there is no ably_local in {tmp_path}" in printed


async def test_the_page_takes_no_run_of_a_part(tmp_path: Path) -> None:
    code, printed = await run("server.py", tmp_path, "--page", "--only=publish")
    assert code == 2
    assert "whole run" in printed


SMALL_SOAK = (
    *("--seconds=3", "--warm-up=1"),
    *("--connections=4", "--channels=20", "--each-second=20"),
)


async def test_a_soak_uses_every_feature_and_finds_the_memory_flat(tmp_path: Path) -> None:
    code, printed = await run("soak_server.py", tmp_path, *SMALL_SOAK)
    assert code == 0, printed
    assert "\nflat: memory of " in printed
    soak = result(tmp_path / "soak.json")
    assert soak["passed"] is True
    assert soak["done"]["publish"] > 0
    assert len(soak["samples"]) == 600


async def test_a_soak_of_a_server_that_leaks_fails(tmp_path: Path) -> None:
    code, printed = await run("soak_server.py", tmp_path, *SMALL_SOAK, "--server", LEAKING)
    assert code == 1, printed
    assert "\nNOT FLAT: memory of " in printed
    assert result(tmp_path / "soak.json")["passed"] is False


async def test_a_soak_of_a_server_that_will_not_serve_fails(tmp_path: Path) -> None:
    code, printed = await run("soak_server.py", tmp_path, *SMALL_SOAK, "--server", "true")
    assert code == 1
    assert "FAILED: the process ended during the server's URL" in printed


async def test_a_warm_up_that_never_ends_is_refused(tmp_path: Path) -> None:
    code, printed = await run("soak_server.py", tmp_path, "--seconds=3", "--warm-up=3")
    assert code == 2
    assert "the warm-up has to end before the soak" in printed
