"""Payloads and their `encoding`, undone from right to left (RSL4, RSL6)."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from .cipher import Cipher, CipherUnavailable


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


def encode_payload(
    data: Any, encoding: str | None, *, binary: bool, cipher: Cipher | None = None
) -> tuple[Any, str | None]:
    """Return `data` and `encoding` as a frame carries them, in MessagePack if `binary`.

    `encoding` is what the caller says is already applied. Raises `UnsupportedPayload` for
    anything that is not text, bytes, or JSON as an object or array.
    """
    if cipher is None and isinstance(data, str):  # as it is, in both formats
        return data, encoding
    if isinstance(data, dict | list):
        try:
            data = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise UnsupportedPayload(f"the payload is not JSON: {error}") from error
        encoding = _push(encoding, "json")
    elif isinstance(data, bytearray | memoryview):
        data = bytes(data)
    elif data is not None and not isinstance(data, str | bytes):
        raise UnsupportedPayload(
            f"a payload is text, bytes, a dict or a list; this one is of type {type(data).__name__}"
        )
    if cipher is not None and data is not None:
        if isinstance(data, str):
            data, encoding = data.encode(), _push(encoding, "utf-8")
        data, encoding = cipher.encrypt(data), _push(encoding, cipher.encoding)
    if isinstance(data, bytes) and not binary:
        data, encoding = base64.b64encode(data).decode("ascii"), _push(encoding, "base64")
    return data, encoding


def decode_payload(data: Any, encoding: str, cipher: Cipher | None = None) -> Any:
    """Return the payload with every step of `encoding` undone, or raise `UndecodablePayload`."""
    steps = encoding.split("/")
    while steps:
        step = steps[-1]
        try:
            data = _undo(step, data, cipher)
        except (ValueError, RecursionError, TypeError, CipherUnavailable) as error:
            raise UndecodablePayload(
                f"cannot undo the encoding {step!r}: {error}", data, "/".join(steps)
            ) from error
        steps.pop()
    return data


def undo_base64(data: Any, encoding: str | None) -> tuple[Any, str | None]:
    """Undo base64 if it is the outermost step: what deltas are applied to lies below (RTL19a)."""
    if encoding is None:
        return data, None
    rest, _, step = encoding.rpartition("/")
    if step != "base64":
        return data, encoding
    try:
        return _from_base64(data), rest or None
    except (ValueError, TypeError):
        return data, encoding  # left for `decode_payload` to report


def _undo(step: str, data: Any, cipher: Cipher | None) -> Any:
    if step == "json":
        return json.loads(data)
    if step == "base64":
        return _from_base64(data)
    if step in ("utf-8", "utf8"):
        return data if isinstance(data, str) else _bytes(data).decode("utf-8")
    if step.startswith("cipher+"):
        if cipher is None:
            raise ValueError("the channel has no cipher")
        if step != cipher.encoding:
            raise ValueError(f"the cipher of the channel is {cipher.encoding}")
        return cipher.decrypt(_bytes(data))
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
