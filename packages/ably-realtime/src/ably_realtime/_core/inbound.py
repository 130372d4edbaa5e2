"""What comes in on a channel: fields filled from the frame, deltas applied, payloads decoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from .._wire.cipher import Cipher
from .._wire.error_info import ErrorInfo
from .._wire.frames import Frame
from .._wire.payload import UndecodablePayload, decode_payload, undo_base64
from ..messages import Annotation, Message
from ..presence_messages import PresenceMessage
from ..states import ChannelEvent, ChannelState
from . import faults
from .effects import ChannelChanged, Effect, Warn

Item = TypeVar("Item", Message, PresenceMessage, Annotation)


class DeltaDecoder(Protocol):
    """Applies a vcdiff delta to what it was made from (VD2a)."""

    def decode(self, delta: bytes, base: bytes) -> bytes:
        """The new payload; raises anything if the delta does not fit."""
        ...


class UndecodableDelta(Exception):
    """A delta that cannot be applied, and with it none that follows (RTL18)."""

    def __init__(self, error: ErrorInfo) -> None:
        super().__init__(error.message)
        self.error = error


class Inbound:
    """Decodes what a channel receives, in order; deltas make it remember the last message."""

    __slots__ = ("_base", "_base_id", "_channel", "_delta_decoder", "_emit", "cipher")

    def __init__(
        self, channel: str, emit: Callable[[Effect], None], delta_decoder: DeltaDecoder | None
    ) -> None:
        self._channel = channel
        self._emit = emit
        self._delta_decoder = delta_decoder
        self._base: Any = None  # the payload that the next delta applies to (RTL19)
        self._base_id: str | None = None  # and the id of its message (RTL20)
        self.cipher: Cipher | None = None

    def messages(self, frame: Frame) -> Sequence[Message]:
        """The messages of a frame, complete and decoded.

        Raises `UndecodableDelta`; the frame is then as good as not received, since the server
        will send it again (RTL18c).
        """
        frame_id, connection_id, timestamp = frame.id, frame.connection_id, frame.timestamp
        before = self._base, self._base_id
        try:
            # What `_fill` does, in one pass with the rest: nothing is done more often than this.
            for index, message in enumerate(frame.messages):
                if message.id is None and frame_id is not None:
                    message.id = f"{frame_id}:{index}"  # TM2a
                if message.connection_id is None:
                    message.connection_id = connection_id  # TM2c
                if message.timestamp is None:
                    message.timestamp = timestamp  # TM2f
                if message.encoding is None:  # as most are: the payload is what was sent
                    self._base, self._base_id = message.data, message.id
                else:
                    self._apply_delta(message)
                    self.decode(message)
        except UndecodableDelta:
            self._base, self._base_id = before
            raise
        return frame.messages

    def presence(self, frame: Frame) -> Sequence[PresenceMessage]:
        """The presence messages of a frame, complete and decoded."""
        _fill(frame.presence, frame)
        for message in frame.presence:
            if message.connection_id is None:
                message.connection_id = frame.connection_id  # TP3d
            if message.encoding is not None:
                self.decode(message)
        return frame.presence

    def annotations(self, frame: Frame) -> Sequence[Annotation]:
        """The annotations of a frame, complete and decoded (RTAN4b)."""
        _fill(frame.annotations, frame)
        for annotation in frame.annotations:
            self.decode(annotation)
        return frame.annotations

    def _apply_delta(self, message: Message) -> None:
        data, encoding = undo_base64(message.data, message.encoding)
        rest, _, step = (encoding or "").rpartition("/")
        if step == "vcdiff":
            data, encoding = self._undo_delta(message, data), rest or None
            message.data, message.encoding = data, encoding
        self._base, self._base_id = data, message.id

    def _undo_delta(self, message: Message, delta: Any) -> bytes:
        if self._delta_decoder is None:
            raise UndecodableDelta(faults.no_delta_decoder(self._channel))
        reference = (message.extras or {}).get("delta")
        made_from = reference.get("from") if isinstance(reference, dict) else None
        if self._base_id is None or made_from != self._base_id:  # RTL20
            raise self._not_applicable(f"it was made from {made_from!r}, not {self._base_id!r}")
        base = self._base.encode() if isinstance(self._base, str) else self._base  # PC3a
        if not isinstance(base, bytes) or not isinstance(delta, bytes):
            raise self._not_applicable("it is not bytes, or what it was made from is not")
        try:
            return bytes(self._delta_decoder.decode(delta, base))
        except Exception as error:  # whatever the decoder raises for a delta that does not fit
            raise self._not_applicable(f"{type(error).__name__}: {error}") from error

    def _not_applicable(self, why: str) -> UndecodableDelta:
        return UndecodableDelta(faults.undecodable_delta(self._channel, why))

    def decode(self, item: Item) -> None:
        """Undo the item's encoding.

        A payload that cannot be decoded costs that payload only (RSL6b); the channel says so with
        an `update`, as it does of other errors that leave it attached.
        """
        if not item.encoding:
            return
        try:
            item.data = decode_payload(item.data, item.encoding, self.cipher)
            item.encoding = None
        except UndecodablePayload as error:
            item.data, item.encoding = error.data, error.encoding
            fault = ErrorInfo(
                code=40013,
                status_code=400,
                message=f"{item.id} is delivered undecoded: {error}",
                cause=error,
            )
            self._emit(Warn(f"channel {self._channel!r}", fault))
            self._emit(
                ChannelChanged(
                    self._channel,
                    ChannelState.ATTACHED,
                    ChannelState.ATTACHED,
                    ChannelEvent.UPDATE,
                    fault,
                    resumed=True,
                )
            )


def _fill(items: Sequence[PresenceMessage | Annotation], frame: Frame) -> None:
    """What the server left out of an item, the frame around it says (TP3a, TP3g, TAN2)."""
    frame_id, timestamp = frame.id, frame.timestamp
    for index, item in enumerate(items):
        if item.id is None and frame_id is not None:
            item.id = f"{frame_id}:{index}"
        if item.timestamp is None:
            item.timestamp = timestamp
