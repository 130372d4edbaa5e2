"""Moving from `ably` 3.x: its documentation's realtime examples, with one import changed.

Each program in moving/programs does in our words what a page, the README or a docstring of that SDK
shows, and says in its docstring what it prints. It runs as it stands, and with `AblyRealtime`
imported from `ably_realtime`: both print that.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import os
import ssl
import sys
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from ably_local import LocalAbly
from tests.interop.moving.runner import PROGRAMS

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = sorted(program.stem for program in PROGRAMS.glob("*.py"))
APP = {
    "keys": [{"capability": '{"[*]*":["*"]}'}],
    "namespaces": [{"id": "mutable", "mutableMessages": True}],
}

Output = dict[str, list[str]]


def expected(name: str) -> list[str]:
    """What the docstring of a program says that it prints."""
    tree = ast.parse((PROGRAMS / f"{name}.py").read_text(encoding="utf-8"))
    _, _, lines = (ast.get_docstring(tree) or "").partition("Prints:\n")
    return inspect.cleandoc(lines).splitlines()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[LocalAbly]:
    """With TLS, as the service has it: that is how the examples can pass nothing but a key."""
    async with LocalAbly(tls=True) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def with_ably(server: LocalAbly) -> Output:
    return await outputs("ably", server)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def with_ours(server: LocalAbly) -> Output:
    return await outputs("ably_realtime", server)


async def outputs(package: str, server: LocalAbly) -> Output:
    """What every program prints with this package, in an app of its own."""
    assert server.ca_file is not None
    context = ssl.create_default_context(cafile=str(server.ca_file))
    async with httpx.AsyncClient(verify=context) as http:
        app = (await http.post(f"{server.url}/apps", json=APP)).raise_for_status().json()
    options = {**server.client_options(), "key": app["keys"][0]["keyStr"]}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.interop.moving.runner", package, json.dumps(options)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # where asyncio tells what `ably` left behind
        env={**os.environ, "SSL_CERT_FILE": str(server.ca_file)},
    )
    answer, _ = await process.communicate()
    told = [json.loads(line) for line in answer.splitlines()]
    return {each["program"]: each["lines"] for each in told}


@pytest.mark.parametrize("name", NAMES)
async def test_the_example_runs_with_ably(with_ably: Output, name: str) -> None:
    """It is an example of that SDK, and not of ours alone."""
    assert with_ably[name] == expected(name)


@pytest.mark.parametrize("name", NAMES)
async def test_the_example_runs_with_one_import_changed(with_ours: Output, name: str) -> None:
    assert with_ours[name] == expected(name)
