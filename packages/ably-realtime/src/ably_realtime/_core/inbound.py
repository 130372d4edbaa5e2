"""Messages on their way in: fields filled from their frame, payloads decoded (TM2, RSL6)."""

from __future__ import annotations

from collections.abc import Callable

from .._wire.error_info import ErrorInfo
from .._wire.frames import Frame
from .._wire.payload import UndecodablePayload, decode_payload
from ..messages import Message
from .effects import Effect, Warn


def decode_messages(frame: Frame, emit: Callable[[Effect], None]) -> list[Message]:
    """Return the messages of a frame, complete and in order.

    A payload that cannot be decoded costs that payload only: its message is delivered with what
    could be done and the `encoding` that remains (RSL6b).
    """
    for index, message in enumerate(frame.messages):
        if message.id is None and frame.id is not None:
            message.id = f"{frame.id}:{index}"  # TM2a
        if message.connection_id is None:
            message.connection_id = frame.connection_id  # TM2c
        if message.timestamp is None:
            message.timestamp = frame.timestamp  # TM2f
        if message.encoding:
            _decode(message, emit)
    return frame.messages


def _decode(message: Message, emit: Callable[[Effect], None]) -> None:
    assert message.encoding is not None
    try:
        message.data = decode_payload(message.data, message.encoding)
        message.encoding = None
    except UndecodablePayload as error:
        message.data, message.encoding = error.data, error.encoding
        emit(
            Warn(
                f"message {message.id} is delivered undecoded",
                ErrorInfo(code=40013, status_code=400, message=str(error)),
            )
        )
