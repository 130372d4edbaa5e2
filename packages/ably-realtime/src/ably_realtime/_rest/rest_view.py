"""An Auth as the HTTP layer of a REST client sees it."""

from __future__ import annotations

import base64
from contextvars import ContextVar
from typing import Any

from . import Auth, TokenDetails
from .hooked_auth import Hook

_sent: ContextVar[str | None] = ContextVar("ably_token_sent", default=None)
"""The token of the request that the running task made last."""


class RestView:
    """Stands between a REST client and its Auth.

    What the HTTP layer calls `authorize()`, after a refusal, must not do what `authorize()` does
    for the application: connect clients and wait for the server. And it is to bring a new token
    only if the refused one is still in use: of many requests that are refused together, one renews.
    """

    def __init__(self, auth: Any, hook: Hook) -> None:
        self._auth = auth
        self._hook = hook

    def __getattr__(self, name: str) -> Any:
        return getattr(self._auth, name)

    async def authorize(self) -> TokenDetails:
        """Have a token that is not the refused one."""
        return await self._hook.token(_sent.get())

    async def _get_auth_headers(self) -> dict[str, Any]:
        _sent.set(None)
        if self._auth.auth_mechanism == Auth.Method.BASIC:
            return self._basic_headers()
        headers: dict[str, Any] = await self._auth._get_auth_headers()
        _sent.set(self._auth.token_details.token)
        return headers

    def _basic_headers(self) -> dict[str, Any]:
        headers: dict[str, Any] = {"Authorization": f"Basic {self._auth.basic_credentials}"}
        client_id = self._auth.auth_options.client_id  # RSA7e2: no wildcard from the server
        if client_id is not None:
            headers["X-Ably-ClientId"] = base64.b64encode(client_id.encode())
        return headers
