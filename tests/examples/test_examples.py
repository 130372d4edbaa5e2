"""The examples run as their users run them: as processes, looked at from outside."""

from __future__ import annotations

import ast
import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from ably_realtime import AblyRealtime
from examples.where import from_environment
from tests.browser import browser

__all__ = ["browser"]

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PATIENCE = 60.0
"""Seconds that a process has to say or do something."""


class Program:
    """An example that runs."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.said: list[str] = []

    async def line(self, pattern: str) -> re.Match[str]:
        """The next line of its output that matches; fails, with what it said, if none comes."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while text := (await self.process.stdout.readline()).decode():
                self.said.append(text.rstrip())
                if match := re.search(pattern, text):
                    return match
        raise AssertionError(f"no line matches {pattern!r} in:\n" + "\n".join(self.said))

    async def type(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n".encode())
        await self.process.stdin.drain()

    async def end(self) -> tuple[int, list[str]]:
        """Its exit code once it has ended, and all that it said."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            rest = await self.process.stdout.read()
            self.said += rest.decode().splitlines()
            return await self.process.wait(), self.said

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)


@asynccontextmanager
async def running(name: str, *arguments: str, **environment: str) -> AsyncIterator[Program]:
    """An example in a process of its own; warnings are errors there, as in the tests."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("ABLY_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "dev", "-W", "error", "-m", f"examples.{name}", *arguments),
        cwd=ROOT,
        env=inherited | environment,
        stdin=PIPE,
        stdout=PIPE,
        stderr=STDOUT,
    )
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def test_chat() -> None:
    async with running("chat", "alice") as alice:
        joining = await alice.line(r"ABLY_API_KEY=(\S+) ABLY_ENDPOINT=(\S+) ")
        await alice.line(r"^\* alice joined$")
        await alice.type("is anybody here?")
        await alice.type("/who")
        await alice.line(r"^\* here: alice$")
        there = {"ABLY_API_KEY": joining[1], "ABLY_ENDPOINT": joining[2]}
        async with running("chat", "bob", **there) as bob:
            await bob.line(r"^alice: is anybody here\?$")
            await alice.line(r"^\* bob joined$")
            await bob.type("I am")
            await alice.line(r"^bob: I am$")
            await alice.type("/who")
            await alice.line(r"^\* here: alice, bob$")
            bob.interrupt()
            code, said = await bob.end()
            assert code == 130
            assert not [line for line in said if "Traceback" in line or "bob:" in line]
            await alice.line(r"^\* bob left$")
        assert alice.process.stdin is not None
        alice.process.stdin.close()
        code, said = await alice.end()
        assert code == 0
        assert not [line for line in said if "Traceback" in line]


async def test_worker_pool() -> None:
    async with running("worker_pool", "--workers", "3", "--jobs", "12") as program:
        code, said = await program.end()
    assert code == 0, said
    done = [re.fullmatch(r"(\d+) of 12: job (\d+) by worker-[123]", line) for line in said]
    assert {match[2] for match in done if match} == {str(number) for number in range(12)}
    leaving = said.index("worker-1 leaves")
    assert "worker-2 sees that worker-1 left" in said[leaving:]
    assert "worker-3 sees that worker-1 left" in said[leaving:]
    shares = re.findall(r"worker-\d did (\d+)", said[-1])
    assert said[-1].startswith("all jobs done: worker-1 did ")
    assert sum(map(int, shares)) == 12


async def test_iot_fan_in() -> None:
    async with running("iot_fan_in", "--devices", "5", "--readings", "20") as program:
        code, said = await program.end()
    assert code == 0, said
    published, stored, deltas, last = said
    assert published == "5 devices published 100 readings"
    counts = re.fullmatch(r"(\d+) stored, (\d+) overtaken by a newer one", stored)
    assert counts is not None
    assert int(counts[1]) + int(counts[2]) == 100
    assert int(counts[1]) < 100
    as_delta = re.fullmatch(r"(\d+) of those stored came as a delta", deltas)
    assert as_delta is not None
    assert int(as_delta[1]) > 0
    assert last == "last reading stored for 5 devices"


async def test_llm_streaming() -> None:
    arguments = ("--delay", "0.01", "--local")
    async with running("llm_streaming", *arguments, ABLY_API_KEY="not.used:here") as program:
        code, said = await program.end()
    assert code == 0, said
    assert "[early begins with 2 characters]" in said
    (late,) = re.findall(r"\[late begins with (\d+) characters\]", " ".join(said))
    assert int(late) > 2
    assert said[-1] == "both have the whole: True"


async def test_dashboard(browser: Browser) -> None:
    async with running("dashboard", "--port", "0") as program:
        address = (await program.line(r"^dashboard on (\S+)$"))[1]
        page = await browser.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        await page.goto(address)
        await expect(page.get_by_role("status")).to_have_text("live")
        await expect(page.locator("article")).to_have_count(3)
        value = page.locator("#visitors data")
        before = await value.text_content()
        await expect(value).not_to_have_text(str(before))

        # A page that comes late is told the latest of each, and both are fed from then on.
        other = await browser.new_page()
        await other.goto(address)
        await expect(other.locator("article")).to_have_count(3)
        await page.close()
        after = await other.locator("#orders data").text_content()
        await expect(other.locator("#orders data")).not_to_have_text(str(after))
        assert not problems

        program.interrupt()
        code, said = await program.end()
        assert code in (0, 130), said
        assert not [line for line in said if "Traceback" in line], said
        await expect(other.get_by_role("status")).to_have_text("disconnected, trying again")


@pytest.mark.parametrize(
    ("name", "argument", "pattern"),
    [
        ("worker_pool", "--jobs=1000", r"^1 of 1000"),
        ("llm_streaming", "--delay=1", "early begins"),
    ],
)
async def test_ctrl_c_in_the_middle(name: str, argument: str, pattern: str) -> None:
    async with running(name, argument) as program:
        await program.line(pattern)
        program.interrupt()
        code, said = await program.end()
    assert code == 130
    assert not [line for line in said if "Traceback" in line], said


def test_a_key_alone_leads_to_the_service() -> None:
    client = AblyRealtime(**from_environment("app.key:secret", None), auto_connect=False)
    assert (client.options.endpoint, client.options.tls) == (None, True)
    client = AblyRealtime(**from_environment("app.key:secret", "sandbox"), auto_connect=False)
    assert (client.options.endpoint, client.options.tls) == ("sandbox", True)


def test_each_example_says_what_it_shows_and_stays_small() -> None:
    programs = [path for path in EXAMPLES.rglob("*.py") if path.name not in ("demo.py", "where.py")]
    assert len(programs) == 6
    for program in programs:
        text = program.read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(text)), program
        assert len(text.splitlines()) <= 120, program
