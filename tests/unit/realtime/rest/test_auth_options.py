from __future__ import annotations

from typing import Any

import pytest
from ably.types.authoptions import AuthOptions
from ably.types.options import Options
from ably.types.tokendetails import TokenDetails

from ably_realtime import AblyError
from ably_realtime._rest.auth_options import can_renew, complete, key_of, read_auth_options

KEY = ("app.key", "secret")


def callback(params: object) -> str:
    return "t1"


@pytest.mark.parametrize(
    "given",
    [
        {"auth_callback": callback},
        AuthOptions(auth_callback=callback),
        Options(auth_callback=callback, client_id="me"),
    ],
    ids=["dict", "AuthOptions", "Options"],
)
def test_options_are_made_complete(given: Any) -> None:
    """RSA10j: what is not given goes back to its default. RSA10i: but the key stays."""
    options, token = read_auth_options(given, KEY)
    assert type(options) is AuthOptions  # the only type that `ably` replaces options with
    assert token is None
    assert options.auth_options == {
        **AuthOptions().auth_options,
        "auth_callback": callback,
        "key_name": "app.key",
        "key_secret": "secret",
    }


def test_the_given_options_stay_as_they_are() -> None:
    given = AuthOptions(auth_url="https://a.example.com")
    options, _ = read_auth_options(given, KEY)
    options.auth_url = None
    assert (given.auth_url, given.key_name) == ("https://a.example.com", None)


@pytest.mark.parametrize(
    "given", [{"key": "app.k2:s2"}, {"key_name": "app.k2", "key_secret": "s2"}]
)  # fmt: skip
def test_another_key_takes_the_place_of_the_first(given: dict[str, str]) -> None:
    options, _ = read_auth_options(given, KEY)
    assert key_of(options) == ("app.k2", "s2")


@pytest.mark.parametrize(
    "given",
    [
        {"token": "t1"},
        {"auth_token": "t1"},
        {"token_details": TokenDetails(token="t1")},
        {"token_details": {"token": "t1"}},
        AuthOptions(auth_token="t1"),
        AuthOptions(token_details=TokenDetails(token="t1")),
    ],
    ids=["token", "auth_token", "details", "dict", "AuthOptions, token", "AuthOptions, details"],
)
def test_a_token_among_them(given: Any) -> None:
    """RSA10e."""
    options, token = read_auth_options(given, None)
    assert token is not None
    assert token.token == "t1"
    assert not can_renew(options)


@pytest.mark.parametrize(
    ("given", "renewable"),
    [
        ({"auth_callback": callback}, True),
        ({"auth_url": "https://a.example.com"}, True),
        ({"key": "app.key:secret"}, True),
        ({"query_time": True}, False),
        ({}, False),
    ],
)
def test_whether_there_is_a_way_to_a_token(given: dict[str, Any], renewable: bool) -> None:
    options, _ = read_auth_options(given, None)
    assert can_renew(options) is renewable


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("key", "auth_options is a dict or AuthOptions, not str"),
        ({"auth_callbac": callback}, "there is no auth option 'auth_callbac'"),
        ({"port": 80}, "there is no auth option 'port'"),
        ({"auth_callback": "t1"}, "option 'auth_callback' takes a callable, not str"),
        ({"auth_url": 5}, "option 'auth_url' takes str, not int"),
    ],
)
def test_what_cannot_work_is_refused(given: Any, message: str) -> None:
    with pytest.raises(AblyError, match=message) as caught:
        read_auth_options(given, KEY)
    assert caught.value.code == 40000


def test_a_key_that_is_none_is_refused_without_showing_it() -> None:
    with pytest.raises(AblyError, match="not of the form keyName:secret") as caught:
        read_auth_options({"key": "secret-without-colon"}, None)
    assert "secret-without-colon" not in str(caught.value)


def test_what_ably_lost_is_put_back() -> None:
    options = AuthOptions(key="app.key:secret")
    options.replace({"auth_callback": callback})
    assert "auth_url" not in options.auth_options
    complete(options)
    assert (options.auth_callback, options.auth_url, options.auth_method) == (callback, None, "GET")
