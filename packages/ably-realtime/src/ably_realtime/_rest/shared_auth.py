"""One Auth, several clients: single-flight renewal, and word of every new token.

`ably` funnels every use of a token through `Auth._ensure_valid_auth_credentials`, which it looks
up on the instance. Putting our own there is the whole hook; taking it away again leaves the Auth
as it was. The REST client's automatic renewals come in by a side door, `RestView`, because they
must not do what `authorize()` does for the application: connect clients and wait for the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Protocol

from . import AblyRest, TokenDetails


class Member(Protocol):
    """A realtime client, as its Auth sees it."""

    def token_changed(self, token: str) -> None:
        """Someone else obtained this token."""
        ...

    def authorize(self, token: asyncio.Future[str]) -> Awaitable[None]:
        """The application asked for `token`; settles when the server took it (RTC8)."""
        ...


class SharedAuth:
    """The hook on one Auth, shared by every realtime client that uses it."""

    def __init__(self, auth: Any) -> None:
        self._auth = auth
        self._members: list[Member] = []
        self._renewal: asyncio.Task[Any] | None = None
        self._waiting = 0

    @classmethod
    def join(cls, auth: Any, member: Member) -> SharedAuth:
        """Hook the Auth, or join whoever did."""
        hook = auth._ensure_valid_auth_credentials.__self__
        if not isinstance(hook, cls):
            hook = cls(auth)
            auth._ensure_valid_auth_credentials = hook._ensure
            if isinstance(auth.ably, AblyRest):
                auth.ably.http.auth = RestView(auth, hook)
        hook._members.append(member)
        return hook

    def leave(self, member: Member) -> None:
        """Leave; the last one takes the hook away."""
        self._members.remove(member)
        if not self._members:
            del self._auth._ensure_valid_auth_credentials
            if isinstance(self._auth.ably, AblyRest):
                self._auth.ably.http.auth = self._auth

    async def token(self, refused: str | None) -> str:
        """A token that is not `refused`, new only if there is no other."""
        current = self._auth.token_details
        if (
            current is not None
            and current.token != refused
            and not self._auth.token_details_has_expired()
        ):
            return str(current.token)
        details = await self._renew()
        return str(details.token)

    async def renew(self) -> Any:
        """What a REST request does about a token that was refused."""
        return await self._renew()

    async def _ensure(
        self, token_params: Any = None, auth_options: Any = None, force: bool = False
    ) -> Any:
        """In the place of `Auth._ensure_valid_auth_credentials`."""
        if force:
            return await self._authorize(token_params, auth_options)
        if not self._auth.token_details_has_expired():
            return self._auth.token_details
        return await self._renew()

    async def _renew(self) -> Any:
        """One token request, whoever asks while it runs; everyone else hears of its token.

        It is cancelled when the last of those who wait for it is.
        """
        renewal = self._renewal
        if renewal is None:
            renewal = asyncio.create_task(self._obtain(None, None), name="ably-token")
            renewal.add_done_callback(self._renewed)
            self._renewal = renewal
        self._waiting += 1
        try:
            return await asyncio.shield(renewal)
        finally:
            self._waiting -= 1
            if self._waiting == 0 and not renewal.done():
                self._renewal = None
                renewal.cancel()

    def _renewed(self, renewal: asyncio.Task[Any]) -> None:
        if self._renewal is renewal:
            self._renewal = None
        if renewal.cancelled() or renewal.exception() is not None:
            return
        for member in list(self._members):
            member.token_changed(str(renewal.result().token))

    async def _authorize(self, token_params: Any, auth_options: Any) -> Any:
        """`authorize()` of the application: every member takes the token to its server."""
        token: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        accepted = [asyncio.ensure_future(member.authorize(token)) for member in self._members]
        try:
            details = await self._obtain(token_params, auth_options)
        except BaseException as error:
            token.set_exception(error) if isinstance(error, Exception) else token.cancel()
            await asyncio.gather(*accepted, return_exceptions=True)
            raise
        token.set_result(str(details.token))
        await asyncio.gather(*accepted)
        return details

    async def _obtain(self, token_params: Any, auth_options: Any) -> Any:
        original = type(self._auth)._ensure_valid_auth_credentials
        return await original(self._auth, token_params, auth_options, True)


class RestView:
    """An Auth as the REST client's HTTP layer sees it: `authorize()` only renews the token."""

    def __init__(self, auth: Any, hook: SharedAuth) -> None:
        self._auth = auth
        self._hook = hook

    def __getattr__(self, name: str) -> Any:
        return getattr(self._auth, name)

    async def authorize(self) -> TokenDetails:
        details: TokenDetails = await self._hook.renew()
        return details
