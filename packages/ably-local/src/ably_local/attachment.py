"""One client's attachment to one channel: what it is told, and in which form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from . import deltas
from .channel_params import DELTA
from .filters import Filter
from .frames import Action, Envelope, Flag, Frame, RawEnvelope
from .messages import Message
from .stream import Event


class Attachment:
    """An attachment of one connection under one name.

    `name` is the channel as the client calls it, qualifiers included; frames carry it back. `modes`
    are those of the `requested` ones that the capability permits, which may change. `position` is
    where in the channel's stream the client began to follow.
    """

    def __init__(
        self,
        name: str,
        connection_id: str,
        send: Callable[[Envelope], None],
        requested: Flag,
        modes: Flag,
        params: Mapping[str, str],
        *,
        echo: bool,
        only: Filter | None = None,
    ) -> None:
        self.name = name
        self.connection_id = connection_id
        self.requested = requested
        self.modes = modes
        self.params = params
        self._send = send
        self._echo = echo
        self._only = only
        self._wants_deltas = DELTA in params
        self._last: Message | None = None
        self.position = ""

    def tell(self, frame: Frame) -> None:
        """Send a frame that is meant for this client alone."""
        own = frame if frame.channel == self.name else replace(frame, channel=self.name)
        self._send(Envelope(own))

    def tell_raw(self, frame: Mapping[str, Any]) -> None:
        """Send a frame as it stands, under the name the client knows the channel by."""
        self._send(RawEnvelope({"channel": self.name, **frame}))

    def deliver(self, event: Event) -> None:
        """Send an event of the channel, if this client is to hear of it."""
        if not self._hears(event):
            return
        frame = event.frame_for(self.position)
        if frame.action is Action.MESSAGE and (self._only or self._wants_deltas):
            self._deliver_messages(frame)
        elif frame is event.envelope.frame and frame.channel == self.name:
            self._send(event.envelope)
        else:
            self.tell(frame)

    def _deliver_messages(self, frame: Frame) -> None:
        messages = self._passing(frame)
        if not messages:
            return
        told = replace(frame, messages=messages)
        if self._wants_deltas and self._last is not None:
            told = deltas.with_deltas(told, self._last)
        self._last = messages[-1]
        self.tell(told)

    def replay(self, frame: Frame) -> None:
        """Send messages from the channel's past, which deltas may build on."""
        messages = self._passing(frame)
        if messages:
            self._last = messages[-1]
            self.tell(replace(frame, messages=messages))

    def _passing(self, frame: Frame) -> tuple[Message, ...]:
        messages = frame.messages or ()
        if self._only is None:
            return messages
        return tuple(message for message in messages if self._only.passes(message))

    def _hears(self, event: Event) -> bool:
        own = event.connection_id == self.connection_id
        if event.mode is Flag.PRESENCE_SUBSCRIBE:
            # RTP17a: members hear of themselves, whatever their modes and echo setting.
            return own or event.mode in self.modes
        return event.mode in self.modes and (self._echo or not own)
