"""Who is present on a channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from .attachment import Attachment
from .clock import Clock
from .errors import Code, refusal
from .feed import Feed, Origin
from .frames import Action, Flag, Frame
from .ids import random_id
from .limits import Limits
from .messages import PresenceAction, PresenceMessage
from .paging import Page, Query, page_of
from .storage import Entry, Journal

SYNC_PAGE = 100


def member_key(member: PresenceMessage) -> str:
    """Return what is unique to a member (TP3h)."""
    return f"{member.connection_id or ''}:{member.client_id or ''}"


class Presence:
    """The presence set of one channel, and the history of its changes.

    What it is given has been checked. `changed` is called after each change.
    """

    def __init__(
        self,
        channel: str,
        feed: Feed,
        clock: Clock,
        limits: Limits,
        journal: Journal,
        changed: Callable[[], None],
    ) -> None:
        self._changed = changed
        self._journal = journal
        self._channel = channel
        self._feed = feed
        self._clock = clock
        self._limits = limits
        self._members: dict[str, PresenceMessage] = {}
        self._history: list[tuple[str, PresenceMessage]] = []

    def __len__(self) -> int:
        return len(self._members)

    @property
    def has_history(self) -> bool:
        return bool(self._history)

    def members(
        self, *, client_id: str | None = None, connection_id: str | None = None
    ) -> list[PresenceMessage]:
        """Return the members, all of them or those that match, ordered by member key."""
        return [
            member
            for _, member in sorted(self._members.items())
            if client_id in (None, member.client_id)
            and connection_id in (None, member.connection_id)
        ]

    def page(
        self, query: Query, *, client_id: str | None, connection_id: str | None
    ) -> Page[PresenceMessage]:
        members = self.members(client_id=client_id, connection_id=connection_id)
        return page_of(members, replace(query, backwards=False), position=member_key)

    def history_page(self, query: Query) -> Page[tuple[str, PresenceMessage]]:
        return page_of(
            self._history,
            query,
            position=lambda entry: entry[0],
            timestamp=lambda entry: entry[1].timestamp or 0,
        )

    def restore(self, serial: str, message: PresenceMessage) -> None:
        """Take up a change that a former process wrote in the journal. Its members are gone."""
        self._history.append((serial, message))

    def apply(self, messages: Sequence[PresenceMessage], origin: Origin) -> None:
        """Apply checked messages as one event, or refuse all of them."""
        now = self._clock.now()
        stamped = [
            replace(
                message,
                id=message.id or f"{origin.base_id}:{index}",
                connection_id=origin.connection_id,
                timestamp=now,
            )
            for index, message in enumerate(messages)
        ]
        self._check_room(stamped)
        changes = [self._with_action_in_effect(m) for m in stamped if not self._is_known(m)]
        if changes:
            self._emit(changes, origin)

    def leave(self, connection_id: str) -> None:
        """Remove every member of a connection that is gone.

        The LEAVE keeps the member's data; its id does not start with the connection id, which tells
        clients that the server made it up (RTP2b1).
        """
        gone = self.members(connection_id=connection_id)
        if not gone:
            return
        origin = Origin(random_id(12), connection_id)
        self._emit(
            [
                replace(
                    member,
                    action=PresenceAction.LEAVE,
                    id=f"{origin.base_id}:{index}",
                    timestamp=self._clock.now(),
                )
                for index, member in enumerate(gone)
            ],
            origin,
        )

    def add_fixtures(self, members: Sequence[PresenceMessage]) -> None:
        """Put members there that no connection entered."""
        self.apply(members, Origin(random_id(12), random_id(10)))

    def sync(self, attachment: Attachment) -> None:
        """Send the whole set to one client, in pages (RTP18)."""
        members = self.members()
        sequence = random_id(8)
        for start in range(0, len(members), SYNC_PAGE):
            following = start + SYNC_PAGE
            cursor = str(following) if following < len(members) else ""
            frame = Frame(
                action=Action.SYNC,
                channel=self._channel,
                channel_serial=f"{sequence}:{cursor}",
                presence=tuple(members[start:following]),
            )
            attachment.tell(frame)

    def forget_before(self, moment: int) -> None:
        """Drop the history of changes made before `moment`."""
        count = 0
        while count < len(self._history) and (self._history[count][1].timestamp or 0) < moment:
            count += 1
        del self._history[:count]

    def _check_room(self, messages: Sequence[PresenceMessage]) -> None:
        keys = set(self._members)
        for message in messages:
            if message.action is PresenceAction.LEAVE:
                keys.discard(member_key(message))
            else:
                keys.add(member_key(message))
        if len(keys) > self._limits.max_presence_members and len(keys) > len(self._members):
            raise refusal(
                Code.TOO_MANY_MEMBERS,
                f"a channel has at most {self._limits.max_presence_members} members",
            )

    def _is_known(self, message: PresenceMessage) -> bool:
        """Say whether a member re-enters as it already is, after a resume (RTP17g)."""
        present = self._members.get(member_key(message))
        entering = message.action is PresenceAction.ENTER
        return entering and present is not None and present.id == message.id

    def _with_action_in_effect(self, message: PresenceMessage) -> PresenceMessage:
        """Turn the enter of a member that is there into an update, an update of none into an enter.

        A leave without data keeps the data the member had (RTP8e).
        """
        present = self._members.get(member_key(message))
        if message.action is PresenceAction.LEAVE:
            if present is not None and message.payload.data is None:
                return replace(message, payload=present.payload)
            return message
        action = PresenceAction.ENTER if present is None else PresenceAction.UPDATE
        return message.acting(action)

    def _emit(self, messages: Sequence[PresenceMessage], origin: Origin) -> None:
        channel_serial = self._feed.next_serial()
        for index, message in enumerate(messages):
            key = member_key(message)
            if message.action is PresenceAction.LEAVE:
                self._members.pop(key, None)
            else:
                self._members[key] = message.acting(PresenceAction.PRESENT)
            serial = f"{channel_serial}:{index:03d}"
            self._journal.write(Entry(serial, message.timestamp or 0, message))
            self._history.append((serial, message))
        self._feed.emit(
            Frame(
                action=Action.PRESENCE,
                id=origin.base_id,
                channel=self._channel,
                channel_serial=channel_serial,
                connection_id=origin.connection_id,
                timestamp=self._clock.now(),
                presence=tuple(messages),
            ),
            Flag.PRESENCE_SUBSCRIBE,
        )
        self._changed()
