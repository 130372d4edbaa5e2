"""What a client makes of its credential options, and of a REST client that is handed to it."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest
from ably import AblyRealtime as RealtimeOfAbly
from ably import AblyRest, Auth
from ably.sync import AblyRestSync
from ably.types.tokendetails import TokenDetails

from ably_realtime import AblyError
from ably_realtime._rest.access import Access, options_of_rest
from ably_realtime._rest.shared_auth import SharedAuth
from ably_realtime.options import Options
from tests.unit.realtime.rest.fakes import FakeHttp, FakeMember, answer

KEY = "app.key:secret"


def callback(params: object) -> str:
    return "t1"


def make(http: FakeHttp | None = None, **options: Any) -> Access:
    return Access(None, Options.read(options), http or FakeHttp(), "agent/1")


@pytest.fixture
async def rest() -> AsyncIterator[AblyRest]:
    async with AblyRest(KEY, endpoint="a.example.com", client_id="me") as rest:
        yield rest


# -- credentials


@pytest.mark.parametrize(
    ("options", "uses_token", "can_renew"),
    [
        ({"key": KEY}, False, True),
        ({"key": KEY, "use_token_auth": True}, True, True),
        ({"token": "t0"}, True, False),
        ({"token_details": TokenDetails(token="t0")}, True, False),
        ({"token_details": {"token": "t0"}}, True, False),
        ({"token": "t0", "key": KEY}, True, True),
        ({"auth_callback": callback}, True, True),
        ({"auth_callback": callback, "key": KEY}, True, True),
        ({"auth_url": "https://a.example.com", "key": KEY}, True, True),
        ({"auth_callback": callback, "key": KEY, "use_token_auth": False}, False, True),
    ],
)
def test_which_credentials_are_used(
    options: dict[str, Any], uses_token: bool, can_renew: bool
) -> None:
    """RSA2, RSA4."""
    access = make(**options)
    assert (access.uses_token, access.can_renew) == (uses_token, can_renew)
    assert access.key == (None if uses_token else KEY)


async def test_a_given_token_is_used_first() -> None:
    """RSA4g, RSA10e."""
    access = make(token="t0", auth_callback=callback)
    shared = SharedAuth.join(access.auth, FakeMember())
    assert (await shared.token(None)).token == "t0"
    assert (await shared.token("t0")).token == "t1"


async def test_options_reach_the_token_request() -> None:
    http = FakeHttp(answer({"token": "t1"}))
    access = make(http, key=KEY, use_token_auth=True, endpoint="a.example.com", port=80)
    await SharedAuth.join(access.auth, FakeMember()).token(None)
    assert http.requests[0].url == "https://a.example.com:443/keys/app.key/requestToken"
    assert http.requests[0].headers["ably-agent"] == "agent/1"


def test_default_token_params_stay_the_applications() -> None:
    params = {"ttl": 5, "timestamp": 1}
    make(key=KEY, default_token_params=params)
    assert params == {"ttl": 5, "timestamp": 1}


def test_without_token_auth_there_has_to_be_a_key() -> None:
    with pytest.raises(AblyError, match="use_token_auth=False needs a key") as caught:
        make(token="t0", use_token_auth=False)
    assert caught.value.code == 40106


@pytest.mark.parametrize("client_id", ["you", "me"])
def test_a_token_of_somebody_else_is_refused(client_id: str) -> None:
    """RSA15a."""
    details = TokenDetails(token="SECRET", client_id="me")
    if client_id == "me":
        assert make(token_details=details, client_id=client_id).client_id == "me"
        return
    with pytest.raises(AblyError, match="clientId mismatch") as caught:
        make(token_details=details, client_id=client_id)
    assert (caught.value.code, caught.value.status_code) == (40102, 401)
    assert "SECRET" not in str(caught.value)


def test_nothing_shows_the_credentials() -> None:
    access = make(key="app.key:SECRET", token="SECRET-2")
    assert "SECRET" not in repr((access, access.auth, vars(access)["auth"]))


# -- who the client is


async def test_the_server_says_who_the_client_is() -> None:
    """RSA7b3, RSA7b4, RTC4a."""
    access = make(key=KEY)
    SharedAuth.join(access.auth, FakeMember())
    assert access.client_id is None
    access.confirm_client_id("*")
    assert access.client_id == "*"
    access.confirm_client_id(None)
    access.confirm_client_id("me")
    assert access.auth.client_id == "me"


async def test_the_server_cannot_make_it_another(caplog: pytest.LogCaptureFixture) -> None:
    access = make(key=KEY, client_id="me")
    SharedAuth.join(access.auth, FakeMember())
    access.confirm_client_id("you")
    assert access.client_id == "me"
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert "clientId mismatch" in record.getMessage()


# -- its own REST client


async def test_the_rest_client_is_made_once_and_shares_the_auth() -> None:
    access = make(key=KEY, client_id="me", endpoint="a.example.com", http_max_retry_count=1)
    SharedAuth.join(access.auth, FakeMember())
    rest = access.rest
    assert rest is access.rest
    assert isinstance(rest, AblyRest)
    assert rest.auth is access.auth
    assert (rest.options.client_id, rest.options.http_max_retry_count) == ("me", 1)
    await access.close()
    assert access.rest is not rest
    await access.close()


async def test_the_rest_client_is_made_once_beside_the_loop_too() -> None:
    access = make(key=KEY)
    SharedAuth.join(access.auth, FakeMember())
    first, second = await asyncio.gather(access.ready_rest(), access.ready_rest())
    assert first is second is access.rest
    await access.close()


@pytest.mark.parametrize(
    "options", [{"token": "t0"}, {"token_details": {"token": "t0"}}, {"auth_callback": callback}]
)
async def test_the_rest_client_can_be_made_with_any_credentials(options: dict[str, Any]) -> None:
    access = make(**options)
    SharedAuth.join(access.auth, FakeMember())
    assert access.rest.auth is access.auth
    await access.close()


async def test_the_rest_client_uses_the_tls_settings() -> None:
    context = ssl.create_default_context()
    context.set_ciphers("ECDHE+AESGCM")
    access = make(key=KEY, ssl_context=context)
    SharedAuth.join(access.auth, FakeMember())
    client: Any = access.rest.http._Http__client
    assert client._transport._pool._ssl_context is context
    await access.close()


@pytest.mark.parametrize("first_use", ["before", "after"])
async def test_rest_follows_the_host_of_the_connection(first_use: str) -> None:
    """RTN17e."""
    access = make(key=KEY, fallback_hosts=["b.example.com"], http_max_retry_count=1)
    SharedAuth.join(access.auth, FakeMember())
    if first_use == "before":
        assert access.rest.http.get_hosts()[0] == "main.realtime.ably.net"
    access.prefer_host("b.example.com")
    assert access.rest.http.get_hosts()[0] == "b.example.com"
    access.prefer_host(None)
    assert access.rest.http.get_hosts()[0] == "main.realtime.ably.net"
    await access.close()


# -- a REST client that is handed in


async def test_a_handed_in_rest_client_is_used_and_left_open(rest: AblyRest) -> None:
    access = Access(rest, Options.read({}, options_of_rest(rest)), FakeHttp(), "agent/1")
    assert (access.rest, access.auth, access.owns_rest) == (rest, rest.auth, False)
    assert access.key == KEY
    await access.close()
    assert access.rest is rest
    http: Any = rest.http
    assert not http._Http__client.is_closed


async def test_its_options_are_taken_over(rest: AblyRest) -> None:
    options = Options.read({}, options_of_rest(rest))
    assert (options.key, options.client_id, options.endpoint) == (KEY, "me", "a.example.com")
    assert (options.port, options.tls, options.fallback_hosts) == (None, True, ())


async def test_options_that_ably_left_incomplete_are_completed(rest: AblyRest) -> None:
    """Its `authorize()` with a dict forgets whatever the dict does not name."""
    options: Any = rest.auth.auth_options
    options.replace({"auth_callback": callback})
    access = Access(rest, Options.read({}, options_of_rest(rest)), FakeHttp(), "agent/1")
    assert (access.key, access.can_renew) == (None, True)


@pytest.mark.parametrize("kind", ["sync", "realtime", "other"])
async def test_nothing_else_can_be_handed_in(kind: str) -> None:
    if kind == "sync":
        with AblyRestSync(KEY) as client:
            check_refused(client, "AblyRestSync")
    elif kind == "realtime":
        realtime = RealtimeOfAbly(KEY, auto_connect=False)
        check_refused(realtime, "AblyRealtime")
        await realtime.close()
    else:
        check_refused(Auth, "type")


def check_refused(client: object, name: str) -> None:
    with pytest.raises(AblyError, match=rf"takes an ably\.AblyRest, not {name}") as caught:
        options_of_rest(client)
    assert caught.value.code == 40000
