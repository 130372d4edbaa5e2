"""Credentials: whether a token is needed, when, and which one (RSA4, RTC8, RTN22).

Tokens are obtained outside, by the Auth that the client shares with REST. This machine asks for
them and keeps apart the three reasons for having one: a dial, a re-authentication of the open
connection, and an `authorize()` that the application waits for.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from .._wire.error_info import ErrorInfo
from .._wire.frames import Action, Frame
from .._wire.secret import Secret
from . import faults
from .config import Config
from .effects import CancelRequest, Effect, Reject, RequestToken, Resolve
from .timers import TimerQueue, Timers


class Timer(Enum):
    """The deadlines of a re-authentication."""

    TOKEN = auto()  # a token for the open connection (RSA4c)
    ANSWER = auto()  # CONNECTED or ERROR in answer to AUTH


class Auth:
    """Holds the credentials of the next dial and the `authorize()` calls that are not settled."""

    def __init__(
        self,
        config: Config,
        queue: TimerQueue,
        emit: Callable[[Effect], None],
        send: Callable[[Frame], None],
        new_request: Callable[[], int],
        reauth_failed: Callable[[ErrorInfo], None],
    ) -> None:
        self._config = config
        self._emit = emit
        self._send = send
        self._new_request = new_request
        self._reauth_failed = reauth_failed
        self._dial_request = 0  # 0 for none
        self._reauth_request = 0
        self._token: Secret | None = None
        self._shown: Secret | None = None  # the token that this transport's server has seen
        self._refused: Secret | None = None
        self._obtaining: set[int] = set()  # authorize() calls without their token yet
        self._unanswered: set[int] = set()  # authorize() calls whose token the server has to judge
        self.uses_token: bool = config.key is None
        self.timers: Timers = Timers(queue)

    @property
    def can_renew(self) -> bool:
        """Whether there is a way to a new token (RSA4a)."""
        return self._config.can_renew_token()

    def query(self) -> dict[str, str | Secret]:
        """The credential of a dial, as a query parameter (RTN2e)."""
        if not self.uses_token:
            assert self._config.key is not None, "basic authentication has a key"
            return {"key": self._config.key}
        assert self._token is not None, "a dial waits for its token"
        self._shown = self._token
        return {"accessToken": self._token}

    # -- a token for a dial

    def request_for_dial(self) -> None:
        """Ask for a token that the dial then waits for."""
        self._dial_request = self._request()

    def abandon_dial(self) -> None:
        """The dial that waits for a token is given up."""
        if self._dial_request:
            self._emit(CancelRequest(self._dial_request))
            self._dial_request = 0

    def is_for_dial(self, request: int) -> bool:
        """Whether the dial waits for this request; if so it waits no longer."""
        if request != self._dial_request:
            return False
        self._dial_request = 0
        return True

    def use(self, token: Secret) -> None:
        """Take a token as the credential from here on."""
        self.uses_token = True
        self._token = token

    @property
    def has_news(self) -> bool:
        """Whether the server has yet to see the current token, or wanted another and got none."""
        return self.uses_token and (self._token != self._shown or self._token == self._refused)

    def rejected(self) -> None:
        """The server does not take the current token any more."""
        self._refused = self._token

    # -- a token for the open connection

    def request_for_reauth(self, now: float) -> None:
        """The server asked for a new token (RTN22); once is enough while one is on its way."""
        if self._reauth_request:
            return
        self._refused = self._token
        self._reauth_request = self._request()
        self.timers.set(
            Timer.TOKEN, now + self._config.realtime_request_timeout, self._token_timed_out
        )

    def is_for_reauth(self, request: int) -> bool:
        """Whether the open connection waits for this request; if so it waits no longer."""
        if request != self._reauth_request:
            return False
        self._reauth_request = 0
        self.timers.clear(Timer.TOKEN)
        return True

    def present(self, now: float) -> None:
        """Send the current token to the server, which answers with CONNECTED or ERROR (RTC8a)."""
        self._shown = self._token
        self._send(Frame(Action.AUTH, auth=self._token))
        self.timers.set(
            Timer.ANSWER, now + self._config.realtime_request_timeout, self._not_answered
        )

    def accepted(self) -> None:
        """CONNECTED: the server took the token (RTC8a3, RTC8b1)."""
        self._refused = None
        self.timers.clear(Timer.ANSWER)
        self._settle(lambda op: self._emit(Resolve(op)))

    def connection_ended(self, error: ErrorInfo) -> None:
        """FAILED, SUSPENDED or CLOSED: no answer will come (RTC8b1)."""
        self._stop_reauth()
        self.timers.clear(Timer.ANSWER)
        self._unanswered |= self._obtaining
        self._obtaining.clear()
        self._settle(lambda op: self._emit(Reject(op, error)))

    def connection_lost(self) -> None:
        """The transport is gone: the next dial presents the token instead."""
        self._stop_reauth()
        self.timers.clear(Timer.ANSWER)

    # -- authorize() of the application

    def authorize(self, op: int) -> None:
        """A token is being obtained for this call."""
        self._obtaining.add(op)

    def authorized(self, op: int, token: Secret) -> bool:
        """The token is there; returns whether the call still waits for it."""
        if op not in self._obtaining:
            return False
        self._obtaining.remove(op)
        self._unanswered.add(op)
        self.use(token)
        return True

    def authorize_failed(self, op: int, error: ErrorInfo) -> bool:
        """No token came; returns whether the call still waited for it."""
        if op not in self._obtaining:
            return False
        self._obtaining.remove(op)
        self._emit(Reject(op, error))
        return True

    # --

    def _request(self) -> int:
        request = self._new_request()
        self._emit(RequestToken(request, self._refused))
        return request

    def _stop_reauth(self) -> None:
        if self._reauth_request:
            self._emit(CancelRequest(self._reauth_request))
            self._reauth_request = 0
        self.timers.clear(Timer.TOKEN)

    def _token_timed_out(self, now: float) -> None:
        self._stop_reauth()
        cause = faults.token_timed_out(self._config.realtime_request_timeout)
        self._reauth_failed(faults.authentication_failed(cause, final=False))

    def _not_answered(self, now: float) -> None:
        error = faults.reauth_not_answered(self._config.realtime_request_timeout)
        self._settle(lambda op: self._emit(Reject(op, error)))

    def _settle(self, settle: Callable[[int], None]) -> None:
        settled, self._unanswered = self._unanswered, set()
        for op in sorted(settled):
            settle(op)
