"""What a client can be told."""

from __future__ import annotations

import ssl
from typing import Any

import ably.types.channelmode as rest_modes
import ably.types.channeloptions as rest
import pytest

from ably_realtime.crypto import CipherParams
from ably_realtime.errors import AblyError
from ably_realtime.options import (
    OF_REST,
    ChannelOptions,
    ClientOptions,
    Options,
    check_options,
    read_channel_options,
    stringify,
)
from ably_realtime.states import ChannelMode


def accept(*args: object, **kwargs: object) -> str:
    return "token"


ACCEPTED: dict[str, Any] = {
    "key": "app.key:secret",
    "token": "token",
    "token_details": object(),
    "auth_callback": accept,
    "auth_url": "https://example.com/auth",
    "auth_method": "POST",
    "auth_headers": {"a": "b"},
    "auth_params": {"a": "b"},
    "use_token_auth": True,
    "query_time": True,
    "default_token_params": {"ttl": 1},
    "client_id": "me",
    "endpoint": "nonprod:sandbox",
    "port": 8080,
    "tls_port": 8443,
    "tls": False,
    "fallback_hosts": ["a.example.com"],
    "connectivity_check_url": "https://example.com/up",
    "auto_connect": False,
    "use_binary_protocol": False,
    "echo_messages": False,
    "queue_messages": False,
    "max_queued_messages": 10,
    "recover": "{}",
    "transport_params": {"a": 1, "b": True},
    "agents": {"app": "1.0", "other": None},
    "strict_mode": True,
    "vcdiff_decoder": object(),
    "proxy": "http://proxy.example.com:3128",
    "ssl_context": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    "idempotent_rest_publishing": True,
    "add_request_ids": True,
    "realtime_request_timeout": 1,
    "disconnected_retry_timeout": 1.5,
    "suspended_retry_timeout": 1,
    "channel_retry_timeout": 1,
    "fallback_retry_timeout": 1,
    "http_open_timeout": 1,
    "http_request_timeout": 1,
    "http_max_retry_count": 0,
    "http_max_retry_duration": 1,
}


def test_every_option_is_accepted_and_none_means_unset() -> None:
    assert ACCEPTED.keys() == ClientOptions.__annotations__.keys()
    check_options(ACCEPTED)
    check_options(dict.fromkeys(ACCEPTED))


def test_what_was_given_is_in_force() -> None:
    options = Options.read(ACCEPTED)
    assert {name: getattr(options, name) for name in ACCEPTED} == ACCEPTED


def test_defaults() -> None:
    """RTC7, TO3."""
    options = Options.read({"key": "app.key:secret", "realtime_request_timeout": None})
    expected = {
        "tls": True,  # TO3d
        "auto_connect": True,  # TO3e
        "use_binary_protocol": True,  # TO3f
        "queue_messages": True,  # TO3g
        "max_queued_messages": 65_536,
        "echo_messages": True,  # TO3h
        "idempotent_rest_publishing": True,  # TO3n
        "add_request_ids": False,  # TO3p
        "strict_mode": False,  # TO3r
        "query_time": False,  # TO3j10
        "auth_method": "GET",  # TO3j7
        "disconnected_retry_timeout": 15_000,  # TO3l1
        "suspended_retry_timeout": 30_000,  # TO3l2
        "http_open_timeout": 4,  # TO3l3, in seconds
        "http_request_timeout": 10,  # TO3l4, in seconds
        "http_max_retry_count": 3,  # TO3l5
        "http_max_retry_duration": 15,  # TO3l6, in seconds
        "channel_retry_timeout": 15_000,  # TO3l7
        "fallback_retry_timeout": 600_000,  # TO3l10
        "realtime_request_timeout": 10_000,  # TO3l11
        "connectivity_check_url": "https://internet-up.ably-realtime.com/is-the-internet-up.txt",
        "transport_params": {},
        "agents": {},
        "proxy": "environment",
    }
    assert {name: getattr(options, name) for name in expected} == expected
    unset = ACCEPTED.keys() - expected.keys() - {"key"}
    assert {getattr(options, name) for name in unset} == {None}


def test_no_credential_is_printed() -> None:
    credentials = {
        "key": "app.key:hidden",
        "token": "hidden",
        "token_details": "hidden",
        "auth_url": "https://example.com/hidden",
        "auth_headers": {"a": "hidden"},
        "auth_params": {"a": "hidden"},
        "default_token_params": {"a": "hidden"},
        "recover": '{"connectionKey":"hidden"}',
    }
    assert "hidden" not in repr(Options.read(credentials))


@pytest.mark.parametrize(
    ("options", "code", "status"),
    [
        ({}, 40106, 401),
        ({"client_id": "me"}, 40106, 401),
        ({"key": "app.key"}, 40005, 400),
        ({"key": "app.key:"}, 40005, 400),
        ({"key": ":hidden"}, 40005, 400),
        ({"key": "app:key:hidden"}, 40005, 400),
    ],
    ids=str,
)
def test_a_client_needs_a_way_to_authenticate(
    options: dict[str, Any], code: int, status: int
) -> None:
    """RSC1b."""
    with pytest.raises(AblyError) as raised:
        Options.read(options)
    assert (raised.value.code, raised.value.status_code) == (code, status)
    assert "hidden" not in str(raised.value)


