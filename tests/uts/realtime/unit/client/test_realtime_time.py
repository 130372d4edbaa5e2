"""RTC6: time(), by the REST cases of RSC16 on a realtime client."""

from __future__ import annotations

import pytest
from ably import AblyException

from ably_realtime import AblyRealtime
from tests.uts.harness import KEY, ClientFactory, MockHttpClient, complete

pytestmark = pytest.mark.uts("realtime/unit/RTC6/time-proxies-rest-0")

SERVER_TIME = 1704067200000


@pytest.fixture
def http() -> MockHttpClient:
    return MockHttpClient(lambda request: request.respond_with(200, [SERVER_TIME]))


@pytest.fixture
async def client(create_client: ClientFactory, http: MockHttpClient) -> AblyRealtime:
    return create_client(http=http, key=KEY, auto_connect=False)


async def test_it_returns_the_server_time(client: AblyRealtime, http: MockHttpClient) -> None:
    result = await complete(client.time())

    assert result == SERVER_TIME
    (request,) = http.requests
    assert request.method == "GET"
    assert request.url.path == "/time"


async def test_it_sends_the_standard_headers(client: AblyRealtime, http: MockHttpClient) -> None:
    await complete(client.time())

    (request,) = http.requests
    assert "x-ably-version" in request.headers
    assert "ably-agent" in request.headers


async def test_it_needs_no_authentication(client: AblyRealtime, http: MockHttpClient) -> None:
    assert await complete(client.time()) == SERVER_TIME

    (request,) = http.requests
    assert "authorization" not in request.headers


async def test_it_works_without_tls(create_client: ClientFactory, http: MockHttpClient) -> None:
    client = create_client(http=http, key=KEY, tls=False, use_token_auth=True, auto_connect=False)

    assert await complete(client.time()) == SERVER_TIME

    (request,) = http.requests
    assert request.url.scheme == "http"
    assert "authorization" not in request.headers


async def test_it_raises_the_server_error(create_client: ClientFactory) -> None:
    failure = {"error": {"message": "Internal server error", "code": 50000, "statusCode": 500}}
    http = MockHttpClient(lambda request: request.respond_with(500, failure))
    client = create_client(http=http, key=KEY, auto_connect=False)

    with pytest.raises(AblyException) as caught:
        await complete(client.time())

    assert (caught.value.code, caught.value.status_code) == (50000, 500)
