"""Random faults between a publisher and a subscriber: nothing is lost, doubled or reordered in
silence (RTL6, RTN7, RTN19, RTL15b, RTL18).
"""

from __future__ import annotations

import asyncio
from enum import Enum, auto

from hypothesis import given

from ably_realtime import AblyError, ChannelOptions, Message, PublishResult
from tests.property.faults import FAULTS, NAME, Fault, Gathering, Member
from tests.property.history import History, check, examples, histories
from tests.property.model_server import (
    ALL_MODES,
    ATTACHED,
    DETACHED,
    ERROR,
    MESSAGE,
    RESUMED,
    Connection,
    ModelServer,
    Outcome,
    error,
)
from tests.property.network import Socket, Wire, no_exceptions, turns
from tests.uts.harness.clock import FakeClock

LENGTH = 260
PUBLISHED_EACH_STEP = 2
BUNDLE = 5
"""Messages in one frame when the server catches up."""


class LogServer(ModelServer):
    """Serves one channel: a log, and a position in it for everyone attached."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[tuple[str, str]] = []  # data, and the id of the connection that sent it
        self.refusals = 0  # publishes that will be refused
        self.oversights = 0  # publishes that will be passed over, neither taken nor refused
        self.breaks = 0  # how often it gave anyone a reason to speak of a discontinuity
        self._positions: dict[Connection, int] = {}
        self._complete_from = 0  # no position before this can be resumed from

    def accept(self, connection: Connection, frame: Wire) -> Outcome:
        (message,) = frame["messages"]
        data = message["data"]
        sent = [item for item, sender in self.log if sender == connection.id]
        assert data not in sent, f"{data} has two serials on {connection.id}"
        assert not sent or int(sent[-1]) < int(data), f"{data} after {sent[-1]}"
        if self.refusals:
            self.refusals -= 1
            return error(40160, 401)
        if self.oversights:
            self.oversights -= 1
            return None
        self.log.append((data, connection.id))
        return [serial_of(len(self.log))]

    def attach(self, connection: Connection, frame: Wire) -> None:
        asked = frame.get("channelSerial")
        resumed = asked is not None and int(asked) >= self._complete_from
        if asked is not None and not resumed:
            self.breaks += 1
        position = int(asked) if resumed and asked is not None else len(self.log)
        self._positions[connection] = position
        self._say_attached(connection, position, RESUMED if resumed else 0)

    def detach(self, connection: Connection, frame: Wire) -> None:
        self._positions.pop(connection, None)
        self.say(connection, {"action": DETACHED, "channel": NAME})

    def lost(self, connection: Connection) -> None:
        super().lost(connection)
        self._positions.pop(connection, None)

    def pause(self, socket: Socket) -> None:
        super().pause(socket)
        for connection, position in self._positions.items():
            self._positions[connection] = self._catch_up(connection, position)

    def _catch_up(self, connection: Connection, position: int) -> int:
        """Send what an attached client lacks."""
        while position < len(self.log):
            bundle = self.log[position : position + BUNDLE]
            messages = [
                {"data": data, "serial": serial_of(position + place)}
                for place, (data, _) in enumerate(bundle, 1)
            ]
            position += len(bundle)
            frame: Wire = {
                "action": MESSAGE,
                "channel": NAME,
                "channelSerial": serial_of(position),
                "messages": messages,
            }
            self.say(connection, frame)
        return position

    # -- faults

    def forget_the_past(self) -> None:
        """No attachment can be resumed from where it was."""
        self._complete_from = len(self.log) + 1

    def skip_ahead(self, connection: Connection) -> None:
        socket = connection.socket
        if connection not in self._positions or socket is None or not socket.is_open:
            return
        self.breaks += 1
        kept = [frame for frame in socket.down if frame["action"] != MESSAGE]
        socket.down.clear()
        socket.down.extend(kept)
        self._positions[connection] = len(self.log)
        self._say_attached(connection, len(self.log), 0)

    def throw_out(self, connection: Connection, action: int) -> None:
        if self._positions.pop(connection, None) is not None:
            if action == ERROR:
                self.breaks += 1  # RTL15b2: nobody can go on from a failed channel
            frame = {"action": action, "channel": NAME, "error": error(90000, 500)}
            self.say(connection, frame)

    def _say_attached(self, connection: Connection, position: int, flags: int) -> None:
        frame = {
            "action": ATTACHED,
            "channel": NAME,
            "channelSerial": serial_of(position),
            "flags": ALL_MODES | flags,
        }
        self.say(connection, frame)


def serial_of(position: int) -> str:
    return f"{position:06}"


class Subscriber(Member):
    """A client with two listeners, one of them slow."""

    def __init__(self, server: LogServer, clock: FakeClock) -> None:
        super().__init__(server, clock)
        self.heard: list[str | None] = []  # serials, and None where continuity was given up
        self.heard_slowly: list[str | None] = []
        self.times_left = 0
        self.patience = asyncio.Semaphore(0)
        self._busy = False

    async def subscribe(self) -> None:
        """Hear everything from here on."""
        self.channel.on_discontinuity(lambda reason: self.heard.append(None))
        await self.channel.subscribe(lambda message: self.heard.append(message.serial))
        await self.channel.subscribe(self._hear_slowly)

    def left(self) -> None:
        self.heard.append(None)
        self.times_left += 1

    async def _hear_slowly(self, message: Message) -> None:
        assert not self._busy, "one message at a time"
        self._busy = True
        await self.patience.acquire()
        self.heard_slowly.append(message.serial)
        self._busy = False


class Step(Enum):
    """What else may happen while messages are published."""

    FORGET_THE_PAST = auto()
    SET_OPTIONS = auto()
    REFUSE = auto()
    OVERLOOK = auto()
    LISTEN = auto()


WEIGHTS = FAULTS | dict.fromkeys(Step, 2)


class Conversation(Gathering):
    """A publisher that listens to itself, and a subscriber."""

    def __init__(self) -> None:
        self.server = LogServer()
        super().__init__(self.server)
        self.publisher = Subscriber(self.server, self.clock)
        self.subscribers = [self.publisher, Subscriber(self.server, self.clock)]
        self.members = self.subscribers
        self.peers.extend(self.members)
        self.published: list[asyncio.Task[PublishResult]] = []

    async def start(self) -> None:
        for subscriber in self.subscribers:
            self.begin(subscriber.subscribe())
        await self.recover(self._is_well)

    async def publish(self, count: int) -> None:
        for _ in range(count):
            data = str(len(self.published))
            self.published.append(self.begin(self.publisher.channel.publish("event", data)))
        await turns()

    async def happen(self, step: Enum, variant: int) -> None:
        subscriber = self.subscribers[variant % 2]
        await self.pass_time(100)
        match step:
            case Fault():
                await self.suffer(step, variant)
            case Step.FORGET_THE_PAST:
                self.server.forget_the_past()
            case Step.SET_OPTIONS if subscriber.is_settled:
                options = ChannelOptions(params={"rewind": "0"})
                self.begin(subscriber.channel.set_options(options))
            case Step.LISTEN:
                for _ in range(variant * 4):
                    subscriber.patience.release()
            case Step.REFUSE:
                self.server.refusals = variant % 4
            case Step.OVERLOOK:
                self.server.oversights = variant % 4
        await turns()
        self.attach_again()

    # -- the end

    async def end(self) -> None:
        """Let everything recover, publish once more, and compare what everyone knows."""
        self.server.refusals = self.server.oversights = 0
        await self.recover(self._is_well)
        await self.publish(3)
        await self.flow()
        self._check_publisher()
        for subscriber in self.subscribers:
            self._check_subscriber(subscriber)
            for _ in subscriber.heard:
                subscriber.patience.release()
                await turns()
            assert subscriber.heard_slowly == _serials(subscriber.heard)

        gaps = sum(subscriber.heard.count(None) for subscriber in self.subscribers)
        left = sum(subscriber.times_left for subscriber in self.subscribers)
        assert gaps <= self.server.breaks + left, "no continuity is given up without need"

    def _is_well(self) -> bool:
        self.attach_again()
        return all(member.is_settled for member in self.members)

    def _check_publisher(self) -> None:
        """Each publish has its outcome, and what was acknowledged is in the log."""
        log = self.server.log
        for data, task in enumerate(self.published):
            assert task.done(), f"publish {data} is not settled"
            failure = task.exception()
            if failure is not None:
                assert isinstance(failure, AblyError)
                continue
            (serial,) = task.result().serials
            assert serial is not None
            assert log[int(serial) - 1][0] == str(data), f"{serial} is not publish {data}"
        assert all(task.exception() is None for task in self.published[-3:])

    def _check_subscriber(self, subscriber: Subscriber) -> None:
        """The log, once and in order, without a gap that nobody spoke of."""
        last = 0
        gap_told = False
        for serial in subscriber.heard:
            if serial is None:
                gap_told = True
                continue
            position = int(serial)
            assert position > last, f"{position} after {last}"
            assert position == last + 1 or gap_told, f"{position} after {last} without a word"
            last, gap_told = position, False
        assert last == len(self.server.log), f"the log ends at {len(self.server.log)}, not {last}"


def _serials(heard: list[str | None]) -> list[str | None]:
    return [serial for serial in heard if serial is not None]


async def _converse(history: History) -> None:
    async with no_exceptions(), Conversation() as conversation:
        await conversation.start()
        for step, variant in history:
            await conversation.publish(PUBLISHED_EACH_STEP)
            await conversation.happen(step, variant)
        await conversation.end()


def live_through(history: History) -> None:
    asyncio.run(_converse(history), debug=True)


@examples(15)
@given(histories(WEIGHTS, LENGTH))
def test_messages_arrive_once_and_in_order(history: History) -> None:
    check(history, live_through)
