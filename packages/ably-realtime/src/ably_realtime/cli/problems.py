"""What went wrong, in one line: what, its code, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ssl import SSLCertVerificationError

import httpx

from .._rest import AblyException
from ..errors import AblyError

_KEY = re.compile(r"\b([\w-]+\.[\w-]+):(?!\d+\b)[\w.~+/=-]+")
"""What looks like an API key; a port after a host name does not."""

_SEE = re.compile(r"\s*\(?\bSee https?://\S+?\)?(?=\s|$)")


_NO_TOKEN = 80019
_NETWORK = frozenset({50003, 80000, 80003, 80014})
_CHECK_NETWORK = "Check the network, the endpoint and the port."


class Failure(Exception):
    """The command failed, for a reason that is not an error of Ably's."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as it is shown."""

    message: str
    code: int | None = None
    hint: str | None = None
    is_network: bool = False
    is_unexpected: bool = False

    def line(self) -> str:
        """The whole of it, in one line."""
        code = "" if self.code is None else f" (code {self.code})"
        hint = "" if self.hint is None else f" {self.hint}"
        end = "" if self.message.endswith("?") and not code else "."
        return f"{self.message.rstrip('.')}{code}{end}{hint}"

    def record(self) -> dict[str, object]:
        """The same for `--json`."""
        fields = {"message": self.message, "code": self.code, "hint": self.hint}
        return {"error": {name: value for name, value in fields.items() if value is not None}}


def problem_of(error: BaseException) -> Problem:
    """Say what an exception means to whoever ran the command."""
    if isinstance(error, Failure):
        return Problem(_one_line(str(error)), hint=error.hint)
    if isinstance(error, AblyException):
        own = error if isinstance(error, AblyError) else _as_ours(error)
        if own.code == _NO_TOKEN and isinstance(own.cause, AblyError):
            return problem_of(own.cause)  # with a key, that says more
        message = _SEE.sub("", _one_line(str(own.message)))
        is_network = own.code in _NETWORK or any(
            isinstance(cause, (httpx.TransportError, OSError)) for cause in _causes(error)
        )
        is_trusted = not any(
            isinstance(cause, SSLCertVerificationError) for cause in _causes(error)
        )
        hint = _CHECK_NETWORK if is_network and is_trusted else own.hint or f"See {own.href}"
        return Problem(message, own.code, hint, is_network)
    if isinstance(error, OSError) and error.strerror:
        return Problem(_one_line(error.strerror), hint=error.filename)
    what = _one_line(f"{type(error).__name__}: {error}")
    hint = "Run it again with --verbose, and please report it."
    return Problem(f"unexpected {what}", hint=hint, is_unexpected=True)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Blank out the secrets given, and whatever looks like an API key."""
    for secret in secrets:  # as whole words: a short one, made up for a test, is part of many
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text)
    return _KEY.sub(r"\1:***", text)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What led to an error, nearest first."""
    cause = error.__cause__ or getattr(error, "cause", None)
    while isinstance(cause, BaseException):
        yield cause
        cause = cause.__cause__ or getattr(cause, "cause", None)


def _as_ours(error: AblyException) -> AblyError:
    """An error of the REST SDK as ours, which knows what to do about it."""
    return AblyError(
        code=error.code or 50000,
        status_code=error.status_code or 500,
        message=str(error.message),
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
