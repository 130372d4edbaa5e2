from __future__ import annotations

import datetime
import functools
from typing import Any

import pytest
from ably import AblyException
from ably.sync.types.tokendetails import TokenDetails as BlockingTokenDetails
from ably.sync.types.tokenrequest import TokenRequest as BlockingTokenRequest
from ably.types.tokendetails import TokenDetails
from ably.types.tokenrequest import TokenRequest

from ably_realtime._rest.token_source import (
    MAX_TOKEN_SIZE,
    ProviderFailed,
    details_from,
    from_callback,
    from_url,
    token_from,
)
from ably_realtime.seams import HttpResponse
from tests.unit.realtime.rest.fakes import FakeHttp, answer

URL = "https://auth.example.com/token?from=url"
SIGNED = {
    "keyName": "app.key",
    "nonce": "0123456789abcdef",
    "timestamp": 1,
    "mac": "signed",
    "ttl": 5,
}
DETAILS = {"token": "t1", "expires": 9, "issued": 1, "capability": '{"*":["*"]}', "clientId": "me"}


# -- what an application may return


def test_a_string_is_a_token() -> None:
    details = details_from("t1")
    assert (details.token, details.client_id) == ("t1", None)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (BlockingTokenDetails(token="t1", client_id="alice"), TokenDetails),
        (
            BlockingTokenRequest(key_name="app.key", nonce="n", mac="m", client_id="alice"),
            TokenRequest,
        ),
    ],
)
def test_what_the_blocking_rest_sdk_made_is_read(value: Any, kind: type) -> None:
    token = token_from(value)
    assert isinstance(token, kind)
    assert token.client_id == "alice"


@pytest.mark.parametrize("value", [TokenDetails(token="t1"), TokenRequest(key_name="app.key")])
def test_objects_of_the_rest_sdk_are_taken_as_they_are(value: object) -> None:
    assert token_from(value) is value


@pytest.mark.parametrize("fields", [DETAILS, {"token": "t1", "client_id": "me", "expires": 9}])
def test_token_details_may_be_a_dict(fields: dict[str, Any]) -> None:
    details = details_from(fields)
    assert (details.token, details.expires, details.client_id) == ("t1", 9, "me")


@pytest.mark.parametrize("name", ["keyName", "key_name"])
def test_a_token_request_may_be_a_dict(name: str) -> None:
    fields = {name: "app.key", **{n: v for n, v in SIGNED.items() if n != "keyName"}}
    before = dict(fields)
    request = token_from(fields)
    assert isinstance(request, TokenRequest)
    assert (request.key_name, request.mac, request.ttl) == ("app.key", "signed", 5)
    assert fields == before


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "of type NoneType"),
        (5, "of type int"),
        (b"t1", "of type bytes"),
        ("", "this one 0"),
        ("x" * (MAX_TOKEN_SIZE + 1), f"this one {MAX_TOKEN_SIZE + 1}"),
        (TokenDetails(token="x" * (MAX_TOKEN_SIZE + 1)), "bytes"),
        (TokenDetails(), "a token is text, not NoneType"),
        (TokenRequest(key_name="x" * MAX_TOKEN_SIZE), "bytes"),
        ({"token": "x" * MAX_TOKEN_SIZE}, "bytes"),
        ({"token": 5}, "a token is text, not int"),
        ({"token": "t1", "expires": "soon"}, "a field of the TokenDetails has the wrong type"),
        ({"secret": "s"}, "has these fields: secret"),
        ({}, "names no key"),
        ({"nonce": "n"}, "names no key"),
    ],
)
def test_anything_else_is_malformed(value: object, message: str) -> None:
    """RSA4f."""
    with pytest.raises(AblyException, match=message) as caught:
        token_from(value)
    assert (caught.value.code, caught.value.status_code) == (40170, 401)
    assert "xxxx" not in str(caught.value)


def test_a_token_request_is_not_yet_a_token() -> None:
    with pytest.raises(AblyException, match="a token or its details are needed"):
        details_from(SIGNED)


# -- auth_callback


def sync(params: dict[str, Any]) -> str:
    return f"t-{params['client_id']}"


async def coroutine(params: dict[str, Any]) -> str:
    return f"t-{params['client_id']}"


class Callable:
    async def __call__(self, params: dict[str, Any]) -> str:
        return f"t-{params['client_id']}"


@pytest.mark.parametrize(
    "callback",
    [sync, coroutine, Callable(), functools.partial(coroutine), lambda params: coroutine(params)],
    ids=["sync", "coroutine function", "object", "partial", "returns an awaitable"],
)
async def test_any_callable_is_a_callback(callback: Any) -> None:
    details = await from_callback(callback)({"client_id": "me"})
    assert isinstance(details, TokenDetails)
    assert details.token == "t-me"


