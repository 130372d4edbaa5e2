"""One channel over REST: which path is asked, and what is made of the answer."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from typing import Any

import pytest
from ably import AblyRest

from ably_realtime import AblyError, Annotation, Message, PresenceMessage
from ably_realtime._rest.channel_rest import ChannelRest
from tests.uts.harness import KEY, MockHttpClient
from tests.uts.harness.http import route_rest_requests

NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> MockHttpClient:
    http = MockHttpClient(lambda request: request.respond_with(200, [{"data": "d", "id": "1"}]))
    route_rest_requests(monkeypatch, http)
    return http


@pytest.fixture
async def channel(http: MockHttpClient) -> AsyncIterator[ChannelRest]:
    async with AblyRest(KEY, use_binary_protocol=False) as rest:

        async def ready_rest() -> Any:
            return rest

        yield ChannelRest(ready_rest, "a/b c", None)


@pytest.mark.parametrize(
    ("method", "arguments", "path", "kind"),
    [
        ("history", ({},), "messages", Message),
        ("presence_history", ({},), "presence/history", PresenceMessage),
        ("versions", ("s:1", {}), "messages/s%3A1/versions", Message),
        ("annotations", ("s:1", {}), "messages/s%3A1/annotations", Annotation),
    ],
)
async def test_pages(
    channel: ChannelRest,
    http: MockHttpClient,
    method: str,
    arguments: tuple[Any, ...],
    path: str,
    kind: type[Message | PresenceMessage | Annotation],
) -> None:
    page = await getattr(channel, method)(*arguments)
    assert http.requests[0].url.path == f"/channels/a%2Fb%20c/{path}"
    (item,) = page.items
    assert type(item) is kind
    assert item.data == "d"


async def test_parameters_have_wire_names_and_values(
    channel: ChannelRest, http: MockHttpClient
) -> None:
    await channel.presence_history(
        {"client_id": "me", "start": NOON, "until": True, "limit": 5, "end": None}
    )
    assert http.requests[0].url.params == {
        "clientId": "me",
        "start": "1767268800000",
        "until": "true",
        "limit": "5",
    }


async def test_one_message(channel: ChannelRest, http: MockHttpClient) -> None:
    http.on_request = lambda request: request.respond_with(
        200, {"data": '{"a":1}', "encoding": "json", "serial": "s"}
    )
    message = await channel.message("s:1")
    assert (message.data, message.encoding, message.serial) == ({"a": 1}, None, "s")
    assert http.requests[0].url.path == "/channels/a%2Fb%20c/messages/s%3A1"


async def test_a_payload_that_cannot_be_decoded_is_returned_as_it_is(
    channel: ChannelRest, http: MockHttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    """RSL6b: and costs its siblings nothing."""
    items = [{"id": "1", "data": "x", "encoding": "foreign"}, {"id": "2", "data": "y"}]
    http.on_request = lambda request: request.respond_with(200, items)
    page = await channel.history({})
    assert [(m.data, m.encoding) for m in page.items] == [("x", "foreign"), ("y", None)]
    assert "'foreign'" in caplog.text


@pytest.mark.parametrize("method", ["history", "message"])
async def test_a_refusal_is_our_error(
    channel: ChannelRest, http: MockHttpClient, method: str
) -> None:
    error = {"error": {"code": 40400, "statusCode": 404, "message": "not found"}}
    http.on_request = lambda request: request.respond_with(404, error)
    with pytest.raises(AblyError) as caught:
        await getattr(channel, method)({} if method == "history" else "s")
    assert (caught.value.code, caught.value.status_code) == (40400, 404)
