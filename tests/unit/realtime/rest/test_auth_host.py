"""RSC15 and RSC16 for a client that has no REST client."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ably import AblyException
from ably.types.options import Options

from ably_realtime._rest.auth_host import AuthHost
from ably_realtime.seams import HttpResponse
from tests.unit.realtime.rest.fakes import FakeHttp, answer

HOSTS = ["a.example.com", "b.example.com"]


def make(http: FakeHttp, **options: Any) -> tuple[AuthHost, Options]:
    own = Options(endpoint="main.example.com", fallback_hosts=HOSTS, **options)
    return AuthHost(own, 8443, http, "agent/1"), own


async def test_a_token_request_is_json_without_credentials() -> None:
    http = FakeHttp(answer({"token": "t1"}, 201))
    host, _ = make(http)
    response = await host.post("/keys/app.key/requestToken", body={"a": 1}, skip_auth=True)
    assert response.to_native() == {"token": "t1"}
    (request,) = http.requests
    assert request.method == "POST"
    assert request.url == "https://main.example.com:8443/keys/app.key/requestToken"
    assert json.loads(request.content) == {"a": 1}
    assert request.headers == {
        "accept": "application/json",
        "content-type": "application/json",
        "x-ably-version": "5",
        "ably-agent": "agent/1",
    }


async def test_the_servers_time() -> None:
    http = FakeHttp(answer([1234.0]))
    host, _ = make(http, tls=False)
    assert await host.time() == 1234.0
    assert http.requests[0].url == "http://main.example.com:8443/time"


async def test_a_refused_question_for_the_time() -> None:
    refusal = {"error": {"code": 40300, "statusCode": 403, "message": "no"}}
    host, _ = make(FakeHttp(answer(refusal, 403)))
    with pytest.raises(AblyException) as caught:
        await host.time()
    assert caught.value.code == 40300


@pytest.mark.parametrize("failure", [ConnectionError("no route"), answer({}, 500), answer({}, 504)])
async def test_a_host_in_trouble_gives_way_to_the_next(failure: Exception | HttpResponse) -> None:
    """RSC15l, RSC15a."""
    http = FakeHttp(failure, failure, answer([1]))
    host, options = make(http)
    assert await host.time() == 1
    assert [request.host for request in http.requests] == options.get_hosts()
    assert {request.host for request in http.requests} == {"main.example.com", *HOSTS}


async def test_an_answer_is_an_answer() -> None:
    """A refusal is no reason to look elsewhere."""
    http = FakeHttp(answer({}, 400))
    host, _ = make(http)
    assert (await host.post("/keys/app.key/requestToken")).status_code == 400
    assert len(http.requests) == 1


async def test_the_last_host_has_the_last_word() -> None:
    host, _ = make(FakeHttp(ConnectionError("1"), ConnectionError("2"), ConnectionError("3")))
    with pytest.raises(ConnectionError, match="3"):
        await host.time()
    host, _ = make(FakeHttp(answer({}, 503)))
    assert (await host.post("/keys/app.key/requestToken")).status_code == 503


async def test_the_host_of_the_connection_comes_first() -> None:
    """RTN17e."""
    http = FakeHttp(answer([1]))
    host, options = make(http)
    options.fallback_host = options.get_hosts()[2]
    await host.time()
    assert http.requests[0].host == options.fallback_host
