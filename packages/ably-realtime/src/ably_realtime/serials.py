"""Naming a message by its serial."""

from __future__ import annotations

from .errors import AblyError
from .messages import Message


def serial_of(message: str | Message) -> str:
    """The serial of a message, given by itself or already as a serial; `AblyError` without one."""
    serial = message if isinstance(message, str) else getattr(message, "serial", None)
    if not isinstance(serial, str) or not serial:
        raise AblyError(
            code=40003,
            status_code=400,
            message="this message has no serial",
            hint="Take a message that was received or fetched, or its serial as text.",
        )
    return serial
