"""Whom to connect to and as whom: the options every command has, and the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

import click

from ..endpoints import primary_host
from ..options import ClientOptions

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SCHEMES = {"http": False, "ws": False, "https": True, "wss": True}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the options and the environment say."""

    key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    endpoint: str | None = None
    port: int | None = None
    tls: bool = True
    client_id: str | None = None
    json: bool = False
    verbose: bool = False

    @property
    def host(self) -> str:
        """The host that is tried first."""
        return primary_host(self.endpoint)

    @property
    def effective_port(self) -> int:
        """The port, also where none was given."""
        return self.port or (443 if self.tls else 80)

    @property
    def url(self) -> str:
        """Where REST requests go."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.effective_port}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be printed."""
        secret = None if self.key is None else self.key.partition(":")[2]
        return tuple(value for value in (self.token, secret) if value)

    def client_options(self, **more: Any) -> ClientOptions:
        """The options of `AblyRealtime`. Over plain HTTP a key is exchanged for a token (RSC18)."""
        options: dict[str, Any] = {
            "key": self.key,
            "token": self.token,
            "client_id": self.client_id,
            "endpoint": self.endpoint,
            "tls": self.tls,
            "tls_port" if self.tls else "port": self.port,
            "use_token_auth": True if self.key and not self.tls else None,
        }
        given = {name: value for name, value in options.items() if value is not None}
        return cast("ClientOptions", given | more)


def read_settings(context: click.Context) -> Settings:
    """The settings of a command; raises `click.UsageError` for what cannot be meant."""
    given = context.params
    key, token = given["api_key"], given["token"]
    if key and token and _is_typed(context, "api_key") != _is_typed(context, "token"):
        # What was typed beats the environment.
        key, token = (key, None) if _is_typed(context, "api_key") else (None, token)
    endpoint, port, tls = read_endpoint(given["endpoint"])
    return Settings(
        key=key or None,
        token=token or None,
        endpoint=endpoint,
        port=port if given["port"] is None else given["port"],
        tls=tls if given["tls"] is None else given["tls"],
        client_id=given["client_id"],
        json=given["json"],
        verbose=given["verbose"],
    )


def read_endpoint(text: str | None) -> tuple[str | None, int | None, bool]:
    """Split an endpoint into its name, port and whether it uses TLS.

    It is a routing policy, a host, or a URL without path. Without a scheme TLS is used, except on
    this machine.
    """
    if not text:
        return None, None, True
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "", text
    if scheme and scheme not in _SCHEMES:
        raise click.UsageError(
            f"an endpoint's URL starts with http:// or https://, not {scheme}://"
        )
    if rest.startswith("nonprod:"):
        return rest, None, True
    try:
        parts = urlsplit(f"//{rest}" if rest != "::1" else "//[::1]")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise click.UsageError(f"the endpoint cannot be read: {error}") from None
    if not host or parts.path.strip("/") or parts.query or parts.username is not None:
        raise click.UsageError("an endpoint is a host or a URL of nothing but host and port")
    return host, port, _SCHEMES[scheme] if scheme else host not in _LOOPBACK


def _is_typed(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
