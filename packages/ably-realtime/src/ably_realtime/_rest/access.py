"""The REST half of a realtime client: its Auth from the start, its AblyRest when first needed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

import httpx
from ably.types.options import Options as AblyOptions

from ..errors import AblyError
from ..log import auth as log
from ..options import Options
from ..seams import HttpClient
from . import AblyException, AblyRest, Auth
from .auth_host import AuthHost
from .auth_options import can_renew, complete
from .identity import Identity
from .rest_view import RestView
from .shared_auth import SharedAuth
from .token_source import details_from


class Access:
    """Credentials and REST for one realtime client, shared with `rest` if it was given one."""

    def __init__(
        self, rest: AblyRest | None, options: Options, http: HttpClient, agent: str
    ) -> None:
        self._rest = rest
        self._ssl_context = options.ssl_context
        self._making = asyncio.Lock()
        self.owns_rest: bool = rest is None
        self._options: dict[str, Any] = {}
        if rest is not None:
            self.auth: Any = rest.auth
            return
        self._options = _options_of_ably(options)
        own = AblyOptions(**self._options)
        host: Any = AuthHost(own, options.socket_port, http, agent)  # what Auth uses of an AblyRest
        self.auth = Auth(host, own)
        _check_client_id(own)

    @property
    def rest(self) -> Any:
        """The AblyRest, made at the first use if it was not handed in: that takes its time."""
        if self._rest is None:
            hook = SharedAuth.of(self.auth)
            assert hook is not None, "every client joins its Auth"
            self._rest = _RestOfRealtime(self.auth, hook.view(), self._options)
            if self._ssl_context is not None:
                _use_ssl_context(self._rest.http, self._ssl_context)
            self.prefer_host(self.auth.auth_options.fallback_host)
        return self._rest

    async def ready_rest(self) -> Any:
        """The AblyRest, made in a thread where it has to be, so that the loop does not wait."""
        async with self._making:
            if self._rest is None:
                await asyncio.to_thread(lambda: self.rest)
            return self.rest

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
        """Whether there is a way to another token; `authorize()` may change it."""
        return can_renew(self.auth.auth_options)

    @property
    def client_id(self) -> str | None:
        """Who this client is: from the options, the token or the connection (RSA7b)."""
        client_id: str | None = self.auth.client_id
        return client_id

    def confirm_client_id(self, client_id: str | None) -> None:
        """The server said who this client is (RSA7b3)."""
        try:
            self.auth._configure_client_id(client_id)
        except AblyException as error:  # the connection itself fails with the same error (RSA15c)
            log.error("the server confirmed another client_id: %s", error)

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

    def __init__(self, auth: Any, view: RestView, options: Mapping[str, Any]) -> None:
        self._shared_auth = auth
        own = dict(options)
        super().__init__(token=own.pop("auth_token", None), **own)
        self.http.auth = view

    @property
    def auth(self) -> Any:
        return self._shared_auth


def _check_client_id(options: AblyOptions) -> None:
    """RSA15a."""
    details = options.token_details
    if details is not None:
        try:
            Identity(options.client_id, None).check(details.client_id)
        except AblyException as error:
            raise AblyError(code=40102, status_code=401, message=str(error.message)) from None


def _use_ssl_context(http: Any, context: ssl.SSLContext) -> None:
    """Replace the `httpx` client of `ably`'s HTTP layer, which takes no TLS settings."""
    assert hasattr(http, "_Http__client"), "ably's HTTP layer keeps its httpx client elsewhere"
    http._Http__client = httpx.AsyncClient(http2=True, verify=context)


def options_of_rest(rest: object) -> dict[str, Any]:
    """The options of a REST client that was handed in, under our names."""
    if not isinstance(rest, AblyRest) or rest._is_realtime:
        raise AblyError(
            code=40000,
            status_code=400,
            message=f"rest= takes an ably.AblyRest, not {type(rest).__name__}",
            hint="The synchronous AblyRestSync cannot share its Auth with asyncio.",
        )
    options = rest.options
    complete(options)
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


def _options_of_ably(options: Options) -> dict[str, Any]:
    """Our options as `ably` takes them."""
    own = options.for_rest()
    if (key := own.pop("key", None)) is not None:
        own["key_name"], own["key_secret"] = key.split(":")
    if (token := own.pop("token", None)) is not None:
        own["auth_token"] = token
    if "token_details" in own:
        own["token_details"] = details_from(own["token_details"])
    if "default_token_params" in own:
        own["default_token_params"] = dict(own["default_token_params"])
    if options.use_token_auth is None and (  # RSA4
        own.keys() & {"auth_callback", "auth_url", "auth_token", "token_details"}
    ):
        own["use_token_auth"] = True
    if options.use_token_auth is False and options.key is None:
        raise AblyError(
            code=40106,
            status_code=401,
            message="use_token_auth=False needs a key to authenticate with",
        )
    return own
