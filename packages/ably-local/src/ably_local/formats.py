"""The two encodings of every body and frame: JSON and MessagePack.

Decoding refuses what the other encoding could not carry (infinities, integers beyond 64 bits, lone
surrogates, extension types), because whatever one client sends may have to be delivered to another
client in the other format.
"""

from __future__ import annotations

import json
import math
from enum import Enum
from typing import Any, cast
from urllib.parse import parse_qsl

import msgpack

from .errors import Code, refusal

MAX_FORM_FIELDS = 100


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is out of range")
    return number


def _bounded(text: str) -> int | float:
    number = int(text) if len(text) <= 20 else 1 << 64
    return number if -(1 << 63) <= number < 1 << 64 else _finite(text)


def _reject_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _reject_extension(code: int, _data: bytes) -> None:
    raise ValueError(f"MessagePack extension type {code} is not supported")


_json_decoder = json.JSONDecoder(
    parse_float=_finite, parse_int=_bounded, parse_constant=_reject_constant
)
_json_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def compact_json(value: object) -> str:
    """Return JSON text without white space; raise TypeError or ValueError if there is none."""
    return _json_encoder.encode(value)


def is_json(value: object) -> bool:
    """Say whether a decoded value is made of JSON values only; MessagePack has others."""
    try:
        compact_json(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


class Format(Enum):
    """An encoding, by the name the `format` query parameter gives it."""

    JSON = "json"
    MSGPACK = "msgpack"

    @property
    def content_type(self) -> str:
        return "application/json" if self is Format.JSON else "application/x-msgpack"

    def encode(self, value: object) -> bytes:
        """Encode a value whose binary parts this format can hold."""
        if self is Format.JSON:
            return _json_encoder.encode(value).encode()
        return cast("bytes", msgpack.packb(value))

    def decode(self, data: bytes | str) -> Any:
        """Decode a body or frame; refuse malformed or over-deep input with 40001."""
        try:
            if self is Format.JSON:
                text = data if isinstance(data, str) else data.decode()
                value = _json_decoder.decode(text)
                if "\\ud" in text or "\\uD" in text:
                    _json_encoder.encode(value).encode()
                return value
            return msgpack.unpackb(
                data if isinstance(data, bytes) else data.encode(), ext_hook=_reject_extension
            )
        except (ValueError, RecursionError, msgpack.exceptions.UnpackException) as error:
            name = "JSON" if self is Format.JSON else "MessagePack"
            detail = "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
            raise refusal(
                Code.INVALID_REQUEST_BODY, f"the body is not valid {name}: {detail}"
            ) from None


def decode_form(data: bytes) -> dict[str, str]:
    """Decode a form-encoded body, an object whose values are text; refuse another with 40001."""
    try:
        if not data:
            raise ValueError("it is empty")
        fields = parse_qsl(
            data.decode(),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAX_FORM_FIELDS,
        )
    except ValueError as error:
        raise refusal(
            Code.INVALID_REQUEST_BODY,
            f"the body is not form-encoded ({str(error)[:200]}); for JSON say so in Content-Type",
        ) from None
    return dict(fields)
