"""The error of the protocol, before it becomes an exception."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .fields import integer, text


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """An error as the protocol knows it (TI1).

    `cause` is what led to it, where that is known; `hint` what to do, where the code alone does
    not say it.
    """

    code: int
    status_code: int
    message: str
    href: str | None = None
    cause: ErrorInfo | BaseException | None = None
    detail: Mapping[str, str] | None = None
    request_id: str | None = None
    hint: str | None = None

    @property
    def is_token_error(self) -> bool:
        """Whether a new token is the remedy (RSA4b)."""
        return self.status_code == 401 and 40140 <= self.code < 40150

    @classmethod
    def from_wire(cls, value: Mapping[str, Any]) -> ErrorInfo:
        """Read an error from a frame or an HTTP body; what is missing or odd gets a default."""
        code = integer(value.get("code"))
        code = 50000 if code is None else code
        status = integer(value.get("statusCode"))
        cause = value.get("cause")
        detail = value.get("detail")
        return cls(
            code=code,
            status_code=_status_of(code) if status is None else status,
            message=str(value.get("message") or "no message was given"),
            href=text(value.get("href")),
            cause=cls.from_wire(cause) if isinstance(cause, Mapping) else None,
            detail=detail if isinstance(detail, Mapping) else None,
            request_id=text(value.get("requestId")),
        )


def _status_of(code: int) -> int:
    """The HTTP status that the first digits of a code stand for, where they do."""
    status = code // 100
    return status if 400 <= status < 600 else 400
