"""RTC9: request(), by the REST cases of RSC19 on a realtime client.

The REST SDK takes the version as a string, and gives header values as strings.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import msgpack
import pytest
from ably import AblyException

from ably_realtime import AblyRealtime
from tests.uts.harness import (
    KEY,
    ClientFactory,
    MockHttpClient,
    PendingHttpConnection,
    PendingRequest,
    complete,
)

pytestmark = pytest.mark.uts("realtime/unit/RTC9/request-proxies-rest-0")

MESSAGES = "/channels/test/messages"


def failure(code: int, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


@pytest.fixture
def http() -> MockHttpClient:
    return MockHttpClient(lambda request: request.respond_with(200, []))


@pytest.fixture
async def client(create_client: ClientFactory, http: MockHttpClient) -> AblyRealtime:
    return create_client(http=http, key=KEY, auto_connect=False)


async def test_methods(client: AblyRealtime, http: MockHttpClient) -> None:
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    for method in methods:
        await complete(client.request(method, "/test", version="3"))

    assert [request.method for request in http.requests] == methods
    assert {request.url.path for request in http.requests} == {"/test"}


async def test_query_parameters(client: AblyRealtime, http: MockHttpClient) -> None:
    params = {"limit": "10", "direction": "backwards"}

    await complete(client.request("GET", MESSAGES, version="3", params=params))

    (request,) = http.requests
    assert request.url.params == params


async def test_custom_headers(client: AblyRealtime, http: MockHttpClient) -> None:
    headers = {"X-Custom-Header": "custom-value", "X-Another": "another-value"}

    await complete(client.request("GET", "/test", version="3", headers=headers))

    (request,) = http.requests
    assert request.headers["x-custom-header"] == "custom-value"
    assert request.headers["x-another"] == "another-value"


async def test_body(create_client: ClientFactory, http: MockHttpClient) -> None:
    http.on_request = lambda request: request.respond_with(201, {"id": "123"})
    client = create_client(http=http, key=KEY, auto_connect=False, use_binary_protocol=False)
    body = {"name": "event", "data": "payload"}

    await complete(client.request("POST", MESSAGES, version="3", body=body))

    (request,) = http.requests
    assert json.loads(request.body) == body


async def test_version(client: AblyRealtime, http: MockHttpClient) -> None:
    for version in ("2", "3"):
        await complete(client.request("GET", "/test", version=version))

    assert [request.headers["x-ably-version"] for request in http.requests] == ["2", "3"]


async def test_basic_authentication(client: AblyRealtime, http: MockHttpClient) -> None:
    await complete(client.request("GET", "/test", version="3"))

    scheme, credentials = http.requests[0].headers["authorization"].split()
    assert scheme == "Basic"
    assert base64.b64decode(credentials).decode() == KEY


async def test_token_authentication(create_client: ClientFactory, http: MockHttpClient) -> None:
    client = create_client(http=http, token="my-token-string", auto_connect=False)

    await complete(client.request("GET", "/test", version="3"))

    assert http.requests[0].headers["authorization"].startswith("Bearer ")


async def test_json(create_client: ClientFactory, http: MockHttpClient) -> None:
    client = create_client(http=http, key=KEY, auto_connect=False, use_binary_protocol=False)
    body = {"name": "event", "data": {"nested": "value"}}

    await complete(client.request("POST", "/test", version="3", body=body))

    (request,) = http.requests
    assert request.headers["accept"] == "application/json"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == body


async def test_msgpack(create_client: ClientFactory, http: MockHttpClient) -> None:
    client = create_client(http=http, key=KEY, auto_connect=False, use_binary_protocol=True)
    body = {"name": "event", "data": "value"}

    await complete(client.request("POST", "/test", version="3", body=body))

    (request,) = http.requests
    assert request.headers["accept"] == "application/x-msgpack"
    assert request.headers["content-type"] == "application/x-msgpack"
    assert msgpack.unpackb(request.body) == body


async def test_json_response(client: AblyRealtime, http: MockHttpClient) -> None:
    items = [{"id": "1", "name": "item1"}, {"id": "2", "name": "item2"}]
    http.on_request = lambda request: request.respond_with(200, items)

    response = await complete(client.request("GET", "/test", version="3"))

    assert response.items == items


async def test_msgpack_response(client: AblyRealtime, http: MockHttpClient) -> None:
    packed = msgpack.packb([{"id": "1"}])
    kind = {"Content-Type": "application/x-msgpack"}
    http.on_request = lambda request: request.respond_with(200, packed, kind)

    response = await complete(client.request("GET", "/test", version="3"))

    assert response.items == [{"id": "1"}]


async def test_status_code(client: AblyRealtime, http: MockHttpClient) -> None:
    for status in (200, 201, 400, 404, 500):
        body = failure(status * 100, "Error") if status >= 400 else []
        http.on_request = lambda request, s=status, b=body: request.respond_with(s, b)
        response = await complete(client.request("GET", "/test", version="3"))
        assert response.status_code == status


async def test_success(client: AblyRealtime, http: MockHttpClient) -> None:
    for status, success in (
        (200, True),
        (201, True),
        (204, True),
        (299, True),
        (300, False),
        (400, False),
        (500, False),
    ):
        body = failure(status * 100, "Error") if status >= 400 else []
        http.on_request = lambda request, s=status, b=body: request.respond_with(s, b)
        response = await complete(client.request("GET", "/test", version="3"))
        assert response.success is success


async def test_error_headers(client: AblyRealtime, http: MockHttpClient) -> None:
    headers = {"X-Ably-Errorcode": "40101", "X-Ably-Errormessage": "Token expired"}
    body = failure(40101, "Unauthorized")
    http.on_request = lambda request: request.respond_with(401, body, headers)

    response = await complete(client.request("GET", "/test", version="3"))

    assert int(response.error_code) == 40101
    assert response.error_message == "Token expired"


async def test_response_headers(client: AblyRealtime, http: MockHttpClient) -> None:
    headers = {"X-Request-Id": "req-123", "X-Custom-Header": "custom-value"}
    http.on_request = lambda request: request.respond_with(200, [], headers)

    response = await complete(client.request("GET", "/test", version="3"))

    received = {name.lower(): value for name, value in response.headers}
    assert received["content-type"] == "application/json"
    assert received["x-request-id"] == "req-123"
    assert received["x-custom-header"] == "custom-value"


async def test_items(client: AblyRealtime, http: MockHttpClient) -> None:
    messages = [
        {"id": "msg1", "name": "event1", "data": "data1"},
        {"id": "msg2", "name": "event2", "data": "data2"},
    ]
    http.on_request = lambda request: request.respond_with(200, messages)

    response = await complete(client.request("GET", MESSAGES, version="3"))

    assert response.items == messages


async def test_pages_follow_link_headers(client: AblyRealtime, http: MockHttpClient) -> None:
    def on_request(request: PendingRequest) -> None:
        if len(http.requests) == 1:
            following = f'<{MESSAGES}?page=2>; rel="next"'
            request.respond_with(200, [{"id": "1"}, {"id": "2"}], {"Link": following})
        else:
            request.respond_with(200, [{"id": "3"}])

    http.on_request = on_request

    page1 = await complete(client.request("GET", MESSAGES, version="3"))
    page2 = await complete(page1.next())

    assert len(page1.items) == 2
    assert page1.has_next()
    assert page2.items == [{"id": "3"}]
    assert not page2.has_next()


async def test_a_single_object(client: AblyRealtime, http: MockHttpClient) -> None:
    http.on_request = lambda request: request.respond_with(200, {"time": 1234567890000})

    response = await complete(client.request("GET", "/time", version="3"))

    assert response.items == [{"time": 1234567890000}]


async def test_network_error(create_client: ClientFactory) -> None:
    http = MockHttpClient(on_connection_attempt=PendingHttpConnection.respond_with_refused)
    client = create_client(http=http, key=KEY, auto_connect=False, fallback_hosts=[])

    with pytest.raises(AblyException) as caught:
        await complete(client.request("GET", "/test", version="3"))

    text = caught.value.message.lower()
    assert caught.value.code == 80000 or "network" in text or "connection" in text


async def test_timeout(create_client: ClientFactory) -> None:
    http = MockHttpClient(PendingRequest.respond_with_timeout)
    client = create_client(
        http=http, key=KEY, auto_connect=False, fallback_hosts=[], http_request_timeout=1
    )

    with pytest.raises(AblyException) as caught:
        await complete(client.request("GET", "/test", version="3"))

    assert caught.value.code == 50003 or "timeout" in caught.value.message.lower()


async def test_an_error_answer_is_no_reason_for_a_fallback(create_client: ClientFactory) -> None:
    headers = {"X-Ably-Errorcode": "40000"}
    body = failure(40000, "Bad request")
    http = MockHttpClient(lambda request: request.respond_with(400, body, headers))
    client = create_client(
        http=http,
        key=KEY,
        auto_connect=False,
        fallback_hosts=["a.ably-realtime.com", "b.ably-realtime.com"],
    )

    response = await complete(client.request("GET", "/test", version="3"))

    assert response.status_code == 400
    assert response.success is False
    assert int(response.error_code) == 40000
    assert len(http.requests) == 1


async def test_a_server_error_leads_to_a_fallback(
    create_client: ClientFactory, http: MockHttpClient
) -> None:
    def on_request(request: PendingRequest) -> None:
        if len(http.requests) == 1:
            request.respond_with(500, "Internal Server Error")
        else:
            request.respond_with(200, [{"id": "1"}])

    http.on_request = on_request
    client = create_client(
        http=http, key=KEY, auto_connect=False, fallback_hosts=["fallback.ably-realtime.com"]
    )

    response = await complete(client.request("GET", "/test", version="3"))

    assert response.status_code == 200
    assert response.success is True
    assert len(http.requests) == 2
    assert http.requests[1].url.host == "fallback.ably-realtime.com"


async def test_authentication_is_not_overridden(client: AblyRealtime, http: MockHttpClient) -> None:
    headers = {"Authorization": "Bearer malicious-token"}

    await complete(client.request("GET", "/test", version="3", headers=headers))

    assert http.requests[0].headers["authorization"].startswith("Basic ")


async def test_leading_slash(client: AblyRealtime, http: MockHttpClient) -> None:
    for path in ("/channels/test", "channels/test"):
        await complete(client.request("GET", path, version="3"))

    assert [request.url.path for request in http.requests] == ["/channels/test"] * 2


async def test_empty_response(client: AblyRealtime, http: MockHttpClient) -> None:
    http.on_request = lambda request: request.respond_with(204)

    response = await complete(client.request("DELETE", f"{MESSAGES}/123", version="3"))

    assert response.status_code == 204
    assert response.success is True
    assert response.items == []
