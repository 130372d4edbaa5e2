"""The REST half of a realtime client: its Auth from the start, its AblyRest when first needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ably.types.options import Options as AblyOptions

from ..endpoints import fallback_hosts, primary_host
from ..errors import AblyError
from ..options import Options
from ..seams import HttpClient
from . import AblyRest, Auth
from .auth_host import AuthHost
from .token_source import from_callback, from_url


class Access:
    """Credentials and REST for one realtime client, shared with `rest` if it was given one."""

    def __init__(
        self, rest: AblyRest | None, options: Options, http: HttpClient, agent: str
    ) -> None:
        self._rest = rest
        self.owns_rest = rest is None
        self._options: dict[str, Any] = {}
        if rest is not None:
            self.auth: Any = rest.auth
            return
        self._options = _options_of_ably(options, http)
        host: Any = AuthHost(_base_urls(options), http, agent)  # what Auth uses of an AblyRest
        self.auth = Auth(host, AblyOptions(**self._options))

    @property
    def rest(self) -> Any:
        """The AblyRest, made at the first use if it was not handed in."""
        if self._rest is None:
            self._rest = _RestOfRealtime(self.auth, self._options)
            self.prefer_host(self.auth.auth_options.fallback_host)
        return self._rest

    @property
    def uses_token(self) -> bool:
        return bool(self.auth.auth_mechanism == Auth.Method.TOKEN)

    @property
    def key(self) -> str | None:
        """The API key, where the client authenticates with it."""
        options = self.auth.auth_options
        if self.uses_token or not options.key_secret:
            return None
        return f"{options.key_name}:{options.key_secret}"

    @property
    def can_renew(self) -> bool:
        options = self.auth.auth_options
        return bool(options.auth_callback or options.auth_url or options.key_secret)

    @property
    def client_id(self) -> str | None:
        """Who this client is: from the options, the token or the connection (RSA7b)."""
        client_id: str | None = self.auth.client_id
        return client_id

    def confirm_client_id(self, client_id: str | None) -> None:
        """The server said who this client is (RSA7b3)."""
        if client_id is not None and client_id != self.auth.client_id:
            self.auth._configure_client_id(client_id)

    def prefer_host(self, host: str | None) -> None:
        """Send REST requests to the host that the connection uses (RTN17e)."""
        for options in self._rest_options():
            hosts = options.get_hosts()
            if host is not None and host not in hosts:
                hosts.append(host)  # `ably` keeps only the first few, and insists on knowing it
            options.fallback_host = host

    def _rest_options(self) -> list[Any]:
        used = [] if self._rest is None else [self._rest.options]
        return [*used, self.auth.auth_options]

    async def close(self) -> None:
        """Close the REST client, unless it was handed in."""
        if self.owns_rest and self._rest is not None:
            rest, self._rest = self._rest, None
            await rest.close()


class _RestOfRealtime(AblyRest):
    """An AblyRest that uses the realtime client's Auth instead of one of its own."""

    def __init__(self, auth: Any, options: Mapping[str, Any]) -> None:
        self._shared_auth: Any = None
        own = dict(options)
        super().__init__(token=own.pop("auth_token", None), **own)
        self._shared_auth = auth
        self.http.auth = auth

    @property
    def auth(self) -> Any:
        return self._shared_auth


def options_of_rest(rest: object) -> dict[str, Any]:
    """The options of a REST client that was handed in, under our names."""
    if not isinstance(rest, AblyRest):
        raise AblyError(
            code=40000,
            status_code=400,
            message=f"rest= takes an ably.AblyRest, not {type(rest).__name__}",
            hint="The synchronous AblyRestSync cannot share its Auth with asyncio.",
        )
    options = rest.options
    key = f"{options.key_name}:{options.key_secret}" if options.key_secret else None
    return {
        "key": key,
        "client_id": options.client_id,
        "endpoint": options.endpoint,
        "port": options.port or None,
        "tls_port": options.tls_port or None,
        "tls": options.tls,
        "fallback_hosts": tuple(options.get_fallback_hosts()),
        "use_binary_protocol": options.use_binary_protocol,
        "query_time": bool(options.query_time),
    }


def _options_of_ably(options: Options, http: HttpClient) -> dict[str, Any]:
    """Our options as `ably` takes them: one async callback for every way to a token."""
    own = options.for_rest()
    for name in ("auth_callback", "auth_url", "auth_method", "auth_headers", "auth_params"):
        own.pop(name, None)
    if options.auth_callback is not None:
        own["auth_callback"] = from_callback(options.auth_callback)
    elif options.auth_url is not None:
        own["auth_callback"] = from_url(
            options.auth_url, options.auth_method, options.auth_headers, options.auth_params, http
        )
    if (key := own.pop("key", None)) is not None:
        own["key_name"], own["key_secret"] = key.split(":")
    if (token := own.pop("token", None)) is not None:
        own["auth_token"] = token
    if "default_token_params" in own:
        own["default_token_params"] = dict(own["default_token_params"])
    if options.use_token_auth is None and (  # RSA4
        own.keys() & {"auth_callback", "auth_token", "token_details"}
    ):
        own["use_token_auth"] = True
    return own


def _base_urls(options: Options) -> list[str]:
    scheme = "https" if options.tls else "http"
    hosts = [
        primary_host(options.endpoint),
        *fallback_hosts(options.endpoint, options.fallback_hosts),
    ]
    return [f"{scheme}://{host}:{options.socket_port}" for host in hosts]
