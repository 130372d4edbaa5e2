"""REST requests that the realtime client makes for its own methods."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from ably import AblyException, AblyRest

from ably_realtime import AblyError
from ably_realtime._rest.requests import ably_errors, paginated, request
from tests.uts.harness import KEY, MockHttpClient, PendingRequest
from tests.uts.harness.http import route_rest_requests


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> MockHttpClient:
    http = MockHttpClient(lambda request: request.respond_with(200, [{"n": 1}, {"n": 2}]))
    route_rest_requests(monkeypatch, http)
    return http


@pytest.fixture
async def rest(http: MockHttpClient) -> AsyncIterator[AblyRest]:
    async with AblyRest(KEY, use_binary_protocol=False) as rest:
        yield rest


async def test_a_request_says_what_it_was_told(rest: AblyRest, http: MockHttpClient) -> None:
    """RSC19f."""
    answer = await request(rest, "POST", "/p", "3", {"a": "b c"}, {"x": 1}, {"x-own": "1"})
    assert answer.items == [{"n": 1}, {"n": 2}]
    (sent,) = http.requests
    assert (sent.method, sent.url.path, sent.url.params) == ("POST", "/p", {"a": "b c"})
    assert (sent.headers["x-ably-version"], sent.headers["x-own"]) == ("3", "1")
    assert sent.body == b'{"x":1}'


async def test_its_authentication_cannot_be_replaced(
    rest: AblyRest, http: MockHttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    """RSC19b."""
    headers = {"Authorization": "Bearer SECRET"}
    await request(rest, "GET", "/p", "3", None, None, headers)
    assert http.requests[0].headers["authorization"].startswith("Basic ")
    assert headers == {"Authorization": "Bearer SECRET"}
    (record,) = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert "SECRET" not in record.getMessage()


@pytest.mark.parametrize(
    ("status", "body", "items"), [(204, b"", []), (200, {"one": 1}, [{"one": 1}]), (404, [], [])]
)
async def test_any_status_is_an_answer(
    rest: AblyRest, http: MockHttpClient, status: int, body: Any, items: list[Any]
) -> None:
    """RSC19d, HP3, HP4."""
    http.on_request = lambda pending: pending.respond_with(status, body)
    answer = await request(rest, "GET", "/p", "3", None, None, None)
    assert (answer.status_code, answer.items) == (status, items)


async def test_pages_are_read_item_by_item(rest: AblyRest, http: MockHttpClient) -> None:
    link = {"link": '<./p?page=2>; rel="next"'}

    def answer(pending: PendingRequest) -> None:
        pending.respond_with(200, [{"n": len(http.requests)}], link)

    http.on_request = answer
    page = await paginated(rest, "/p", {"limit": 1, "end": None}, lambda item: item["n"] * 10)
    assert (page.items, http.requests[0].url.params) == ([10], {"limit": "1"})
    assert (await page.next()).items == [20]


@pytest.mark.parametrize(
    ("raised", "code", "status_code"),
    [
        (AblyException("no", 403, 40300), 40300, 403),
        (httpx.ReadTimeout("slow"), 50003, 408),
        (httpx.ConnectError("no route"), 80000, 400),
    ],
)
def test_whatever_a_request_raises_becomes_our_error(
    raised: Exception, code: int, status_code: int
) -> None:
    with pytest.raises(AblyError) as caught, ably_errors():
        raise raised
    assert (caught.value.code, caught.value.status_code) == (code, status_code)
    assert caught.value.__cause__ is raised


def test_our_own_errors_pass_through() -> None:
    error = AblyError(code=1, status_code=2, message="ours")
    with pytest.raises(AblyError) as caught, ably_errors():
        raise error
    assert caught.value is error
