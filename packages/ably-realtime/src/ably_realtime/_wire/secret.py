"""The one place where a credential is redacted."""

from __future__ import annotations

REDACTED = "***"
"""What stands for a credential wherever something is printed."""


class Secret:
    """A key, token or connection key that prints as `***`.

    Values of the core that hold a credential hold it in this, so that no repr, log line or
    traceback of theirs can show it. `reveal()` is for the wire.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return f"Secret({REDACTED})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)
