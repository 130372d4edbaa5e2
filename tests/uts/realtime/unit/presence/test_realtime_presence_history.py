"""RTP12: the presence history of a channel, which is the REST client's."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from ably.http.paginatedresult import PaginatedResult

from ably_realtime import Channel, PresenceAction
from tests.uts.harness import ClientFactory, MockHttpClient, MockWebSocket, accept, complete
from tests.uts.harness.frames import connected
from tests.uts.harness.messages import attach, attaches, connect
from tests.uts.harness.presence import Wire

CHANNEL = "test-presence:history"


@pytest.fixture
def http() -> MockHttpClient:
    return MockHttpClient(lambda request: request.respond_with(200, []))


@pytest.fixture
async def channel(create_client: ClientFactory, http: MockHttpClient) -> Channel:
    server = MockWebSocket(accept(connected()), attaches)
    return await attach(await connect(create_client, server, http=http), CHANNEL)


def event(action: Wire, timestamp: int) -> dict[str, Any]:
    return {"action": action, "clientId": "alice", "timestamp": timestamp}


@pytest.mark.uts("realtime/unit/RTP12a/history-supports-rest-params-0")
async def test_history_takes_parameters(channel: Channel, http: MockHttpClient) -> None:
    await complete(channel.presence.history(start=1000, end=2000, direction="backwards", limit=50))

    (request,) = http.requests
    assert request.method == "GET"
    assert request.url.path == f"/channels/{quote(CHANNEL, safe='')}/presence/history"
    assert request.url.params == {
        "start": "1000",
        "end": "2000",
        "direction": "backwards",
        "limit": "50",
    }


@pytest.mark.uts("realtime/unit/RTP12c/history-returns-paginated-result-0")
async def test_history_returns_a_page(channel: Channel, http: MockHttpClient) -> None:
    events = [event(Wire.ENTER, 1000), event(Wire.UPDATE, 2000), event(Wire.LEAVE, 3000)]
    http.on_request = lambda request: request.respond_with(200, events)

    result = await complete(channel.presence.history())

    assert isinstance(result, PaginatedResult)
    assert [item.client_id for item in result.items] == ["alice", "alice", "alice"]
    assert [item.action for item in result.items] == [
        PresenceAction.ENTER,
        PresenceAction.UPDATE,
        PresenceAction.LEAVE,
    ]
