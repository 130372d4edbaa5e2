from __future__ import annotations

import httpx
import pytest

from ably_realtime._rest.http import HttpxClient, close_http
from tests.unit.realtime.rest.fakes import FakeHttp


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Request]:
    requests: list[httpx.Request] = []

    async def handle(_: object, request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(201, headers={"X-Answer": "1"}, content=b"body")

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", handle)
    return requests


async def test_a_request_and_its_answer(seen: list[httpx.Request]) -> None:
    client = HttpxClient()
    answer = await client.request(
        "POST", "https://a.example.com/p?q=1", headers={"x-a": "b"}, content=b"c"
    )
    assert (answer.status, answer.headers["x-answer"], answer.body) == (201, "1", b"body")
    (request,) = seen
    assert (request.method, str(request.url)) == ("POST", "https://a.example.com/p?q=1")
    assert (request.headers["x-a"], request.content) == ("b", b"c")
    await client.aclose()


async def test_it_can_be_used_again_after_it_was_closed(seen: list[httpx.Request]) -> None:
    client = HttpxClient()
    await client.aclose()
    for _ in range(2):
        await client.request("GET", "https://a.example.com")
        await close_http(client)
    assert len(seen) == 2


async def test_an_http_client_of_the_application_stays_open() -> None:
    await close_http(FakeHttp())
