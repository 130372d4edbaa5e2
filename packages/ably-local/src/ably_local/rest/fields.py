"""The fields of a JSON object in the body of a request, each read by its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import Code, ErrorInfo, Refusal, refusal


class Fields:
    """An object whose fields are read one by one. A wrong one is refused with 40003 and its name.

    `only()` refuses the fields that nobody asked for with 40000.
    """

    def __init__(self, body: object, name: str = "the body") -> None:
        if not isinstance(body, dict):
            raise refusal(Code.BAD_REQUEST, f"{name} is an object")
        self._body: Mapping[str, Any] = body
        self._name = name

    def only(self, *names: str) -> None:
        """Refuse a field with another name than these."""
        for name in self._body:
            if name not in names:
                known = f"it has {_listed(names)}" if names else "it has none"
                raise refusal(
                    Code.BAD_REQUEST, f"{self._name} has no field {str(name)[:100]!r}; {known}"
                )

    def has(self, name: str) -> bool:
        return self._body.get(name) is not None

    def text(self, name: str) -> str | None:
        value = self._body.get(name)
        if value is None or (isinstance(value, str) and value):
            return value
        raise _invalid(f"{name} is a non-empty string")

    def integer(self, name: str, *, least: int) -> int | None:
        value = self._body.get(name)
        if value is None or (type(value) is int and value >= least):
            return value
        raise _invalid(f"{name} is an integer, {least} or more")

    def boolean(self, name: str) -> bool | None:
        value = self._body.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise _invalid(f"{name} is true or false")

    def value(self, name: str) -> Any:
        """Return a field as it stands."""
        return self._body.get(name)

    def error(self, name: str, default: ErrorInfo) -> ErrorInfo:
        """Read an error; what it leaves out is that of `default`."""
        if not self.has(name):
            return default
        fields = Fields(self._body[name], name)
        fields.only("code", "statusCode", "message")
        status = fields.integer("statusCode", least=400)
        if status is not None and status > 599:
            raise _invalid("statusCode is an integer from 400 to 599")
        return ErrorInfo(
            fields.integer("code", least=1) or default.code,
            status or default.status_code,
            fields.text("message") or default.message,
        )

    def one_of(self, name: str, choices: Iterable[str]) -> str:
        value = self._body.get(name)
        if value not in (known := tuple(choices)):
            raise _invalid(f"{name} is one of {_listed(known)}")
        return str(value)

    def require(self, name: str) -> None:
        """Refuse a body without this field."""
        if not self.has(name):
            raise _invalid(f"{name} is missing")


def _invalid(message: str) -> Refusal:
    return refusal(Code.INVALID_PARAMETER_VALUE, message)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
