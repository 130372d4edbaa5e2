"""What an endpoint and the credentials stand for."""

from __future__ import annotations

import click
import pytest

from ably_realtime.cli.settings import Settings, read_endpoint


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, (None, None, True)),
        ("", (None, None, True)),
        ("main", ("main", None, True)),
        ("nonprod:sandbox", ("nonprod:sandbox", None, True)),
        ("ably.example.com", ("ably.example.com", None, True)),
        ("ably.example.com:8443", ("ably.example.com", 8443, True)),
        ("localhost", ("localhost", None, False)),
        ("localhost:8081", ("localhost", 8081, False)),
        ("127.0.0.1:8081", ("127.0.0.1", 8081, False)),
        ("::1", ("::1", None, False)),
        ("http://localhost:8081", ("localhost", 8081, False)),
        ("http://localhost:8081/", ("localhost", 8081, False)),
        ("https://localhost:8081", ("localhost", 8081, True)),
        ("http://[::1]:8081", ("::1", 8081, False)),
        ("ws://ably.example.com", ("ably.example.com", None, False)),
    ],
)
def test_an_endpoint_is_a_name_a_host_or_a_url(
    text: str | None, found: tuple[str | None, int | None, bool]
) -> None:
    assert read_endpoint(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "ftp://host",
        "http://",
        "http://host/path",
        "http://host?x=1",
        "http://me:secret@host",
        "host:notaport",
    ],
)
def test_what_cannot_be_an_endpoint_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(click.UsageError) as refused:
        read_endpoint(text)
    assert "secret" not in refused.value.message


def test_a_key_is_exchanged_for_a_token_over_plain_http() -> None:
    plain = Settings(key="app.key:secret", endpoint="localhost", port=8081, tls=False)
    assert plain.client_options() == {
        "key": "app.key:secret",
        "endpoint": "localhost",
        "port": 8081,
        "tls": False,
        "use_token_auth": True,
    }
    secure = Settings(key="app.key:secret", endpoint="localhost", port=8443)
    assert secure.client_options() == {
        "key": "app.key:secret",
        "endpoint": "localhost",
        "tls_port": 8443,
        "tls": True,
    }


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        (Settings(), "https://main.realtime.ably.net:443"),
        (Settings(endpoint="::1", port=8081, tls=False), "http://[::1]:8081"),
        (Settings(endpoint="localhost", tls=False), "http://localhost:80"),
    ],
)
def test_the_url_of_rest_requests(settings: Settings, url: str) -> None:
    assert settings.url == url


def test_secrets_are_known_and_not_shown() -> None:
    settings = Settings(key="app.key:hidden", token="concealed")
    assert set(settings.secrets) == {"hidden", "concealed"}
    assert "hidden" not in repr(settings)
    assert "concealed" not in repr(settings)
