"""The size of a message, as limits count it (TM6)."""

from __future__ import annotations

import json
from typing import Any

from ..messages import Message


def message_size(message: Message) -> int:
    """Bytes of name, payload, clientId and extras; call it before the payload is encoded."""
    return (
        _text_size(message.name)
        + _payload_size(message.data)
        + _text_size(message.client_id)
        + (_json_size(message.extras) if message.extras is not None else 0)
    )


def _payload_size(data: Any) -> int:
    if data is None:
        return 0
    if isinstance(data, str):
        return _text_size(data)
    if isinstance(data, bytes | bytearray | memoryview):
        return memoryview(data).nbytes
    return _json_size(data)


def _json_size(value: Any) -> int:
    return _text_size(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _text_size(text: str | None) -> int:
    return 0 if text is None else len(text.encode("utf-8"))
