"""RTL31: get_message_versions, by the REST cases of RSL14 on a realtime channel."""

from __future__ import annotations

from typing import Any

import pytest
from ably.http.paginatedresult import PaginatedResult

from ably_realtime import Message, MessageAction
from tests.uts.harness import ClientFactory, complete
from tests.uts.harness.channels import CHANNEL, answer_with, rest_channel

pytestmark = pytest.mark.uts("realtime/unit/RTL31/identical-to-rest-0")


def version(action: int, data: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": "evt",
        "data": data,
        "serial": "msg-serial-1",
        "action": action,
        "version": fields,
    }


async def test_request(create_client: ClientFactory) -> None:
    http = answer_with(
        [
            version(1, "v2-data", serial="vs2", timestamp=1700000002000),
            version(0, "v1-data", serial="vs1", timestamp=1700000001000),
        ]
    )
    channel = rest_channel(create_client, http)

    await complete(channel.get_message_versions("msg-serial-1"))

    (request,) = http.requests
    assert request.method == "GET"
    assert request.url.path == f"/channels/{CHANNEL}/messages/msg-serial-1/versions"


async def test_page_of_messages(create_client: ClientFactory) -> None:
    edit = {
        "serial": "vs2",
        "timestamp": 1700000002000,
        "clientId": "user-1",
        "description": "edit",
    }
    http = answer_with(
        [
            version(1, "updated-data", **edit),
            version(0, "original-data", serial="vs1", timestamp=1700000001000),
        ]
    )
    channel = rest_channel(create_client, http)

    result = await complete(channel.get_message_versions("msg-serial-1"))

    assert isinstance(result, PaginatedResult)
    updated, original = result.items
    assert isinstance(updated, Message)
    assert updated.data == "updated-data"
    assert updated.action == MessageAction.MESSAGE_UPDATE
    assert updated.version is not None
    assert updated.version.serial == "vs2"
    assert updated.version.description == "edit"
    assert original.data == "original-data"
    assert original.action == MessageAction.MESSAGE_CREATE


async def test_params(create_client: ClientFactory) -> None:
    http = answer_with([])
    channel = rest_channel(create_client, http)
    params = {"direction": "backwards", "limit": "10"}

    await complete(channel.get_message_versions("msg-serial-1", params=params))

    (request,) = http.requests
    assert request.url.params == params
