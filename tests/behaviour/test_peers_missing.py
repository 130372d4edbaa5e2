"""What today's client does not have at all, as far as the tests next to these do not show it."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest
from ably import AblyRest

import ably_realtime
from ably_realtime import AblyRealtime, Channel, DeriveOptions, MessageFilter
from tests.behaviour.scene import say
from tests.uts.harness import KEY, ClientFactory, MockHttpClient, PendingRequest, complete
from tests.uts.harness.channels import (
    CHANNEL,
    ChannelServer,
    answer_with,
    attached_channel,
    confirm_attach,
    disconnect,
    rest_channel,
)
from tests.uts.harness.messages import attach, collect, connect
from tests.uts.harness.waiting import record


async def test_recovery_keys(create_client: ClientFactory) -> None:
    server = ChannelServer(on_attach=confirm_attach(channelSerial="here"))
    client = await connect(create_client, server)
    await attach(client, CHANNEL)
    key = client.connection.create_recovery_key()
    assert key is not None
    assert json.loads(key)["channelSerials"] == {CHANNEL: "here"}
    await connect(create_client, server, recover=key)
    assert server.attempts[-1].params["recover"] == "connection-key"


async def test_history_until_attach(create_client: ClientFactory) -> None:
    http = answer_with([])
    server = ChannelServer(on_attach=confirm_attach(channelSerial="here-it-began"))
    channel = await attached_channel(create_client, server, http=http)
    await complete(channel.history(until_attach=True))
    assert http.requests[0].url.params["fromSerial"] == "here-it-began"


async def test_presence_history(create_client: ClientFactory) -> None:
    http = answer_with([{"action": 2, "clientId": "ann"}])
    page = await complete(rest_channel(create_client, http).presence.history())
    assert http.requests[0].url.path == f"/channels/{CHANNEL}/presence/history"
    assert [member.client_id for member in page.items] == ["ann"]


async def test_filters(channel: Channel, server: ChannelServer) -> None:
    received = await collect(channel, MessageFilter(name="b"))
    await say(server, "a", "b")
    assert [m.name for m in received] == ["b"]


async def test_derived_channels(client: AblyRealtime) -> None:
    channel = client.channels.get_derived("orders", DeriveOptions(filter="name == `'b'`"))
    assert channel.name.startswith("[filter=")
    assert channel.name.endswith("]orders")
    await complete(channel.attach())


async def test_echo_messages(create_client: ClientFactory, server: ChannelServer) -> None:
    await connect(create_client, server, echo_messages=False)
    assert server.attempts[0].params["echo"] == "false"


async def test_retry_in(client: AblyRealtime, server: ChannelServer) -> None:
    changes = record(client.connection)
    await disconnect(client, server)
    longest = client.options.disconnected_retry_timeout
    assert 0.8 * longest <= changes[-1].retry_in <= longest


async def test_when_state_is_public(client: AblyRealtime, channel: Channel) -> None:
    heard: list[Any] = []
    client.connection.when_state("connected", heard.append)
    channel.when_state("attached", heard.append)
    assert heard == [None, None]


def test_type_marker() -> None:
    assert resources.files(ably_realtime).joinpath("py.typed").is_file()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/messages", {"channels": ["a", "b"], "messages": {"name": "n"}}),
        ("POST", "/keys/appId.keyId/revokeTokens", {"targets": ["clientId:bob"]}),
    ],
    ids=["batch", "revoke"],
)
async def test_batch_and_revoke_by_request(
    create_client: ClientFactory, method: str, path: str, body: dict[str, Any]
) -> None:
    def answer(request: PendingRequest) -> None:
        request.respond_with(201, [{"asked": request.url.path}])

    http = MockHttpClient(answer)
    client = create_client(http=http, key=KEY, auto_connect=False, use_binary_protocol=False)
    page = await complete(client.request(method, path, "3", body=body))
    assert page.items == [{"asked": path}]
    assert json.loads(http.requests[0].body) == body
    assert isinstance(client.rest, AblyRest)