def test_beside_a_rest_client_its_options_are_taken_from_it() -> None:
    options = Options.read({"echo_messages": False}, {"token": "t", "endpoint": "acme"})
    assert (options.token, options.endpoint, options.echo_messages) == ("t", "acme", False)


@pytest.mark.parametrize("name", OF_REST)
def test_beside_a_rest_client_its_options_are_refused(name: str) -> None:
    with pytest.raises(AblyError, match=f"'{name}' belongs to the REST client") as raised:
        Options.read({name: ACCEPTED[name]}, {})
    assert raised.value.code == 40000
    assert name in str(raised.value.hint)
    assert Options.read({name: None}, {}) == Options()


def test_what_a_rest_client_is_made_with() -> None:
    given = {"key": "app.key:secret", "port": 8080, "use_binary_protocol": False}
    for_rest = Options.read({**given, "echo_messages": False}).for_rest()
    assert for_rest.items() >= given.items()
    assert for_rest.keys() <= {*OF_REST, "use_binary_protocol"}
    assert None not in for_rest.values()


@pytest.mark.parametrize(
    ("options", "port"),
    [
        ({}, 443),
        ({"tls_port": 8443, "port": 8080}, 8443),
        ({"tls": False}, 80),
        ({"tls": False, "tls_port": 8443, "port": 8080}, 8080),
    ],
    ids=str,
)
def test_the_port_of_a_dial(options: dict[str, Any], port: int) -> None:
    """TO3k4, TO3k5."""
    assert Options.read({"token": "t", **options}).socket_port == port


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"echo_mesages": True}, "no option 'echo_mesages'", "'echo_messages'"),
        ({"zzz": 1}, "no option 'zzz'", "ClientOptions"),
        ({"realtime_host": "h"}, "no option 'realtime_host'", None),
        ({"key": b"app.key:secret"}, "'key' takes str, not bytes", None),
        ({"port": "8080"}, "'port' takes int, not str", None),
        ({"port": True}, "'port' takes int, not bool", None),
        ({"tls": 1}, "'tls' takes bool, not int", None),
        ({"agents": ["app"]}, "'agents' takes Mapping, not list", None),
        ({"suspended_retry_timeout": "1"}, "takes int or float, not str", None),
        ({"suspended_retry_timeout": True}, "takes int or float, not bool", None),
        ({"suspended_retry_timeout": 0}, "above 0", None),
        ({"suspended_retry_timeout": -1}, "above 0", None),
        ({"http_max_retry_duration": 0}, "above 0", None),
        ({"realtime_request_timeout": float("nan")}, "above 0", None),
        ({"fallback_hosts": "a.example.com"}, "'fallback_hosts'", None),
        ({"fallback_hosts": [1]}, "'fallback_hosts'", None),
        ({"auth_callback": "token"}, "'auth_callback'", None),
    ],
    ids=str,
)
def test_bad_options_are_explained(options: dict[str, Any], message: str, hint: str | None) -> None:
    with pytest.raises(AblyError) as raised:
        check_options(options)
    error = raised.value
    assert (error.code, error.status_code) == (40000, 400)
    assert message in error.message
    assert hint is None or hint in str(error.hint)


def test_the_wildcard_is_no_client_id() -> None:
    """RSA7c."""
    with pytest.raises(AblyError) as raised:
        check_options({"client_id": "*"})
    assert (raised.value.code, raised.value.status_code) == (40012, 400)


def test_channel_options_read_their_cipher() -> None:
    """TB2b, TB3."""
    assert ChannelOptions() == ChannelOptions(None, None, True, None)
    encrypted = ChannelOptions(cipher=CipherParams(bytes(16)))
    assert ChannelOptions.with_cipher_key(bytes(16)) == encrypted
    assert ChannelOptions(cipher={"key": bytes(16)}) == encrypted


def test_channel_options_of_the_rest_sdk_are_taken() -> None:
    ours = ChannelOptions(params={"rewind": "1"}, modes=[ChannelMode.SUBSCRIBE])
    theirs = rest.ChannelOptions(params={"rewind": "1"}, modes=[rest_modes.ChannelMode.SUBSCRIBE])
    assert read_channel_options(ours) is ours
    assert read_channel_options(theirs) == ours
    assert read_channel_options(rest.ChannelOptions()) == ChannelOptions()


def test_channel_options_may_be_a_dict() -> None:
    assert read_channel_options({"params": {"a": "1"}}) == ChannelOptions(params={"a": "1"})


@pytest.mark.parametrize("options", [{"parmas": {}}, "params", None], ids=str)
def test_anything_else_is_no_channel_options(options: object) -> None:
    with pytest.raises(AblyError, match="hannel options") as raised:
        read_channel_options(options)
    assert raised.value.code == 40000


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (False, "false"), (1, "1"), (1.5, "1.5"), ("True", "True")]
)
def test_stringified(value: object, text: str) -> None:
    """RTC1f."""
    assert stringify(value) == text
