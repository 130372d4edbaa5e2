"""The size of what is published, as limits count it (TM6, TP5)."""

from __future__ import annotations

import json
from typing import Any

from ..messages import Annotation, Message
from ..presence_messages import PresenceMessage


def payload_size(item: Message | PresenceMessage | Annotation) -> int:
    """Bytes of name, payload, clientId and extras; call it before the payload is encoded.

    Raises ValueError or TypeError for extras or data that are not JSON.
    """
    return (
        _text_size(getattr(item, "name", None))
        + _data_size(item.data)
        + _text_size(item.client_id)
        + (_json_size(item.extras) if item.extras is not None else 0)
    )


def _data_size(data: Any) -> int:
    if data is None:
        return 0
    if isinstance(data, str):
        return _text_size(data)
    if isinstance(data, bytes | bytearray | memoryview):
        return memoryview(data).nbytes
    return _json_size(data)


def _json_size(value: Any) -> int:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _text_size(text)


def _text_size(text: str | None) -> int:
    if text is None:
        return 0
    return len(text) if text.isascii() else len(text.encode("utf-8"))
