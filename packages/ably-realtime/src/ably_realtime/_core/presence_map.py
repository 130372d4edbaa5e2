"""Who is present: the members of a channel, and those that this client entered (RTP2, RTP17)."""

from __future__ import annotations

from dataclasses import replace

from ..presence_messages import PresenceAction, PresenceMessage
from .members import members

P = members(PresenceAction)


class PresenceMap:
    """The members of a channel by member key, each the newest that is known of it.

    During a sync `_residual` holds the members that the sync has not mentioned yet.
    """

    __slots__ = ("_members", "_residual")

    def __init__(self) -> None:
        self._members: dict[str, PresenceMessage] = {}
        self._residual: set[str] | None = None  # None when no sync is in progress

    def __len__(self) -> int:
        return len(self._members)

    @property
    def sync_in_progress(self) -> bool:
        return self._residual is not None

    def put(self, message: PresenceMessage) -> PresenceMessage | None:
        """Add or update a member; returns what to tell subscribers, None if it is old news."""
        key = message.member_key
        if self._residual is not None:
            self._residual.discard(key)
        existing = self._members.get(key)
        if existing is not None and not is_newer(message, existing):
            return None
        self._members[key] = _present(message)
        return message

    def remove(self, message: PresenceMessage) -> PresenceMessage | None:
        """Take a member out; returns what to tell subscribers, None if there is nothing to."""
        key = message.member_key
        existing = self._members.get(key)
        if existing is None or not is_newer(message, existing):
            return None
        if self._residual is not None:
            self._residual.discard(key)
            self._members[key] = replace(message, action=P.ABSENT)  # RTP2h2a
            return None
        del self._members[key]
        return None if existing.action is P.ABSENT else message

    def start_sync(self) -> None:
        """A complete list of members begins; one that was under way counts no more (RTP18a)."""
        self._residual = set(self._members)

    def abandon_sync(self) -> None:
        """The list that was under way will not be completed; what it said stays."""
        self._residual = None

    def end_sync(self, timestamp: float) -> list[PresenceMessage]:
        """The list is complete: returns leaves for members that it did not mention (RTP19)."""
        if self._residual is None:
            return []
        gone = [self._members.pop(key) for key in self._residual]
        self._residual = None
        self._members = {
            key: member
            for key, member in self._members.items()
            if member.action is not P.ABSENT  # RTP2h2b
        }
        return _leaves(gone, timestamp)

    def remove_all(self, timestamp: float) -> list[PresenceMessage]:
        """Nobody is there: returns a leave for each member (RTP19a)."""
        if not self._members:
            self._residual = None
            return []
        self.start_sync()
        return self.end_sync(timestamp)

    def get(self, member_key: str) -> PresenceMessage | None:
        return self._members.get(member_key)

    def values(self) -> list[PresenceMessage]:
        """The members present."""
        return [member for member in self._members.values() if member.action is not P.ABSENT]

    def clear(self) -> None:
        """Forget everything, without a word to subscribers (RTP5a)."""
        self._members.clear()
        self._residual = None


class OwnMembers:
    """The members that this connection entered, by client id: they are re-entered (RTP17h)."""

    __slots__ = ("_members",)

    def __init__(self) -> None:
        self._members: dict[str | None, PresenceMessage] = {}

    def put(self, message: PresenceMessage) -> None:
        """The server confirmed that a member of ours is present."""
        if self._is_news(message):
            self._members[message.client_id] = _present(message)

    def remove(self, message: PresenceMessage) -> None:
        """A member of ours left; a leave that the server made up does not count (RTP17b)."""
        if not is_synthesized(message) and self._is_news(message):
            self._members.pop(message.client_id, None)

    def values(self) -> list[PresenceMessage]:
        return list(self._members.values())

    def get(self, client_id: str) -> PresenceMessage | None:
        return self._members.get(client_id)

    def clear(self) -> None:
        """Nothing is to be re-entered any more (RTP5a)."""
        self._members.clear()

    def _is_news(self, message: PresenceMessage) -> bool:
        """Members of an earlier connection are replaced; on the same one the newer counts."""
        known = self._members.get(message.client_id)
        return (
            known is None
            or known.connection_id != message.connection_id
            or is_newer(message, known)
        )


def _present(message: PresenceMessage) -> PresenceMessage:
    """The member of whom a message tells (RTP2d2); a SYNC's messages are their members."""
    if message.action is P.PRESENT:
        return message
    return replace(message, action=P.PRESENT)


def is_newer(incoming: PresenceMessage, existing: PresenceMessage) -> bool:
    """Whether what came in is newer than what is known (RTP2b)."""
    if is_synthesized(incoming) or is_synthesized(existing):  # RTP2b1
        return (incoming.timestamp or 0) >= (existing.timestamp or 0)
    incoming_position, existing_position = _position(incoming), _position(existing)
    if incoming_position is None or existing_position is None:
        return (incoming.timestamp or 0) >= (existing.timestamp or 0)
    return incoming_position > existing_position  # RTP2b2


def is_synthesized(message: PresenceMessage) -> bool:
    """Whether the connection did not send this itself: its id then begins otherwise (RTP2b1)."""
    return not (message.id or "").startswith(message.connection_id or "")


def _position(message: PresenceMessage) -> tuple[int, int] | None:
    """The serial and index in an id of the form connection:serial:index."""
    parts = (message.id or "").split(":")
    try:
        return int(parts[-2]), int(parts[-1])
    except (IndexError, ValueError):
        return None


def _leaves(members: list[PresenceMessage], timestamp: float) -> list[PresenceMessage]:
    return [
        replace(member, action=P.LEAVE, id=None, timestamp=int(timestamp))
        for member in members
        if member.action is not P.ABSENT
    ]
