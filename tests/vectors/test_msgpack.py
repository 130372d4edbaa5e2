"""Whole frames in MessagePack, as other SDKs make them."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import msgpack
import pytest

from ably_local import LocalAbly
from ably_realtime import AblyRealtime, Message
from tests.vectors.conftest import DEADLINE, RawRest
from tests.vectors.resources import vectors

pytestmark = pytest.mark.asyncio(loop_scope="module")

MESSAGE = 15


def cases(content: Any) -> list[tuple[str, Any]]:
    return [(case["name"], case) for case in content]


every_case = pytest.mark.parametrize("case", vectors("msgpack_test_fixtures.json", cases))


@every_case
async def test_a_frame_is_decoded(
    client: AblyRealtime, server: LocalAbly, channel: str, case: dict[str, Any]
) -> None:
    received: asyncio.Queue[Message] = asyncio.Queue()
    await client.channels.get(channel).subscribe(received.put_nowait)
    server.faults.inject({**frame_of(case), "action": MESSAGE}, channel=channel)
    async with asyncio.timeout(DEADLINE):
        message = await received.get()
    assert (message.data, message.encoding) == (data_of(case), None)


@every_case
async def test_a_message_is_encoded(
    client: AblyRealtime, json_rest: RawRest, channel: str, case: dict[str, Any]
) -> None:
    await client.channels.get(channel).publish(data=data_of(case))
    stored = await json_rest.newest(channel)
    [expected] = frame_of(case)["messages"]
    assert {field: stored[field] for field in ("data", "encoding") if field in stored} == expected


def frame_of(case: dict[str, Any]) -> dict[str, Any]:
    frame: dict[str, Any] = msgpack.unpackb(base64.b64decode(case["msgpack"]))
    return frame


def data_of(case: dict[str, Any]) -> Any:
    match case["type"]:
        case "string":
            return case["data"] * case["numRepeat"]
        case "binary":
            return (case["data"] * case["numRepeat"]).encode()
    return case["data"]
