"""RTL10: history, its common part by the REST cases of RSL2 on a realtime channel."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from ably.http.paginatedresult import PaginatedResult

from ably_realtime import Message
from tests.uts.harness import KEY, ClientFactory, complete
from tests.uts.harness.channels import (
    ChannelServer,
    answer_with,
    attached_channel,
    confirm_attach,
    connected_channel,
    rest_channel,
)
from tests.uts.harness.messages import STAY_DETACHED, failure

like_rest = pytest.mark.uts("realtime/unit/RTL10a/supports-rest-params-0")


@like_rest
async def test_it_returns_a_page_of_messages(create_client: ClientFactory) -> None:
    http = answer_with(
        [
            {"id": "msg1", "name": "event1", "data": "data1", "timestamp": 1000},
            {"id": "msg2", "name": "event2", "data": "data2", "timestamp": 2000},
        ]
    )
    channel = rest_channel(create_client, http)

    result = await complete(channel.history())

    assert isinstance(result, PaginatedResult)
    first, second = result.items
    assert isinstance(first, Message)
    assert (first.id, first.name, first.data) == ("msg1", "event1", "data1")
    assert second.id == "msg2"


@like_rest
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("start", 1234567890000),
        ("end", 1234567899999),
        ("direction", "backwards"),
        ("direction", "forwards"),
        ("limit", 50),
    ],
)
async def test_parameters(create_client: ClientFactory, name: str, value: Any) -> None:
    http = answer_with([])
    channel = rest_channel(create_client, http)

    await complete(channel.history(**{name: value}))

    (request,) = http.requests
    assert request.url.params[name] == str(value)


@like_rest
async def test_default_direction(create_client: ClientFactory) -> None:
    http = answer_with([])
    channel = rest_channel(create_client, http)

    await complete(channel.history())

    (request,) = http.requests
    assert request.url.params.get("direction", "backwards") == "backwards"


@like_rest
async def test_limit(create_client: ClientFactory) -> None:
    http = answer_with(
        [{"id": f"msg{n}", "name": "e", "data": "d", "timestamp": n * 1000} for n in (1, 2, 3)]
    )
    channel = rest_channel(create_client, http)

    await complete(channel.history(limit=10))

    (request,) = http.requests
    assert request.url.params["limit"] == "10"


@like_rest
async def test_default_limit(create_client: ClientFactory) -> None:
    http = answer_with([])
    channel = rest_channel(create_client, http)

    await complete(channel.history())

    (request,) = http.requests
    assert request.url.params.get("limit", "100") == "100"


@like_rest
@pytest.mark.parametrize("name", ["simple", "with:colon", "with/slash", "with space"])
async def test_path(create_client: ClientFactory, name: str) -> None:
    http = answer_with([])
    channel = create_client(http=http, key=KEY, auto_connect=False).channels.get(name)

    await complete(channel.history())

    (request,) = http.requests
    assert request.method == "GET"
    assert request.url.path == f"/channels/{quote(name, safe='')}/messages"


@like_rest
async def test_time_range(create_client: ClientFactory) -> None:
    http = answer_with([{"id": "msg1", "name": "e", "data": "d", "timestamp": 1500}])
    channel = rest_channel(create_client, http)

    await complete(channel.history(start=1000, end=2000))

    (request,) = http.requests
    assert request.url.params["start"] == "1000"
    assert request.url.params["end"] == "2000"


@pytest.mark.uts("realtime/unit/RTL10b/adds-from-serial-0")
async def test_until_attach(create_client: ClientFactory) -> None:
    http = answer_with([])
    server = ChannelServer(on_attach=confirm_attach(channelSerial="serial-abc:0"))
    channel = await attached_channel(create_client, server, STAY_DETACHED, http=http)
    assert channel.state == "attached"

    await complete(channel.history(until_attach=True))

    (request,) = http.requests
    assert request.url.params["fromSerial"] == "serial-abc:0"


@pytest.mark.uts("realtime/unit/RTL10b/errors-when-not-attached-1")
async def test_until_attach_when_not_attached(create_client: ClientFactory) -> None:
    http = answer_with([])
    channel = await connected_channel(create_client, ChannelServer(), STAY_DETACHED, http=http)
    assert channel.state == "initialized"

    await failure(channel.history(until_attach=True))

    assert http.requests == []
