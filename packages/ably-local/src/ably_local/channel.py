"""One channel: its live feed, its messages, its presence set and its occupancy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .attachment import Attachment
from .clock import Clock
from .errors import Code, refusal
from .feed import Feed
from .frames import Action, Flag, Frame
from .limits import Limits
from .messages import Message, PresenceMessage
from .messaging import Messages
from .occupancy import Occupancy
from .presence import Presence
from .rewind import rewound
from .storage import Journal
from .stream import Stream

if TYPE_CHECKING:
    from .apps import Namespace

PERSISTED_RETENTION = 24 * 60 * 60 * 1000


class Channel:
    """One channel of one app. It lasts while somebody uses it or something is remembered of it."""

    def __init__(
        self, name: str, namespace: Namespace, clock: Clock, limits: Limits, journal: Journal
    ) -> None:
        self.name = name
        self._clock = clock
        self._limits = limits
        self._last_used = clock.now()
        self._retention = (
            PERSISTED_RETENTION if namespace.keeps_messages else limits.channel_retention
        )
        kept = journal.read()
        latest = kept[-1].serial if kept else None
        self.feed: Feed = Feed(Stream(clock, limits.channel_retention, after=latest))
        self.messages: Messages = Messages(
            name, self.feed, clock, journal, mutable=namespace.mutable_messages
        )
        self.presence: Presence = Presence(
            name, self.feed, clock, limits, journal, self._presence_changed
        )
        self.occupancy: Occupancy = Occupancy(name, self.feed, self.presence, clock)
        for entry in kept:
            if isinstance(entry.item, PresenceMessage):
                self.presence.restore(entry.serial, entry.item)
            else:
                self.messages.restore(entry.item)

    def attach(
        self, attachment: Attachment, continue_from: str | None, *, may_rewind: bool = True
    ) -> None:
        """Attach a client and send it ATTACHED, then what it missed, then the presence set.

        Where `continue_from` is a serial from which the client can be brought up to date, the
        attachment is RESUMED and the missed events follow (RTL15b). Otherwise it may have asked to
        begin with earlier messages, and does unless it is known to have been attached before.
        """
        stream = self.feed.stream
        missed = None if continue_from is None else stream.since(continue_from)
        rewind: list[Message] = []
        if missed is None and may_rewind and Flag.SUBSCRIBE in attachment.modes:
            rewind = rewound(attachment.params, self.messages.history, self._clock)
        flags = attachment.modes
        if missed is not None:
            flags |= Flag.RESUMED
        if missed or rewind:
            flags |= Flag.HAS_BACKLOG
        if len(self.presence):
            flags |= Flag.HAS_PRESENCE
        attachment.tell(
            Frame(
                action=Action.ATTACHED,
                channel=self.name,
                # A client that is cut off before the backlog arrives must ask for it again.
                channel_serial=continue_from if missed else stream.position,
                flags=int(flags),
                params=attachment.params or None,
            )
        )
        if rewind:
            attachment.replay(
                Frame(action=Action.MESSAGE, channel=self.name, messages=tuple(rewind))
            )
        attachment.position = continue_from if missed and continue_from else stream.position
        for event in missed or ():
            attachment.deliver(event)
        self.feed.add(attachment)
        self.presence.sync(attachment)
        self.occupancy.announce(newcomer=attachment)

    def detach(self, attachment: Attachment) -> None:
        """End an attachment."""
        self.feed.remove(attachment)
        self.touch()
        self.occupancy.announce()

    def touch(self) -> None:
        """Note that the channel is used."""
        self._last_used = self._clock.now()

    @property
    def is_idle(self) -> bool:
        """Whether nobody is attached or present, and nobody has used it for a while."""
        unused = self._clock.now() - self._last_used >= self._limits.channel_retention
        return unused and not len(self.feed) and not len(self.presence)

    def break_continuity(self) -> None:
        """Forget what happened so far, and tell attached clients that they may have missed some."""
        self.feed.stream.restart()
        lost = refusal(Code.CONTINUITY_LOST, f"continuity on channel {self.name} was lost")
        for attachment in self.feed:
            attachment.tell(
                Frame(
                    action=Action.ATTACHED,
                    channel=self.name,
                    channel_serial=self.feed.stream.position,
                    flags=int(attachment.modes),
                    params=attachment.params or None,
                    error=lost.error,
                )
            )

    def status(self, *, active: bool = True) -> dict[str, object]:
        """Return the details of the channel (CHD2)."""
        occupancy = {"metrics": self.occupancy.metrics()}
        return {
            "channelId": self.name,
            "name": self.name,
            "status": {"isActive": active, "occupancy": occupancy},
        }

    def sweep(self) -> bool:
        """Forget what is too old, and say whether the channel itself can be forgotten."""
        now = self._clock.now()
        self.feed.stream.trim()
        self.messages.forget_before(now - self._retention)
        self.presence.forget_before(now - self._retention)
        return self.is_idle and not (
            not self.feed.stream.is_empty or len(self.messages.history) or self.presence.has_history
        )

    def _presence_changed(self) -> None:
        self.occupancy.announce()
