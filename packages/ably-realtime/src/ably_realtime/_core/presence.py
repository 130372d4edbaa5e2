"""Presence on a channel: the member map, its synchronisation, and re-entry (RTP)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .._wire.error_info import ErrorInfo
from .._wire.frames import Action, Flag, Frame
from ..presence_messages import PresenceAction, PresenceMessage
from . import faults
from .common import Common
from .effects import DeliverPresence, Reject, Resolve
from .members import members
from .presence_map import OwnMembers, PresenceMap

P = members(PresenceAction)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A `get` that waits for the sync to complete."""

    op: int
    client_id: str | None
    connection_id: str | None


class Presence:
    """Decides who is present, what subscribers hear of it, and what waits for the channel."""

    __slots__ = (
        "_channel",
        "_emit",
        "_line",
        "_members",
        "_outgoing",
        "_own",
        "_queue",
        "_sync_id",
        "_waiting",
        "_wall_clock",
        "sync_complete",
    )

    def __init__(self, channel: str, common: Common) -> None:
        self._channel = channel
        self._emit = common.emit
        self._line = common.line
        self._outgoing = common.outgoing
        self._wall_clock = common.wall_clock
        self._members = PresenceMap()
        self._own = OwnMembers()
        self._queue: tuple[tuple[int, Frame], ...] = ()
        self._waiting: tuple[_Waiting, ...] = ()
        self._sync_id = ""
        self.sync_complete: bool = False

    # -- what the application asks for

    def queue(self, op: int, frame: Frame) -> None:
        """Keep a presence frame until the channel is ATTACHED (RTP16b)."""
        self._queue += ((op, frame),)

    def get(self, op: int, client_id: str | None, connection_id: str | None, *, wait: bool) -> None:
        """The members present, once they are all known if `wait` (RTP11c)."""
        request = _Waiting(op, client_id, connection_id)
        if wait and not self.sync_complete:
            self._waiting += (request,)
        else:
            self._answer(request)

    @property
    def member_count(self) -> int:
        """How many members are known, in a sync perhaps not all."""
        return len(self._members)

    # -- what happens to the channel

    def attached(self, frame: Frame, *, reenter: bool) -> None:
        """An ATTACHED arrived (RTP1, RTP5b, RTP17i)."""
        if frame.flags & Flag.HAS_PRESENCE:  # a SYNC will follow, and begins with its first page
            self._members.abandon_sync()
            self.sync_complete = False
        else:
            self._deliver(self._members.remove_all(self._wall_clock()))  # RTP19a
            self._complete()
        if reenter and (own := self._own.values()):
            # Before what was asked for since, so that the latest word counts.
            spoken_for = self._outgoing.clients_in_flight(self._channel)
            for member in own:
                if member.client_id not in spoken_for:
                    self._outgoing.reenter(self._channel, self._reentry_of(member))
        queued, self._queue = self._queue, ()
        for op, waiting in queued:
            self._outgoing.submit(op, waiting)

    def suspended(self, error: ErrorInfo) -> None:
        """RTP5f: what is known stays, so that a later sync tells only the changes."""
        self._fail_queue(error)
        self._fail_waiting(faults.presence_out_of_sync(self._channel))

    def ended(self, error: ErrorInfo) -> None:
        """DETACHED or FAILED: nothing is known any more, and nobody is told (RTP5a)."""
        self._fail_queue(error)
        self._fail_waiting(error)
        self._members.clear()
        self._own.clear()
        self.sync_complete = False

    # -- what the server says

    def received(self, messages: Sequence[PresenceMessage]) -> None:
        """A PRESENCE frame."""
        self._deliver([news for message in messages if (news := self._apply(message))])

    def acknowledged(self, message: PresenceMessage) -> None:
        """The server took what the application said of a member of ours.

        Its echo may be lost with the connection; what is to be entered again must not be.
        """
        if message.action is P.LEAVE:
            self._own.remove(message)
        else:
            self._own.put(message)

    def synced(self, messages: Sequence[PresenceMessage], serial: str | None) -> None:
        """One page of a SYNC, whose serial is `<sync id>:<cursor>` (RTP18)."""
        sync_id, _, cursor = (serial or "").partition(":")
        if not self._members.sync_in_progress or self._sync_id != sync_id:  # RTP18a
            self._members.start_sync()
            self.sync_complete = False
        self._sync_id = sync_id
        news = [told for message in messages if (told := self._apply(message))]
        if not cursor:  # RTP18b, RTP18c
            news += self._members.end_sync(self._wall_clock())
        self._deliver(news)
        if not cursor:
            self._complete()

    # --

    def _apply(self, message: PresenceMessage) -> PresenceMessage | None:
        leaving = message.action in (P.LEAVE, P.ABSENT)
        if message.connection_id == self._line.id:  # RTP17b
            if leaving:
                self._own.remove(message)
            else:
                self._own.put(message)
        return self._members.remove(message) if leaving else self._members.put(message)

    def _reentry_of(self, member: PresenceMessage) -> PresenceMessage:
        """RTP17g, RTP17g1."""
        same = member.connection_id == self._line.id
        return replace(
            member,
            action=P.ENTER,
            id=member.id if same else None,
            connection_id=None,
            timestamp=None,
        )

    def _complete(self) -> None:
        self.sync_complete = True
        waiting, self._waiting = self._waiting, ()
        for request in waiting:
            self._answer(request)

    def _answer(self, request: _Waiting) -> None:
        self._emit(
            Resolve(
                request.op,
                [
                    member
                    for member in self._members.values()
                    if request.client_id in (None, member.client_id)
                    and request.connection_id in (None, member.connection_id)
                ],
            )
        )

    def _deliver(self, messages: Sequence[PresenceMessage]) -> None:
        if messages:
            self._emit(DeliverPresence(self._channel, messages))

    def _fail_queue(self, error: ErrorInfo) -> None:
        """RTL11."""
        queued, self._queue = self._queue, ()
        for op, _ in queued:
            self._emit(Reject(op, error))

    def _fail_waiting(self, error: ErrorInfo) -> None:
        waiting, self._waiting = self._waiting, ()
        for request in waiting:
            self._emit(Reject(request.op, error))


def presence_frame(channel: str, message: PresenceMessage) -> Frame:
    """The frame that carries one presence message."""
    return Frame(Action.PRESENCE, channel=channel, presence=[message])
