"""RTC5: stats(), by the REST cases of RSC6 on a realtime client."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ably import AblyException
from ably.http.paginatedresult import PaginatedResult

from ably_realtime import AblyRealtime
from tests.uts.harness import KEY, ClientFactory, MockHttpClient, PendingRequest, complete

pytestmark = pytest.mark.uts("realtime/unit/RTC5/stats-proxies-rest-0")

START = datetime(2024, 1, 1, tzinfo=UTC)
END = datetime(2024, 1, 31, 23, 59, 59, tzinfo=UTC)
START_MILLIS = str(int(START.timestamp()) * 1000)
END_MILLIS = str(int(END.timestamp()) * 1000)


def hour(number: int, count: int) -> dict[str, Any]:
    counts = {"count": count, "data": 50 * count}
    return {
        "intervalId": f"2024-01-01:{number:02}:00",
        "unit": "hour",
        "all": {"messages": counts, "all": counts},
    }


@pytest.fixture
def http() -> MockHttpClient:
    return MockHttpClient(lambda request: request.respond_with(200, []))


@pytest.fixture
async def client(create_client: ClientFactory, http: MockHttpClient) -> AblyRealtime:
    return create_client(http=http, key=KEY, auto_connect=False)


async def test_it_returns_pages_of_stats(client: AblyRealtime, http: MockHttpClient) -> None:
    http.on_request = lambda request: request.respond_with(200, [hour(0, 100), hour(1, 150)])

    result = await complete(client.stats())

    assert isinstance(result, PaginatedResult)
    first, second = result.items
    assert first.interval_id == "2024-01-01:00:00"
    assert first.unit == "hour"
    assert second.interval_id == "2024-01-01:01:00"
    (request,) = http.requests
    assert request.method == "GET"
    assert request.url.path == "/stats"


async def test_it_is_authenticated(client: AblyRealtime, http: MockHttpClient) -> None:
    await complete(client.stats())

    (request,) = http.requests
    assert {"authorization", "x-ably-version", "ably-agent"} <= request.headers.keys()


async def test_start(client: AblyRealtime, http: MockHttpClient) -> None:
    await complete(client.stats(start=START))

    assert http.requests[0].url.params["start"] == START_MILLIS


async def test_end(client: AblyRealtime, http: MockHttpClient) -> None:
    await complete(client.stats(end=END))

    assert http.requests[0].url.params["end"] == END_MILLIS


async def test_start_and_end(client: AblyRealtime, http: MockHttpClient) -> None:
    await complete(client.stats(start=START, end=END))

    assert http.requests[0].url.params == {"start": START_MILLIS, "end": END_MILLIS}


async def test_direction(client: AblyRealtime, http: MockHttpClient) -> None:
    await complete(client.stats(direction="forwards"))

    assert http.requests[0].url.params["direction"] == "forwards"


async def test_limit(client: AblyRealtime, http: MockHttpClient) -> None:
    await complete(client.stats(limit=10))

    assert http.requests[0].url.params["limit"] == "10"


async def test_unit(client: AblyRealtime, http: MockHttpClient) -> None:
    units = ["minute", "hour", "day", "month"]
    for unit in units:
        await complete(client.stats(unit=unit))

    assert [request.url.params["unit"] for request in http.requests] == units


async def test_defaults_are_left_to_the_server(client: AblyRealtime, http: MockHttpClient) -> None:
    await complete(client.stats())

    (request,) = http.requests
    assert request.method == "GET"
    assert request.url.path == "/stats"
    assert request.url.params == {}  # neither direction, limit nor unit


async def test_all_parameters(client: AblyRealtime, http: MockHttpClient) -> None:
    await complete(client.stats(start=START, end=END, direction="forwards", limit=50, unit="hour"))

    assert http.requests[0].url.params == {
        "start": START_MILLIS,
        "end": END_MILLIS,
        "direction": "forwards",
        "limit": "50",
        "unit": "hour",
    }


async def test_pages_follow_link_headers(client: AblyRealtime, http: MockHttpClient) -> None:
    def on_request(request: PendingRequest) -> None:
        if len(http.requests) == 1:
            following = '</stats?start=1704070800000&limit=1>; rel="next"'
            request.respond_with(200, [hour(1, 100)], {"Link": following})
        else:
            request.respond_with(200, [hour(0, 100)])

    http.on_request = on_request

    page1 = await complete(client.stats(limit=1))
    page2 = await complete(page1.next())

    assert [stats.interval_id for stats in page1.items] == ["2024-01-01:01:00"]
    assert page1.has_next()
    assert not page1.is_last()
    assert [stats.interval_id for stats in page2.items] == ["2024-01-01:00:00"]
    assert not page2.has_next()
    assert page2.is_last()


async def test_no_stats(client: AblyRealtime) -> None:
    result = await complete(client.stats())

    assert isinstance(result, PaginatedResult)
    assert result.items == []
    assert not result.has_next()
    assert result.is_last()


async def test_it_raises_the_server_error(client: AblyRealtime, http: MockHttpClient) -> None:
    failure = {"error": {"message": "Unauthorized", "code": 40100, "statusCode": 401}}
    http.on_request = lambda request: request.respond_with(401, failure)

    with pytest.raises(AblyException) as caught:
        await complete(client.stats())

    assert (caught.value.code, caught.value.status_code) == (40100, 401)
