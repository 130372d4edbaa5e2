"""One Auth, several clients: single-flight renewal, and word of every new token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ..log import auth as log
from ..options import bad_option
from ..seams import HttpClient, TimerHandle
from . import AblyException, AblyRest, TokenDetails, TokenRequest, hooked_auth
from .auth_options import can_renew, key_of, read_auth_options
from .identity import ANYONE, Identity
from .rest_view import RestView
from .token_names import describe
from .token_source import ProviderFailed, from_callback, from_url


class Member(Protocol):
    """A realtime client, as its Auth sees it."""

    @property
    def http(self) -> HttpClient:
        """For requests to an `auth_url`."""
        ...

    @property
    def request_timeout(self) -> float:
        """How long obtaining a token may take, in milliseconds (RSA4c)."""
        ...

    def call_later(self, delay: float, callback: Callable[[], None]) -> TimerHandle:
        """Call back after `delay` milliseconds."""
        ...

    def token_changed(self, details: TokenDetails) -> None:
        """Someone obtained this token."""
        ...

    def authorize(self, token: asyncio.Future[TokenDetails]) -> asyncio.Future[None]:
        """The application asked for `token`; settles when the server took it (RTC8)."""
        ...


class SharedAuth:
    """The hook on one Auth, shared by every realtime client that uses it."""

    def __init__(self, auth: Any) -> None:
        self.identity = Identity(auth.auth_options.client_id, auth.client_id)
        self._auth = auth
        self._members: list[Member] = []
        self._lender: Member  # whose HTTP and clock are used
        self._turn = asyncio.Lock()  # one token request at a time
        self._renewal: asyncio.Task[TokenDetails] | None = None
        self._waiting = 0
        self._authorizing: set[asyncio.Task[TokenDetails]] = set()

    @classmethod
    def of(cls, auth: Any) -> SharedAuth | None:
        """The hook on this Auth, if there is one."""
        if not isinstance(auth, hooked_auth.HookedAuth):
            return None
        assert isinstance(auth._hook, cls)
        return auth._hook

    @classmethod
    def join(cls, auth: Any, member: Member) -> SharedAuth:
        """Hook the Auth, or join whoever did."""
        hook = cls.of(auth)
        if hook is None:
            hook = cls(auth)
            hooked_auth.install(auth, hook)
            if isinstance(auth.ably, AblyRest):
                auth.ably.http.auth = hook.view()
        hook._members.append(member)
        hook._lender = hook._members[0]
        return hook

    def leave(self, member: Member) -> None:
        """Leave; the last one takes the hook away."""
        self._members.remove(member)
        if self._members:
            self._lender = self._members[0]
            return
        hooked_auth.remove(self._auth)
        if isinstance(self._auth.ably, AblyRest):
            self._auth.ably.http.auth = self._auth

    def view(self) -> RestView:
        """The Auth for the HTTP layer of a REST client."""
        return RestView(self._auth, self)

    # -- tokens for whoever needs one

    async def token(self, refused: str | None) -> TokenDetails:
        """A token that is not `refused`, new only if there is no other."""
        current = self._current()
        if current is not None and current.token != refused:
            return current
        return await self._renew()

    async def authorize(self, token_params: Any, auth_options: Any) -> TokenDetails:
        """`authorize()` of the application: every member takes the token to its server.

        Cancelling it gives up the answer, not the call.
        """
        if token_params is not None and not isinstance(token_params, Mapping):
            raise bad_option(f"token_params is a dict, not {type(token_params).__name__}")
        options = given = None
        if auth_options is not None:
            options, given = read_auth_options(auth_options, key_of(self._auth.auth_options))
        if given is None and not can_renew(options or self._auth.auth_options):
            raise self._not_renewable()
        call = asyncio.create_task(
            self._authorize(token_params, options, given), name="ably-authorize"
        )
        self._authorizing.add(call)
        call.add_done_callback(self._authorizing.discard)
        return await asyncio.shield(call)

    async def request_token(
        self, token_params: Mapping[str, Any] | None, auth_options: Mapping[str, Any]
    ) -> TokenDetails:
        """A token, by whichever way there is (RSA8); nobody uses it yet."""
        own = self._auth.auth_options
        params = {**own.default_token_params, **(token_params or {})}
        if params.get("client_id") == ANYONE:  # what the token may be, not what it has to be
            params["client_id"] = own.default_token_params.get("client_id") or ANYONE

        def option(name: str) -> Any:
            return auth_options.get(name) or getattr(own, name)

        if (callback := option("auth_callback")) is not None:
            answer = await from_callback(callback)(params)
        elif (url := option("auth_url")) is not None:
            http = self._lender.http
            method, headers = option("auth_method"), option("auth_headers")
            answer = await from_url(url, method, headers, option("auth_params"), http)(params)
        elif (name := option("key_name")) and (secret := option("key_secret")):
            answer = await self._auth.create_token_request(
                params, key_name=name, key_secret=secret, query_time=option("query_time")
            )
        else:
            raise self._not_renewable()
        return await self._exchange(answer) if isinstance(answer, TokenRequest) else answer

    # --

    def _current(self) -> TokenDetails | None:
        """The token in use, unless it is known to be of no use and there can be another."""
        details: TokenDetails | None = self._auth.token_details
        if details is None:
            return None
        if can_renew(self._auth.auth_options) and (
            self._auth.token_details_has_expired()  # RSA4b1
            or not self.identity.admits(details.client_id)
        ):
            return None
        self.identity.check(details.client_id)  # RSA15c
        return details

    async def _renew(self) -> TokenDetails:
        """One token request, whoever asks while it runs; everyone else hears of its token.

        It is cancelled when nobody waits for it any more: an abandoned dial does not, the one that
        follows at once does again.
        """
        renewal = self._renewal
        if renewal is None:
            if not can_renew(self._auth.auth_options):
                raise self._not_renewable()
            renewal = asyncio.create_task(self._replace_token(), name="ably-token")
            renewal.add_done_callback(self._renewed)
            self._renewal = renewal
        self._waiting += 1
        try:
            return await asyncio.shield(renewal)
        finally:
            self._waiting -= 1
            if self._waiting == 0 and not renewal.done():
                asyncio.get_running_loop().call_soon(self._give_up, renewal)

    def _give_up(self, renewal: asyncio.Task[TokenDetails]) -> None:
        if self._waiting == 0 and self._renewal is renewal:
            self._renewal = None
            renewal.cancel()

    def _renewed(self, renewal: asyncio.Task[TokenDetails]) -> None:
        if self._renewal is renewal:
            self._renewal = None
        if not renewal.cancelled():
            renewal.exception()  # those who waited have heard of it

    async def _replace_token(self) -> TokenDetails:
        old: TokenDetails | None = self._auth.token_details
        async with self._turn:
            current = self._current()
            if current is not None and current is not old:  # an authorize() brought it
                return current
            if old is None:
                log.debug("obtaining a token")
            else:
                log.info("renewing %s", self._describe(old))
            details = await self._obtain(None, None, None)
        if old is None or details.token != old.token:
            for member in list(self._members):
                member.token_changed(details)
        return details

    async def _authorize(
        self, token_params: Any, auth_options: Any, given: TokenDetails | None
    ) -> TokenDetails:
        token: asyncio.Future[TokenDetails] = asyncio.get_running_loop().create_future()
        accepted = [member.authorize(token) for member in list(self._members)]
        try:
            async with self._turn:
                details = await self._obtain(token_params, auth_options, given)
        except Exception as error:
            token.set_exception(error)
            await asyncio.gather(*accepted, return_exceptions=True)
            raise
        token.set_result(details)
        for outcome in await asyncio.gather(*accepted, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
        return details

    async def _exchange(self, request: TokenRequest) -> TokenDetails:
        """Turn a signed request into a token."""
        response = await self._auth.ably.http.post(
            f"/keys/{request.key_name}/requestToken", body=request.to_dict(), skip_auth=True
        )
        AblyException.raise_for_response(response)
        details: TokenDetails = TokenDetails.from_dict(response.to_native())
        return details

    async def _obtain(
        self, token_params: Any, auth_options: Any, given: TokenDetails | None
    ) -> TokenDetails:
        """Obtain a token and use it, within the time that a member gives it (RSA4c, RSA4e)."""
        timeout = self._lender.request_timeout
        loop = asyncio.get_running_loop()
        limit = asyncio.timeout(None)
        try:
            async with limit:
                timer = self._lender.call_later(timeout, lambda: limit.reschedule(loop.time()))
                try:
                    return await hooked_auth.obtain(self._auth, token_params, auth_options, given)
                finally:
                    timer.cancel()
        except AblyException:
            raise
        except Exception as error:
            if limit.expired():
                message = f"timeout: no token was obtained within {timeout:g} ms"
                raise AblyException(message, 401, 40170) from None
            raise ProviderFailed("the token request", error) from error

    def _not_renewable(self) -> AblyException:
        """RSA4a2."""
        return AblyException(
            f"there is no way to another token than {self._describe(self._auth.token_details)}: "
            "the client has no key, auth_callback or auth_url",
            401,
            40171,
        )

    def _describe(self, details: TokenDetails | None) -> str:
        return describe(details, self._auth.auth_options.key_name)
