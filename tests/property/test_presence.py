"""Clients come, change and go while the network fails: their maps become the server's (RTP)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import Enum, auto

from hypothesis import given

from ably_realtime import AblyError, PresenceAction, PresenceMessage
from ably_realtime.states import ChannelState
from tests.property.faults import FAULTS, NAME, Fault, Gathering, Member
from tests.property.history import History, check, examples, histories
from tests.property.model_server import (
    ALL_MODES,
    ATTACHED,
    DETACHED,
    HAS_PRESENCE,
    PRESENCE,
    RESUMED,
    SYNC,
    Connection,
    ModelServer,
    Outcome,
    error,
)
from tests.property.network import Socket, Wire, no_exceptions, turns
from tests.uts.harness.clock import FakeClock

LENGTH = 250
CLIENTS = 3
NAMES = ("ada", "ben", "cy", "dee")
"""Who may be present on each connection: one name on two connections is two members."""
PAGE = 2

PRESENT, ENTER, LEAVE, UPDATE = 1, 2, 3, 4

Key = tuple[str, str]
"""A member: the ids of its connection and client."""


@dataclass
class Attachment:
    """What the server told a client of the members since it attached."""

    told: set[Key] = field(default_factory=set)
    sync: int = 0  # of the sync to go on with, 0 for none
    pages: list[list[Wire]] | None = None  # what is left of it, None before it begins


class RoomServer(ModelServer):
    """Serves the presence of one channel."""

    def __init__(self) -> None:
        super().__init__()
        self.present: dict[Key, Wire] = {}
        self.unannounced: set[tuple[str, Key]] = set()
        """Subscribers (by connection) that heard of a member first by an update: it came while
        the page that the member is on was still to come."""
        self.left_in_sync: set[Key] = set()
        """Members whose leave a client heard during a sync: it tells nobody of it (RTP2h2b)."""
        self._left: dict[Key, str] = {}  # the id of the leave
        self._attachments: dict[Connection, Attachment] = {}
        self._count = 0

    # -- what clients say

    def accept(self, connection: Connection, frame: Wire) -> Outcome:
        (item,) = frame["presence"]
        key = (connection.id, item["clientId"])
        message = {
            "clientId": item["clientId"],
            "connectionId": connection.id,
            "id": item.get("id") or f"{connection.id}:{frame['msgSerial']}:0",
            "timestamp": self._new(),
            "data": item.get("data"),
        }
        known = self.present[key]["id"] if key in self.present else self._left.get(key)
        if "id" in item and known is not None and _position(known) >= _position(item["id"]):
            return []  # an automatic re-entry, overtaken by what the client did since
        if item["action"] != LEAVE:
            self._tell(key, {**message, "action": UPDATE if key in self.present else ENTER})
            self.present[key] = message
        elif key in self.present:
            del self.present[key]
            self._left[key] = message["id"]
            self._tell(key, {**message, "action": LEAVE})
        return []

    def attach(self, connection: Connection, frame: Wire) -> None:
        self._attach(connection, RESUMED if "channelSerial" in frame else 0)

    def detach(self, connection: Connection, frame: Wire) -> None:
        self._attachments.pop(connection, None)
        self._remove_members_of(connection.id)
        self.say(connection, {"action": DETACHED, "channel": NAME})

    def pause(self, socket: Socket) -> None:
        super().pause(socket)
        connection = self._by_socket[socket]
        attachment = self._attachments.get(connection)
        if attachment is not None and attachment.sync:
            self._send_page(connection, attachment)

    @property
    def is_settled(self) -> bool:
        """Whether everyone was told everything."""
        return not any(
            attachment.sync and self.is_here(connection)
            for connection, attachment in self._attachments.items()
        )

    # -- faults

    def lost(self, connection: Connection) -> None:
        super().lost(connection)
        self._attachments.pop(connection, None)

    def skip_ahead(self, connection: Connection) -> None:
        if connection in self._attachments:
            self._attach(connection, 0)

    def throw_out(self, connection: Connection, action: int) -> None:
        if self._attachments.pop(connection, None) is not None:
            self._remove_members_of(connection.id)
            frame = {"action": action, "channel": NAME, "error": error(90000, 500)}
            self.say(connection, frame)

    def sync_again(self, connection: Connection) -> None:
        """Begin a new sync, whatever became of the last (RTP18a)."""
        if connection in self._attachments:
            self._attachments[connection].sync = self._new()
            self._attachments[connection].pages = None

    def expire(self) -> None:
        """Let those leave whose connection is gone (RTP2b1)."""
        for connection in {*self._by_socket.values()}:
            if not self.is_here(connection):
                self._attachments.pop(connection, None)
                self._remove_members_of(connection.id)

    def expire_unsaid(self) -> None:
        """The same, but tell nobody before the next sync (RTP19)."""
        attachments, self._attachments = self._attachments, {}
        self.expire()
        self._attachments = attachments
        for connection in attachments:
            self.sync_again(connection)

    # --

    def _attach(self, connection: Connection, flags: int) -> None:
        attachment = self._attachments[connection] = Attachment()
        if self.present:
            attachment.sync = self._new()
            flags |= HAS_PRESENCE
        frame = {
            "action": ATTACHED,
            "channel": NAME,
            "channelSerial": str(self._new()),
            "flags": ALL_MODES | flags,
        }
        self.say(connection, frame)

    def _tell(self, key: Key, message: Wire) -> None:
        for connection, attachment in self._attachments.items():
            if message["action"] == LEAVE:
                if attachment.sync:
                    self.left_in_sync.add(key)
                if attachment.pages is not None and key not in attachment.told:
                    attachment.pages = [
                        [member for member in page if _key(member) != key]
                        for page in attachment.pages
                    ]
                attachment.told.discard(key)
            else:
                if message["action"] == UPDATE and key not in attachment.told:
                    self.unannounced.add((connection.id, key))
                attachment.told.add(key)
            frame = {"action": PRESENCE, "channel": NAME, "presence": [message]}
            self.say(connection, frame)

    def _send_page(self, connection: Connection, attachment: Attachment) -> None:
        if attachment.pages is None:
            members = [{**member, "action": PRESENT} for member in self.present.values()]
            pages = [members[start : start + PAGE] for start in range(0, len(members), PAGE)]
            attachment.pages = pages or [[]]
        page = attachment.pages.pop(0)
        cursor = f"page-{len(attachment.pages)}" if attachment.pages else ""
        frame = {
            "action": SYNC,
            "channel": NAME,
            "channelSerial": f"{attachment.sync}:{cursor}",
            "presence": page,
        }
        attachment.told.update(_key(member) for member in page)
        if not attachment.pages:
            attachment.sync, attachment.pages = 0, None
        self.say(connection, frame)

    def _remove_members_of(self, connection_id: str) -> None:
        for key in [key for key in self.present if key[0] == connection_id]:
            member = self.present.pop(key)
            self._left.pop(key, None)
            now = self._new()
            made_up = {"action": LEAVE, "id": f"server:{now}:0", "timestamp": now}
            self._tell(key, {**member, **made_up})

    def _new(self) -> int:
        """A number above all before: a time, or the id of a sync."""
        self._count += 1
        return self._count


def _key(member: Wire) -> Key:
    return member["connectionId"], member["clientId"]


def _position(id: str) -> int:  # noqa: A002 - the field's name
    return int(id.split(":")[1])


class Attendant(Member):
    """A client that acts for several members and watches them all."""

    def __init__(self, server: RoomServer, clock: FakeClock) -> None:
        super().__init__(server, clock)
        self.presence = self.channel.presence
        self.known: set[Key] = set()
        self.last_words: dict[str, tuple[str | None, asyncio.Task[None]]] = {}
        """By name: the data it should be present with, or None to have left, and the call."""
        self._room = server
        self.channel.on("detached", self._left_the_room)
        self.channel.on("failed", self._left_the_room)

    def _left_the_room(self, change: object) -> None:
        """Nothing is known of anyone, and nobody is present any more (RTP5a)."""
        self.known.clear()
        self.last_words.clear()

    def hear(self, message: PresenceMessage) -> None:
        """Check that this may follow what was heard of the member before."""
        assert message.connection_id is not None
        assert message.client_id is not None
        key = (message.connection_id, message.client_id)
        match message.action:
            case PresenceAction.ENTER | PresenceAction.PRESENT:
                self.known.add(key)
            case PresenceAction.UPDATE:
                unannounced = (self.client.connection.id, key) in self._room.unannounced
                assert key in self.known or unannounced, f"{key} is updated before it enters"
                self.known.add(key)
            case PresenceAction.LEAVE:
                assert key in self.known, f"{key} leaves before it enters"
                self.known.remove(key)
            case _:
                raise AssertionError(f"{message.action} is no event")


class Step(Enum):
    """What else may happen; the number says to whom."""

    ENTER = auto()
    UPDATE = auto()
    LEAVE = auto()
    GET = auto()
    EXPIRE = auto()
    SYNC_AGAIN = auto()


WEIGHTS = FAULTS | {
    Step.ENTER: 10,
    Step.UPDATE: 8,
    Step.LEAVE: 6,
    Step.GET: 2,
    Step.EXPIRE: 4,
    Step.SYNC_AGAIN: 3,
}


class Room(Gathering):
    """A few clients on one channel."""

    def __init__(self) -> None:
        self.server = RoomServer()
        super().__init__(self.server)
        self.attendants = [Attendant(self.server, self.clock) for _ in range(CLIENTS)]
        self.members = self.attendants
        self.peers.extend(self.members)
        self._spoken = 0

    async def start(self) -> None:
        for attendant in self.attendants:
            self.begin(attendant.presence.subscribe(attendant.hear))
        await self.recover(self._is_well)

    async def happen(self, step: Enum, variant: int) -> None:
        attendant = self.attendants[variant % CLIENTS]
        connection = self.server.connection_of(attendant.socket)
        await self.pass_time(100)
        match step:
            case Fault():
                await self.suffer(step, variant)
            case Step.EXPIRE:
                if variant % 2:
                    self.server.expire()
                else:
                    self.server.expire_unsaid()
                self._forget_what_is_open()
            case Step.SYNC_AGAIN if connection is not None and attendant.is_settled:
                self.server.sync_again(connection)
            case Step.GET if attendant.channel.state is ChannelState.ATTACHED:
                self.begin(attendant.presence.get(wait_for_sync=variant % 2 == 0))
            case Step.ENTER | Step.UPDATE | Step.LEAVE if not attendant.reattaching:
                self._speak(step, attendant, NAMES[variant // CLIENTS])
        await turns()
        self.attach_again()

    def _forget_what_is_open(self) -> None:
        """Call nothing the last word that is sent again when the server took the member out.

        The server knows the repeated frame and does nothing, so it stays with the re-entry.
        """
        for attendant in self.attendants:
            words = attendant.last_words
            attendant.last_words = {n: word for n, word in words.items() if word[1].done()}

    def _speak(self, step: Enum, attendant: Attendant, name: str) -> None:
        self._spoken += 1
        data: str | None = f"word {self._spoken}"
        presence = attendant.presence
        match step:
            case Step.ENTER:
                call = presence.enter_client(name, data)
            case Step.UPDATE:
                call = presence.update_client(name, data)
            case _:
                data, call = None, presence.leave_client(name)
        attendant.last_words[name] = (data, self.begin(call))

    async def end(self) -> None:
        """Let everything recover, and compare what everyone knows."""
        await self.recover(self._is_well)
        await self._overtake_syncs()
        await self.recover(self._is_well)
        expected = {key: member["data"] for key, member in self.server.present.items()}
        for attendant in self.attendants:
            get = self.begin(attendant.presence.get())
            await turns()
            members = {(m.connection_id, m.client_id): m.data for m in get.result()}
            assert members == expected, "the map is the server's"
            unsaid = attendant.known - set(expected)
            assert attendant.known >= set(expected), "nobody is in the map without a word"
            assert unsaid <= self.server.left_in_sync, f"nobody said that {unsaid} left"

    async def _overtake_syncs(self) -> None:
        """Change everything while syncs that do not know of it are on their way."""
        for attendant in self.attendants:
            connection = self.server.connection_of(attendant.socket)
            assert connection is not None
            self.server.sync_again(connection)
            attendant.up(0)  # its first page
        self.server.expire_unsaid()  # begins a sync in the midst of the other
        for attendant in self.attendants:
            attendant.up(0)
        for attendant in self.attendants:
            for step, name in zip((Step.UPDATE, Step.LEAVE, Step.ENTER), NAMES, strict=False):
                self._speak(step, attendant, name)
        await turns()

    def check_last_words(self) -> None:
        """Everyone is as the application last said, where that was acknowledged."""
        for attendant in self.attendants:
            connection_id = attendant.client.connection.id
            assert connection_id is not None
            for name, (data, call) in attendant.last_words.items():
                assert call.done()
                if call.exception() is None:
                    member = self.server.present.get((connection_id, name))
                    found = None if member is None else member["data"]
                    assert found == data, f"{name} on {connection_id}: {found}, not {data}"
                else:
                    assert isinstance(call.exception(), AblyError)

    def _is_well(self) -> bool:
        self.attach_again()
        return self.server.is_settled and all(member.is_settled for member in self.members)


async def _meet(history: History, *, last_words: bool) -> None:
    async with no_exceptions(), Room() as room:
        await room.start()
        for step, variant in history:
            await room.happen(step, variant)
        await room.end()
        if last_words:
            room.check_last_words()


def converge(history: History) -> None:
    asyncio.run(_meet(history, last_words=False), debug=True)


def keep_last_words(history: History) -> None:
    asyncio.run(_meet(history, last_words=True), debug=True)


@examples(20)
@given(histories(WEIGHTS, LENGTH))
def test_the_maps_of_all_clients_become_the_servers(history: History) -> None:
    check(history, converge)


@examples(20)
@given(histories(WEIGHTS, LENGTH))
def test_a_member_ends_as_the_application_last_said(history: History) -> None:
    check(history, keep_last_words)
