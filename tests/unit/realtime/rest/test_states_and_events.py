"""What becomes of `authorize()` and of a renewal, in each state and for each event.

A cell says how the call ends (`ok` or the code of its error), the state in which that leaves the
connection, and what was sent meanwhile: `dial` and `AUTH` with their tokens.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from ably import AblyException

from ably_realtime import ConnectionState
from tests.unit.realtime.rest.states import World
from tests.uts.harness import ClientFactory, FakeClock, settle
from tests.uts.harness.frames import auth, error

S = ConnectionState

EVENTS = ["success", "provider error", "403", "timeout", "rejected", "dropped"]

# RTC8a (connected), RTC8b (connecting), RTC8c (the others). A dropped connection is the one that
# is open, or else the one that the new token opens: the call waits for the next.
AUTHORIZE = """
initialized  | ok connected: dial t1 | 40170 initialized  | 40300 failed
             | 40170 initialized     | 40101 failed: dial t1 | ok connected: dial t1, dial t1
connecting   | ok connected: dial t1 | 40170 disconnected | 40300 failed
             | 40170 disconnected    | 40101 failed: dial t1 | ok connected: dial t1, dial t1
connected    | ok connected: AUTH t1 | 40170 connected    | 40300 failed
             | 40170 connected       | 40101 failed: AUTH t1 | ok connected: dial t0, AUTH t1
disconnected | ok connected: dial t1 | 40170 disconnected | 40300 failed
             | 40170 disconnected    | 40101 failed: dial t1 | ok connected: dial t1, dial t1
suspended    | ok connected: dial t1 | 40170 suspended    | 40300 failed
             | 40170 suspended       | 40101 failed: dial t1 | 80003 suspended: dial t1
closing      | 80017 closed          | 40170 closed       | 40300 closed
             | 40170 closed          | 80017 closed          | 80017 closed
closed       | ok connected: dial t1 | 40170 closed       | 40300 failed
             | 40170 closed          | 40101 failed: dial t1 | ok connected: dial t1, dial t1
failed       | ok connected: dial t1 | 40170 failed       | 40300 failed
             | 40170 failed          | 40101 failed: dial t1 | ok connected: dial t1, dial t1
"""

# While connecting the server refuses the token (RTN14b), while connected it asks for another
# (RTN22): what ends is the connection's own attempt, with its error reason. In every other state
# a REST request is refused (RSC10): it never touches the connection, whatever becomes of it.
RENEWAL = """
initialized  | ok initialized        | 40170 initialized  | 40300 initialized
             | 40170 initialized     | ok initialized        | ok initialized
connecting   | ok connected: dial t1 | 80019 disconnected | 80019 failed
             | 80019 disconnected    | 40101 failed: dial t1 | ok connected: dial t1, dial t1
connected    | ok connected: AUTH t1 | 80019 connected    | 80019 failed
             | 80019 connected       | 40101 failed: AUTH t1 | ok connected: dial t1
disconnected | ok disconnected       | 40170 disconnected | 40300 disconnected
             | 40170 disconnected    | ok disconnected       | ok disconnected
suspended    | ok suspended          | 40170 suspended    | 40300 suspended
             | 40170 suspended       | ok suspended          | ok suspended
closing      | ok closing            | 40170 closing      | 40300 closing
             | 40170 closed          | ok closing            | 50000 closed
closed       | ok closed             | 40170 closed       | 40300 closed
             | 40170 closed          | ok closed             | ok closed
failed       | ok failed             | 40170 failed       | 40300 failed
             | 40170 failed          | ok failed             | ok failed
"""


def cells(table: str) -> list[Any]:
    rows = table.replace("\n   ", "").strip().splitlines()
    assert len(rows) == len(S)
    read = [[cell.strip() for cell in row.split("|")] for row in rows]
    return [
        pytest.param(S(state), event, outcome, id=f"{state}-{event}")
        for state, *outcomes in read
        for event, outcome in zip(EVENTS, outcomes, strict=True)
    ]


@pytest.fixture
async def world(create_client: ClientFactory, clock: FakeClock) -> AsyncIterator[World]:
    world = World(create_client, clock)
    yield world
    world.rejects = world.lingers = False
    await clock.advance(10_000)  # the deadline of a close that nobody answers
    for task in world.tasks:
        assert task.done()


async def happen(world: World, state: ConnectionState, event: str) -> None:
    """Let the event happen to the token request that is under way."""
    (request,) = world.provider.pending
    match event:
        case "success":
            request.set_result("t1")
        case "provider error":
            request.set_exception(OSError("the auth server is down"))
        case "403":
            request.set_exception(AblyException("account disabled", 403, 40300))
        case "timeout":
            await world.clock.advance(10_000)
        case "rejected":
            world.rejects = True
            request.set_result("t1")
        case "dropped":
            if state in (S.CONNECTED, S.CLOSING):
                world.server.active_connection.simulate_disconnect()
                await settle()
            else:
                world.drops = 1
            request.set_result("t1")
    await settle()


async def authorize(world: World, state: ConnectionState) -> Awaitable[Any] | None:
    return world.start(world.client.auth.authorize())


async def renew(world: World, state: ConnectionState) -> Awaitable[Any] | None:
    if state is S.CONNECTING:
        refusal = error(40142, 401, "token expired")
        world.server.active_connection.send_to_client_and_close(refusal)
    elif state is S.CONNECTED:
        world.server.active_connection.send_to_client(auth())
    else:
        return world.start(world.client.rest.channels.get("c").history())
    return None


async def outcome(
    world: World,
    start: Callable[[World, ConnectionState], Awaitable[Awaitable[Any] | None]],
    state: ConnectionState,
    event: str,
) -> str:
    await world.lead_to(state)
    call = await start(world, state)
    await settle()
    world.sent.clear()
    await happen(world, state, event)
    by_rest = start is renew and call is not None
    if not by_rest and (event == "dropped" or state is S.CLOSING):
        await world.clock.advance(25_000)  # past every retry and every deadline
    code = await end_of(world, call)
    sent = ", ".join(world.sent)
    return f"{code} {world.state}{': ' if sent else ''}{sent}"


async def end_of(world: World, call: Awaitable[Any] | None) -> str:
    if call is None:
        reason = world.client.connection.error_reason
        return "ok" if reason is None else str(reason.code)
    assert isinstance(call, asyncio.Future)
    assert call.done(), "it never ends"
    error = call.exception()
    assert error is None or isinstance(error, AblyException)
    return "ok" if error is None else str(error.code)


@pytest.mark.parametrize(("state", "event", "expected"), cells(AUTHORIZE))
async def test_authorize(world: World, state: ConnectionState, event: str, expected: str) -> None:
    assert await outcome(world, authorize, state, event) == expected


@pytest.mark.parametrize(("state", "event", "expected"), cells(RENEWAL))
async def test_renewal(world: World, state: ConnectionState, event: str, expected: str) -> None:
    assert await outcome(world, renew, state, event) == expected