async def test_what_a_callback_raises_is_kept() -> None:
    """RSA4e."""

    def callback(params: object) -> str:
        raise OSError("the auth server is down")

    with pytest.raises(ProviderFailed) as caught:
        await from_callback(callback)({})
    error = caught.value
    assert (error.code, error.status_code) == (40170, 401)
    assert error.message == "auth_callback failed: OSError: the auth server is down"
    assert isinstance(error.__cause__, OSError)
    assert error.cause is error.__cause__


async def test_an_error_of_ablys_is_passed_on() -> None:
    raised = AblyException("account disabled", 403, 40300)

    async def callback(params: object) -> str:
        raise raised

    with pytest.raises(AblyException) as caught:
        await from_callback(callback)({})
    assert caught.value is raised


async def test_an_error_without_a_text_is_named() -> None:
    def callback(params: object) -> str:
        raise LookupError

    with pytest.raises(ProviderFailed, match="auth_callback failed: LookupError"):
        await from_callback(callback)({})


# -- auth_url


async def test_get_puts_everything_into_the_query() -> None:
    """RSA8c1a, RSA8c1c, RSA8c2."""
    http = FakeHttp(answer("t1", kind="text/plain"))
    params = {
        "client_id": "me",
        "ttl": datetime.timedelta(seconds=2),
        "capability": {"a": ["*"]},
        "nonce": None,
    }
    source = from_url(URL, None, {"x-user": "u"}, {"from": "params", "client_id": "other"}, http)
    details = await source(params)
    assert isinstance(details, TokenDetails)
    assert details.token == "t1"
    (request,) = http.requests
    assert (request.method, request.headers, request.content) == ("GET", {"x-user": "u"}, b"")
    assert request.query == {
        "from": "params",
        "client_id": "other",
        "clientId": "me",
        "ttl": "2000",
        "capability": '{"a": ["*"]}',
    }


async def test_post_puts_them_into_a_form() -> None:
    """RSA8c1b."""
    http = FakeHttp(answer("t1", kind="application/jwt"))
    await from_url(URL, "post", {"x-user": "u"}, {"a": "b c"}, http)({"ttl": 2000})
    (request,) = http.requests
    assert (request.method, request.query) == ("POST", {"from": "url"})
    assert request.form == {"a": "b c", "ttl": "2000"}
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["x-user"] == "u"


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (answer(DETAILS), TokenDetails),
        (answer(SIGNED, kind="application/json; charset=utf-8"), TokenRequest),
        (answer(SIGNED, kind="Application/JSON"), TokenRequest),
        (answer('"t1"', kind="application/json"), TokenDetails),
        (answer("t1\n", kind="text/plain; charset=utf-8"), TokenDetails),
        (answer("e30.e30.s", kind="application/jwt"), TokenDetails),
    ],
)
async def test_answers_are_read_by_their_type(response: HttpResponse, kind: type) -> None:
    token = await from_url(URL, "GET", None, None, FakeHttp(response))({})
    assert isinstance(token, kind)
    if isinstance(token, TokenDetails):
        assert token.token in ("t1", "e30.e30.s")


@pytest.mark.parametrize(
    ("response", "status", "code", "message"),
    [
        (answer("no", 403, "text/html"), 403, 40170, "auth_url answered with HTTP 403"),
        (
            answer({"error": {"code": 40300, "message": "banned"}}, 403),
            403,
            40300,
            "banned",
        ),
        (answer({"error": "broken"}, 500), 500, 40170, "auth_url answered with HTTP 500"),
        (answer("[", 500), 500, 40170, "auth_url answered with HTTP 500"),
        (answer("t1", kind="text/html"), 401, 40170, "content type 'text/html'"),
        (HttpResponse(200, {}, b"t1"), 401, 40170, "content type ''"),
        (answer("{"), 401, 40170, "auth_url failed: JSONDecodeError"),
        (answer("", kind="text/plain"), 401, 40170, "this one 0"),
    ],
)
async def test_answers_that_are_no_token(
    response: HttpResponse, status: int, code: int, message: str
) -> None:
    """RSA4c, RSA4d, RSA4f."""
    with pytest.raises(AblyException, match=message) as caught:
        await from_url(URL, "GET", None, None, FakeHttp(response))({})
    assert (caught.value.status_code, caught.value.code) == (status, code)


async def test_no_answer_at_all() -> None:
    error = ConnectionError("no route")
    with pytest.raises(
        ProviderFailed, match="auth_url failed: ConnectionError: no route"
    ) as caught:
        await from_url(URL, "GET", None, None, FakeHttp(error))({})
    assert caught.value.__cause__ is error


def test_an_auth_method_is_get_or_post() -> None:
    with pytest.raises(AblyException, match="auth_method is GET or POST, not 'PUT'"):
        from_url(URL, "PUT", None, None, FakeHttp())
