"""One client, one event loop: belonging to it, leaving it, and not blocking it."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from ably_realtime import AblyError, AblyRealtime
from tests.faults import Action, Direction, FaultProxy
from tests.integration.live import eventually, reach
from tests.integration.sandbox import Sandbox, unique

ROOT = Path(__file__).parents[2]
RUNS = 5


async def test_second_loop_is_refused(sandbox: Sandbox) -> None:
    client = await sandbox.connected()
    channel = client.channels.get(unique("two-loops"))

    async def misuse() -> list[AblyError]:
        errors = []
        for operation in (channel.attach, client.connection.ping, lambda: channel.publish("event")):
            with pytest.raises(AblyError) as refused:
                await operation()
            errors.append(refused.value)
        with pytest.raises(AblyError) as refused:
            client.connect()
        return [*errors, refused.value]

    errors = await asyncio.to_thread(asyncio.run, misuse())

    assert {error.code for error in errors} == {40000}
    assert all("another event loop" in error.message for error in errors)
    assert client.connection.state == "connected"


def test_no_loop_is_refused() -> None:
    client = AblyRealtime(token="token")

    with pytest.raises(AblyError, match="no running event loop"):
        client.connect()


async def test_unclosed_client_warns(sandbox: Sandbox) -> None:
    """Its socket goes with it."""

    async def connect_and_forget() -> set[asyncio.Task[object]]:
        client = sandbox.untracked_client()
        client.connect()
        await reach(client.connection, "connected")
        return {task for task in asyncio.all_tasks() if task.get_name().startswith("ably-")}

    with pytest.warns(ResourceWarning, match="AblyRealtime client was not closed"):  # noqa: PT031
        tasks = await connect_and_forget()
        gc.collect()  # cycles keep it until here, or not

    assert tasks
    await eventually(lambda: all(task.done() for task in tasks))
    await eventually(lambda: not any(c.is_connected for c in sandbox.server.connections))


async def test_closed_client_does_not_warn(sandbox: Sandbox) -> None:
    """Every warning is an error here."""
    client = sandbox.untracked_client()
    client.connect()
    await reach(client.connection, "connected")
    await client.close()

    del client
    gc.collect()


async def places_that_blocked(options: dict[str, Any]) -> set[str]:
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.busy_client"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        output, _ = await asyncio.wait_for(program.communicate(json.dumps(options).encode()), 30)
    finally:
        if program.returncode is None:
            program.kill()
    assert program.returncode == 0
    return set(json.loads(output))


async def test_client_does_not_block_the_loop(sandbox: Sandbox, proxy: FaultProxy) -> None:
    """What blocks does so in every run; where only some are slow, the machine was busy."""
    proxy.on(Action.DETACH, Direction.TO_SERVER, times=1).reset()
    options = {
        **proxy.client_options(),
        "key": sandbox.key,
        "use_token_auth": True,
        "client_id": "busy",
    }

    blocked = await places_that_blocked(options)
    for _ in range(RUNS - 1):
        if blocked:
            blocked &= await places_that_blocked(options)

    assert not blocked
    assert any("resume" in upgrade.params for upgrade in proxy.upgrades)
