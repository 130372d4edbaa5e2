"""The one exception of this library.

    Exception
    └── ably.AblyException       what the REST SDK raises; `client.auth` and `client.rest` still do
        └── AblyError            what everything else in this library raises

`reason` and `error_reason` hold the same class, not raised.
"""

from __future__ import annotations

from typing import Any

from ._rest import AblyException
from ._wire.error_info import ErrorInfo

_HINTS = {
    40005: "Check the API key: it is appId.keyId, a colon and the secret.",
    40009: "Publish less at once, or ask for a higher limit on the account.",
    40012: "Publish with the client_id that the client is identified as, or with none.",
    40013: "A payload is text, bytes, a dict or a list; encode anything else first.",
    40019: "Install the extra, pip install 'ably-realtime[delta]', or pass vcdiff_decoder=.",
    40101: "Check the API key or token: the server does not accept it.",
    40102: "Use a token that was issued for this client_id, or drop the client_id option.",
    40103: "Use TLS, or authenticate with a token: a key is never sent over a plain connection.",
    40104: "Set this machine's clock, or pass query_time=True: the server's differs too much.",
    40106: "Pass key=, token=, token_details=, auth_callback= or auth_url=.",
    40142: "The token has expired; give the client key, auth_callback or auth_url to renew it.",
    40160: "The key or token lacks the capability for this operation on this channel.",
    40161: "Identify the client: pass client_id, or use a token that was issued for one.",
    40171: "Give the client a way to renew its token: key, auth_callback or auth_url.",
    40400: "Check the app id in the key and the endpoint: the server does not know the app.",
    50003: "Check the network, or raise realtime_request_timeout.",
    80000: "Check the network, endpoint, port and tls options.",
    80002: "The client keeps trying; call connect() to try at once.",
    80003: "The client reconnects by itself; wait for the state to become connected.",
    80014: "Check the network, endpoint and port, or raise realtime_request_timeout.",
    80017: "Call connect() to use the client again.",
    80019: "Look at the cause: it is what auth_callback, auth_url or the token request raised.",
    90001: "Attach the channel again before using it.",
    90007: "The server did not answer in time; the channel tries again by itself.",
}


class AblyError(AblyException):
    """An error with what is needed to act on it.

    `code` is Ably's error code, `status_code` the HTTP status it corresponds to, `message` says
    what was wrong, `hint` what to do about it, `href` where to read more, and `cause` what led to
    it. `detail` holds the server's structured data, where it sent any (TI1).
    """

    code: int
    status_code: int
    message: str
    cause: BaseException | None
    href: str
    hint: str | None
    detail: dict[str, str] | None
    request_id: str | None

    def __new__(cls, *args: Any, **kwargs: Any) -> AblyError:
        """Make an AblyError: the base class would pick a subclass of its own by status code."""
        return Exception.__new__(cls)

    def __init__(
        self,
        *,
        code: int,
        status_code: int,
        message: str,
        href: str | None = None,
        cause: BaseException | None = None,
        hint: str | None = None,
        detail: dict[str, str] | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, status_code, code, cause)
        self.__cause__ = cause
        self.href = href or f"https://help.ably.io/error/{code}"
        self.hint = hint if hint is not None else _HINTS.get(code)
        self.detail = detail
        self.request_id = request_id

    @classmethod
    def from_info(cls, info: ErrorInfo) -> AblyError:
        """The exception for an error of the core."""
        cause = info.cause
        return cls(
            code=info.code,
            status_code=info.status_code,
            message=info.message,
            href=info.href,
            cause=cls.from_info(cause) if isinstance(cause, ErrorInfo) else cause,
            detail=dict(info.detail) if info.detail else None,
            request_id=info.request_id,
            hint=info.hint,
        )

    def __str__(self) -> str:
        text = f"{self.message} (code {self.code}, status {self.status_code}; see {self.href})"
        return f"{text} {self.hint}" if self.hint else text

    def __repr__(self) -> str:
        return (
            f"AblyError(code={self.code}, status_code={self.status_code}, message={self.message!r})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # A cause need not be picklable; its text says what it was.
        cause = AblyError._portable(self.cause)
        return _rebuild, (
            self.code,
            self.status_code,
            self.message,
            self.href,
            cause,
            self.hint,
            self.detail,
            self.request_id,
        )

    @staticmethod
    def _portable(cause: BaseException | None) -> BaseException | None:
        if cause is None or isinstance(cause, AblyError):
            return cause
        return Exception(f"{type(cause).__name__}: {cause}")


def _rebuild(
    code: int,
    status_code: int,
    message: str,
    href: str | None,
    cause: BaseException | None,
    hint: str | None,
    detail: dict[str, str] | None,
    request_id: str | None,
) -> AblyError:
    return AblyError(
        code=code,
        status_code=status_code,
        message=message,
        href=href,
        cause=cause,
        hint=hint,
        detail=detail,
        request_id=request_id,
    )
