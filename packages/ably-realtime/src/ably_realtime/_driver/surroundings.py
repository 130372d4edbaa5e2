"""What the engine asks of the world beside sockets and time: tokens, identity, the internet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from urllib.parse import urlencode

from .._rest import AblyException
from .._rest.access import Access
from .._rest.shared_auth import SharedAuth
from .._wire.error_info import ErrorInfo
from ..seams import HttpClient, TransportRequest
from .engine import Engine


class Network:
    """Implements `Surroundings` over the shared Auth and the HTTP seam."""

    def __init__(
        self,
        access: Access,
        http: HttpClient,
        *,
        scheme: str,
        port: int,
        headers: Mapping[str, str],
        connectivity_check_url: str,
    ) -> None:
        self._access = access
        self._http = http
        self._scheme = scheme
        self._port = port
        self._headers = headers
        self._connectivity_check_url = connectivity_check_url
        self._shared: SharedAuth | None = None
        self._engine: Engine | None = None

    def join(self, engine: Engine) -> None:
        """Take part in what happens to the shared Auth."""
        self._engine = engine
        self._shared = SharedAuth.join(self._access.auth, self)

    def leave(self) -> None:
        """Hear no more of an Auth that others go on using."""
        if self._shared is not None and not self._access.owns_rest:
            self._shared.leave(self)
            self._shared = None

    # -- as a member of the shared Auth

    def token_changed(self, token: str) -> None:
        if self._engine is not None:
            self._engine.token_changed(token)

    def authorize(self, token: asyncio.Future[str]) -> Awaitable[None]:
        assert self._engine is not None
        return self._engine.authorize(token)

    # -- for the engine

    async def token(self, refused: str | None) -> str:
        if self._shared is None:  # closed, and connecting again
            self._shared = SharedAuth.join(self._access.auth, self)
        return await self._shared.token(refused)

    async def is_online(self) -> bool:
        """RTN17j."""
        answer = await self._http.request("GET", self._connectivity_check_url)
        return 200 <= answer.status < 300 and b"yes" in answer.body

    def confirm_client_id(self, client_id: str | None) -> None:
        self._access.confirm_client_id(client_id)

    def prefer_host(self, host: str | None) -> None:
        self._access.prefer_host(host)

    def explain(self, error: BaseException) -> tuple[ErrorInfo, bool]:
        """The application's own error if `ably` wrapped one; a 403 is final (RSA4d)."""
        original = _unwrap(error)
        if isinstance(original, AblyException):
            info = ErrorInfo(
                code=original.code or 40170,
                status_code=original.status_code or 401,
                message=str(original.message),
                cause=original,
            )
        else:
            text = f"{type(original).__name__}: {original}" if str(original) else repr(original)
            info = ErrorInfo(code=40170, status_code=401, message=text, cause=original)
        return info, info.status_code == 403

    def request_for(self, host: str, params: dict[str, str]) -> TransportRequest:
        name = f"[{host}]" if ":" in host else host
        url = f"{self._scheme}://{name}:{self._port}/?{urlencode(params)}"
        return TransportRequest(url, self._headers)


def _unwrap(error: BaseException) -> BaseException:
    """What `auth_callback` raised, from the wrapping that `ably` gives it (code 40170)."""
    if isinstance(error, AblyException) and error.code == 40170 and error.__cause__ is not None:
        return error.__cause__
    return error
