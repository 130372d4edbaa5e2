"""The JavaScript SDK against the server: each test file of `javascript/`, in either format.

They run in Node's own test runner, over TLS, and each file makes and deletes an app of its own.
"""

from __future__ import annotations

import asyncio
import os
import re
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ably_local import LocalAbly
from tests.interop.conftest import HERE, node_with_sdk

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILES = sorted((HERE / "javascript").glob("*.test.mjs"))
TEST_TIMEOUT = 20_000  # milliseconds, for each test of a file
PATIENCE = 60.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def secure_server() -> AsyncIterator[LocalAbly]:
    """Keys are only sent over TLS, and much of this needs a key."""
    async with LocalAbly(tls=True) as server:
        yield server


@pytest.mark.parametrize("wire_format", ["json", "msgpack"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.partition(".")[0])
async def test_javascript(secure_server: LocalAbly, path: Path, wire_format: str) -> None:
    # The SDK leaves timers behind when it closes; Node would wait ten seconds for them.
    options = ["--test-reporter=tap", "--test-force-exit", f"--test-timeout={TEST_TIMEOUT}"]
    program = [node_with_sdk(), *options, str(path)]
    environment = {
        **os.environ,
        "ABLY_LOCAL_URL": secure_server.url,
        "ABLY_FORMAT": wire_format,
        "NODE_EXTRA_CA_CERTS": str(secure_server.ca_file),
    }
    process = await asyncio.create_subprocess_exec(
        *program, env=environment, stdout=PIPE, stderr=STDOUT
    )
    try:
        async with asyncio.timeout(PATIENCE):
            said = (await process.communicate())[0].decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    count = {
        word: int(number) for word, number in re.findall(r"^# (\w+) (\d+)$", said, re.MULTILINE)
    }
    assert (process.returncode, count.get("fail"), count.get("skipped")) == (0, 0, 0), said
    assert count["pass"] > 0, said
