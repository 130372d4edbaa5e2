"""RTL28: get_message, by the REST cases of RSL11 on a realtime channel."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from ably_realtime import Message
from tests.uts.harness import ClientFactory, complete
from tests.uts.harness.channels import CHANNEL, answer_with, rest_channel
from tests.uts.harness.messages import failure

pytestmark = pytest.mark.uts("realtime/unit/RTL28/identical-to-rest-0")


async def test_request(create_client: ClientFactory) -> None:
    http = answer_with(
        {
            "name": "evt",
            "data": "hello",
            "serial": "msg-serial-123",
            "timestamp": 1700000000000,
        }
    )
    channel = rest_channel(create_client, http)

    await complete(channel.get_message("msg-serial-123"))

    (request,) = http.requests
    assert request.method == "GET"
    assert request.url.path == f"/channels/{CHANNEL}/messages/msg-serial-123"
    assert request.body == b""


async def test_message(create_client: ClientFactory) -> None:
    http = answer_with(
        {
            "id": "msg-id-1",
            "name": "test-event",
            "data": "hello world",
            "serial": "serial-xyz",
            "clientId": "client-1",
            "timestamp": 1700000000000,
            "extras": {"push": {"notification": {"title": "Test"}}},
            "version": {
                "serial": "version-serial-1",
                "timestamp": 1700000000000,
                "clientId": "client-1",
            },
        }
    )
    channel = rest_channel(create_client, http)

    message = await complete(channel.get_message("serial-xyz"))

    assert isinstance(message, Message)
    assert message.id == "msg-id-1"
    assert message.name == "test-event"
    assert message.data == "hello world"
    assert message.serial == "serial-xyz"
    assert message.client_id == "client-1"
    assert message.timestamp == 1700000000000
    assert message.version is not None
    assert message.version.serial == "version-serial-1"


async def test_serial_in_the_path(create_client: ClientFactory) -> None:
    serial = "serial/with:special+chars"
    http = answer_with({"name": "evt", "data": "hello", "serial": serial})
    channel = rest_channel(create_client, http)

    await complete(channel.get_message(serial))

    (request,) = http.requests
    assert request.url.path == f"/channels/{CHANNEL}/messages/{quote(serial, safe='')}"


async def test_missing_serial(create_client: ClientFactory) -> None:
    channel = rest_channel(create_client, answer_with({}))

    refused = await failure(channel.get_message(""))

    assert refused.code == 40003
