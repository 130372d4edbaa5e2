"""What the engine asks of the world beside sockets and time: tokens, identity, the internet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from .._core import inputs as do
from .._rest import AblyException, TokenDetails
from .._rest.access import Access
from .._rest.shared_auth import SharedAuth
from .._rest.token_source import ProviderFailed
from .._wire.error_info import ErrorInfo
from .._wire.secret import Secret
from ..seams import HttpClient, TimerHandle, TransportRequest
from .engine import Engine

CLIENT_ID_MISMATCH = 40102


class Network:
    """Implements `Surroundings` over the shared Auth and the HTTP seam."""

    _engine: Engine

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
        self.http = http
        self._scheme = scheme
        self._port = port
        self._headers = headers
        self._connectivity_check_url = connectivity_check_url
        self._shared: SharedAuth | None = None

    def join(self, engine: Engine) -> None:
        """Take part in what happens to the shared Auth."""
        self._engine = engine
        self._join()

    def leave(self) -> None:
        """Hear no more of an Auth that others go on using."""
        if self._shared is not None and not self._access.owns_rest:
            self._shared.leave(self)
            self._shared = None

    def _join(self) -> SharedAuth:
        """Join the Auth, again if the client was closed and is being connected once more."""
        if self._shared is None:
            self._shared = SharedAuth.join(self._access.auth, self)
        return self._shared

    # -- as a member of the shared Auth

    @property
    def request_timeout(self) -> float:
        return self._engine.request_timeout

    def call_later(self, delay: float, callback: Callable[[], None]) -> TimerHandle:
        clock = self._engine.clock
        return clock.call_at(clock.now() + delay, callback)

    def token_changed(self, details: TokenDetails) -> None:
        self._engine.token_changed(str(details.token))

    def authorize(self, token: asyncio.Future[TokenDetails]) -> asyncio.Future[None]:
        """Take part in an `authorize()` whose token is on its way (RTC8)."""
        op = 0

        def begin(number: int) -> do.Authorize:
            nonlocal op
            op = number
            return do.Authorize(op)

        def go_on(token: asyncio.Future[TokenDetails]) -> None:
            error = token.exception()
            if error is None:
                self._engine.post(do.Authorized(op, Secret(str(token.result().token))))
            else:
                self._engine.post(do.AuthorizeFailed(op, *self.explain(error)))

        accepted = self._engine.submit(begin)
        token.add_done_callback(go_on)
        return accepted

    # -- for the engine

    async def token(self, refused: str | None) -> str:
        details = await self._join().token(refused)
        return str(details.token)

    async def is_online(self) -> bool:
        """RTN17j."""
        answer = await self.http.request("GET", self._connectivity_check_url)
        return 200 <= answer.status < 300 and b"yes" in answer.body

    def confirm_client_id(self, client_id: str | None) -> None:
        self._access.confirm_client_id(client_id)

    def prefer_host(self, host: str | None) -> None:
        self._access.prefer_host(host)

    def explain(self, error: BaseException) -> tuple[ErrorInfo, bool]:
        """The error of an attempt to authenticate, and whether it is final (RSA4d, RSA15c).

        Its cause is what the application or the network raised.
        """
        assert isinstance(error, AblyException), "the shared Auth raises nothing else"
        info = ErrorInfo(
            code=error.code or 40170,
            status_code=error.status_code or 401,
            message=str(error.message),
            cause=error.__cause__ if isinstance(error, ProviderFailed) else error,
        )
        return info, info.status_code == 403 or info.code == CLIENT_ID_MISMATCH

    def request_for(self, host: str, params: dict[str, str]) -> TransportRequest:
        self._join()  # a client with a key asks for no token
        name = f"[{host}]" if ":" in host else host
        url = f"{self._scheme}://{name}:{self._port}/?{urlencode(params)}"
        return TransportRequest(url, self._headers)
