"""Messages told as the difference to the message before."""

from __future__ import annotations

from dataclasses import replace

from . import vcdiff
from .frames import Frame
from .messages import Message, Payload

FORMAT = "vcdiff"


def with_deltas(frame: Frame, base: Message) -> Frame:
    """Return `frame` with each message as a delta to the one before it, the first one to `base`.

    A message stays as it is where a delta would not be shorter, or one of the two has no data.
    """
    told = []
    for message in frame.messages or ():
        told.append(_delta(message, base) or message)
        base = message
    return replace(frame, messages=tuple(told))


def _delta(message: Message, base: Message) -> Message | None:
    source, target = _bytes(base.payload), _bytes(message.payload)
    if not source or not target:
        return None
    delta = vcdiff.encode(source, target)
    if len(delta) >= len(target):
        return None
    steps = [message.payload.encoding] if message.payload.encoding else []
    if isinstance(message.payload.data, str):
        steps.append("utf-8")
    steps.append(FORMAT)
    return replace(
        message,
        payload=Payload(data=delta, encoding="/".join(steps)),
        extras={**(message.extras or {}), "delta": {"format": FORMAT, "from": base.id}},
    )


def _bytes(payload: Payload) -> bytes:
    data = payload.data
    return data.encode() if isinstance(data, str) else data or b""
