"""Payloads of messages and presence messages, as every SDK encodes them (RSL4, RSL6)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from ably_local import LocalAbly
from ably_realtime import AblyRealtime, Message, PresenceAction, PresenceMessage
from tests.vectors.conftest import DEADLINE, RawRest
from tests.vectors.resources import vectors

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRESENCE = 14


def cases(content: Any) -> list[tuple[str, Any]]:
    return [
        (f"{number}-{case['expectedType']}", case)
        for number, case in enumerate(content["messages"])
    ]


every_message = pytest.mark.parametrize("case", vectors("messages-encoding.json", cases))
every_member = pytest.mark.parametrize("case", vectors("presence-messages-encoding.json", cases))


@every_message
async def test_a_message_is_decoded(
    client: AblyRealtime, json_rest: RawRest, channel: str, case: dict[str, Any]
) -> None:
    received: asyncio.Queue[Message] = asyncio.Queue()
    await client.channels.get(channel).subscribe(received.put_nowait)
    await json_rest.publish(channel, json.dumps(wire_of(case)))
    async with asyncio.timeout(DEADLINE):
        message = await received.get()
    assert (exact(message.data), message.encoding) == (value_of(case), None)
    page = await client.channels.get(channel).history()
    assert [(exact(one.data), one.encoding) for one in page.items] == [(value_of(case), None)]


@every_message
async def test_a_message_is_encoded(
    client: AblyRealtime, json_rest: RawRest, channel: str, case: dict[str, Any]
) -> None:
    await client.channels.get(channel).publish(data=data_of(case))
    assert wire_of(await json_rest.newest(channel)) == wire_of(case)


@every_member
async def test_a_presence_message_is_decoded(
    client: AblyRealtime, server: LocalAbly, channel: str, case: dict[str, Any]
) -> None:
    received: asyncio.Queue[PresenceMessage] = asyncio.Queue()
    await client.channels.get(channel).presence.subscribe(received.put_nowait)
    somebody = {"clientId": "somebody", "connectionId": "elsewhere"}
    enter = {**somebody, "id": "elsewhere:0:0", "action": int(PresenceAction.ENTER)}
    change = {**somebody, "id": "elsewhere:1:0", "action": case["action"], **wire_of(case)}
    server.faults.inject({"action": PRESENCE, "presence": [enter, change]}, channel=channel)
    async with asyncio.timeout(DEADLINE):
        await received.get()
        member = await received.get()
    assert (exact(member.data), member.encoding) == (value_of(case), None)
    assert (member.client_id, member.action) == ("somebody", case["action"])


@every_member
async def test_a_presence_message_is_encoded(
    client: AblyRealtime, json_rest: RawRest, channel: str, case: dict[str, Any]
) -> None:
    presence = client.channels.get(channel).presence
    match case["action"]:
        case PresenceAction.LEAVE:
            await presence.enter()
            await presence.leave(data_of(case))
        case PresenceAction.UPDATE:
            await presence.enter()
            await presence.update(data_of(case))
        case _:
            await presence.enter(data_of(case))
    assert wire_of(await json_rest.newest(channel, "presence/history")) == wire_of(case)


def wire_of(message: dict[str, Any]) -> dict[str, Any]:
    """What a message, or a case, says of the payload on the wire."""
    return {"data": message["data"], "encoding": message.get("encoding")}


def data_of(case: dict[str, Any]) -> Any:
    """The payload of a case, as the application sees it."""
    if case["expectedType"] == "binary":
        return bytes.fromhex(case["expectedHexValue"])
    return case["expectedValue"]


def value_of(case: dict[str, Any]) -> tuple[type, Any]:
    return exact(data_of(case))


def exact(data: Any) -> tuple[type, Any]:
    """A form of the value in which, unlike in Python's own, True is not equal to 1."""
    comparable = json.dumps(data, sort_keys=True) if isinstance(data, dict | list) else data
    return type(data), comparable
