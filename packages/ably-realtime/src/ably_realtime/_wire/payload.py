"""Payloads and their `encoding`, undone from right to left (RSL4, RSL6)."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any


class UnsupportedPayload(TypeError):
    """A payload that no message can carry (RSL4a)."""


class UndecodablePayload(ValueError):
    """A payload that could be decoded only in part.

    `data` and `encoding` are what remains: the last successful step and what is still applied.
    """

    def __init__(self, message: str, data: Any, encoding: str) -> None:
        super().__init__(message)
        self.data = data
        self.encoding = encoding


def encode_payload(data: Any, encoding: str | None, *, binary: bool) -> tuple[Any, str | None]:
    """Return `data` and `encoding` as a frame carries them, in MessagePack if `binary`.

    `encoding` is what the caller says is already applied. Raises `UnsupportedPayload` for
    anything that is not text, bytes, or JSON as an object or array.
    """
    if data is None or isinstance(data, str):
        return data, encoding
    if isinstance(data, dict | list):
        try:
            text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise UnsupportedPayload(f"the payload is not JSON: {error}") from error
        return text, _push(encoding, "json")
    if isinstance(data, bytes | bytearray | memoryview):
        if binary:
            return bytes(data), encoding
        return base64.b64encode(data).decode("ascii"), _push(encoding, "base64")
    raise UnsupportedPayload(
        f"a payload is text, bytes, a dict or a list; this one is of type {type(data).__name__}"
    )


def decode_payload(data: Any, encoding: str) -> Any:
    """Return the payload with every step of `encoding` undone, or raise `UndecodablePayload`."""
    steps = encoding.split("/")
    while steps:
        step = steps[-1]
        try:
            data = _undo(step, data)
        except (ValueError, RecursionError, TypeError) as error:
            raise UndecodablePayload(
                f"cannot undo the encoding {step!r}: {error}", data, "/".join(steps)
            ) from error
        steps.pop()
    return data


def _undo(step: str, data: Any) -> Any:
    if step == "json":
        return json.loads(data)
    if step == "base64":
        return _from_base64(data)
    if step in ("utf-8", "utf8"):
        return data if isinstance(data, str) else _bytes(data).decode("utf-8")
    raise ValueError("this client does not know it")


def _from_base64(data: Any) -> bytes:
    """Decode with or without line breaks, and with nothing else that is not base64."""
    text = data if isinstance(data, str) else _bytes(data).decode("ascii")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def _bytes(data: Any) -> bytes:
    if not isinstance(data, bytes):
        raise TypeError(f"it applies to text or bytes, not {type(data).__name__}")
    return data


def _push(encoding: str | None, step: str) -> str:
    return f"{encoding}/{step}" if encoding else step
