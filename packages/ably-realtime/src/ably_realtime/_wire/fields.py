"""Reading single fields: what is missing and what has the wrong type are the same (RTF1)."""

from __future__ import annotations

from typing import Any, Protocol


class Fields(Protocol):
    """A decoded map, of which only single fields are read."""

    def get(self, name: str, /) -> Any: ...


def text(value: object) -> str | None:
    """A string, or None."""
    return value if isinstance(value, str) else None


def integer(value: object) -> int | None:
    """A number without a fraction, or None; a boolean is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def mapping(value: object) -> dict[str, Any] | None:
    """A map, or None."""
    return value if isinstance(value, dict) else None
