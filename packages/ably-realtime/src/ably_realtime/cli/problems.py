"""What went wrong, in one line: what, its code, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .._rest import AblyException
from ..errors import AblyError

_KEY = re.compile(r"\b([\w-]+\.[\w-]+):(?!\d+\b)[\w.~+/=-]+")
"""What looks like an API key; a port after a host name does not."""

_SEE = re.compile(r"\s*\(?\bSee https?://\S+?\)?(?=\s|$)")


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

    def line(self) -> str:
        """The whole of it, in one line."""
        code = "" if self.code is None else f" (code {self.code})"
        hint = "" if self.hint is None else f" {self.hint}"
        return f"{self.message.rstrip('.')}{code}.{hint}"

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
        message = _SEE.sub("", _one_line(str(own.message)))
        return Problem(message, own.code, own.hint or f"See {own.href}")
    if isinstance(error, OSError) and error.strerror:
        return Problem(_one_line(error.strerror), hint=error.filename)
    what = _one_line(f"{type(error).__name__}: {error}")
    return Problem(f"unexpected {what}", hint="Run it again with --verbose, and please report it.")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Blank out the secrets given, and whatever looks like an API key."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return _KEY.sub(r"\1:***", text)


def _as_ours(error: AblyException) -> AblyError:
    """An error of the REST SDK as ours, which knows what to do about it."""
    return AblyError(
        code=error.code or 50000,
        status_code=error.status_code or 500,
        message=str(error.message),
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
