"""The one place where an Auth of `ably` is taken over, and given back as it was.

`authorize`, the headers of REST requests and renewals all go through the names that `HookedAuth`
replaces. While realtime clients share an Auth it is of that class: the same object, otherwise as
it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from . import Auth, AuthOptions, TokenDetails
from .identity import Identity

_GIVEN = "given_token"
"""The name under which `ably` passes the token of an `authorize()` on to `request_token`."""


class Hook(Protocol):
    """What answers in the place of the Auth."""

    identity: Identity

    async def token(self, refused: str | None) -> TokenDetails: ...

    async def authorize(self, token_params: Any, auth_options: Any) -> TokenDetails: ...

    async def request_token(
        self, token_params: Mapping[str, Any] | None, auth_options: Mapping[str, Any]
    ) -> TokenDetails: ...


class HookedAuth(Auth):
    """An Auth that asks its hook."""

    _hook: Hook

    async def _ensure_valid_auth_credentials(
        self, token_params: Any = None, auth_options: Any = None, force: bool = False
    ) -> TokenDetails:
        if force:
            return await self._hook.authorize(token_params, auth_options)
        return await self._hook.token(None)

    async def request_token(  # type: ignore[override]  # the same names, as they come
        self, token_params: Mapping[str, Any] | None = None, **auth_options: Any
    ) -> TokenDetails:
        """Request a token without using it (RSA8)."""
        given: TokenDetails | None = auth_options.pop(_GIVEN, None)
        if given is not None:
            return given
        return await self._hook.request_token(token_params, auth_options)

    @property
    def client_id(self) -> str | None:
        """Who the client is, as far as it knows (RSA7b, RSA12)."""
        return self._hook.identity.client_id

    def _configure_client_id(self, new_client_id: str | None) -> None:
        self._hook.identity.learn(new_client_id)

    def can_assume_client_id(self, assumed_client_id: str) -> bool:
        """Whether publishing for this client_id can succeed, as far as the client knows."""
        return self._hook.identity.may_act_as(assumed_client_id)


def install(auth: Any, hook: Hook) -> None:
    """Let `hook` answer for this Auth."""
    auth._hook = hook
    auth.__class__ = HookedAuth


def remove(auth: Any) -> None:
    """Give the Auth back."""
    auth.__class__ = Auth
    del auth._hook


async def obtain(
    auth: Any, token_params: Any, auth_options: AuthOptions | None, given: TokenDetails | None
) -> TokenDetails:
    """Let `ably` obtain a token, through the hook's `request_token`, and keep it.

    `given` is taken instead, where there is one, and comes with `auth_options` (RSA10e).
    """
    if given is not None:
        assert auth_options is not None
        auth_options.auth_options[_GIVEN] = given
    original: Any = Auth._ensure_valid_auth_credentials
    try:
        details: TokenDetails = await original(auth, token_params, auth_options, True)
    finally:
        auth.auth_options.auth_options.pop(_GIVEN, None)
    return details
