"""Random histories of a connection: whatever happens, the rules of its life hold (RTN)."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from random import Random

from hypothesis import given

from ably_realtime._core.config import Config
from ably_realtime._core.inputs import (
    Alive,
    Attach,
    Authorize,
    Authorized,
    AuthorizeFailed,
    Close,
    Connect,
    ConnectivityChecked,
    Detach,
    Dropped,
    Input,
    NetworkAvailable,
    NetworkLost,
    Ping,
    Publish,
    Received,
    Release,
    TokenChanged,
    TokenFailed,
    TokenObtained,
)
from ably_realtime._wire.error_info import ErrorInfo
from ably_realtime._wire.frames import Action, ConnectionDetails, Frame
from ably_realtime._wire.secret import Secret
from ably_realtime.messages import Message
from ably_realtime.states import ConnectionState
from tests.property.driver import (
    HOSTS,
    PATIENCE,
    REQUEST_TIMEOUT,
    RETRY,
    STATE_TTL,
    SUSPENDED_RETRY,
    Driver,
    Kind,
)
from tests.property.history import History, check, examples, histories

C = ConnectionState

LENGTH = 250
CHANNELS = ("orders", "events")

UNREACHABLE = ErrorInfo(80003, 400, "unreachable")
SERVER_ERROR = ErrorInfo(50003, 503, "try another host")
TOKEN_EXPIRED = ErrorInfo(40142, 401, "token expired")
FORBIDDEN = ErrorInfo(40300, 403, "forbidden")
NOT_FOUND = ErrorInfo(40400, 404, "no such application")
LOST_STATE = ErrorInfo(80008, 400, "unable to recover the connection")


class Step(Enum):
    """What may happen."""

    MOMENT = auto()
    ANSWER = auto()
    SECONDS = auto()
    MINUTES = auto()
    CONNECT = auto()
    CLOSE = auto()
    DROP = auto()
    CONNECTED = auto()
    DISCONNECTED = auto()
    ERROR = auto()
    CLOSED = auto()
    HEARTBEAT = auto()
    AUTH = auto()
    GARBAGE = auto()
    ALIVE = auto()
    TOKEN_FAILS = auto()
    TOKEN_CHANGES = auto()
    CHECK = auto()
    NETWORK_LOST = auto()
    NETWORK_AVAILABLE = auto()
    PING = auto()
    AUTHORIZE = auto()
    AUTHORIZED = auto()
    NOT_AUTHORIZED = auto()
    STALE = auto()
    ATTACH = auto()
    DETACH = auto()
    RELEASE = auto()
    PUBLISH = auto()
    CHANNEL_FRAME = auto()
    REFUSE = auto()


WEIGHTS = dict.fromkeys(Step, 2) | {
    Step.ANSWER: 24,
    Step.SECONDS: 8,
    Step.CONNECT: 4,
    Step.DROP: 5,
    Step.CONNECTED: 3,
    Step.MINUTES: 1,
    Step.CLOSE: 1,
    Step.ERROR: 1,
    Step.PING: 3,
}


class World:
    """What a history happens to: a client, and a server and a network that do as it says."""

    def __init__(self, *, key: bool, queue_messages: bool) -> None:
        self.driver = Driver(
            Config(
                primary_host="main",
                fallback_hosts=tuple(f"fallback-{n}" for n in range(1, HOSTS)),
                key=Secret("key") if key else None,
                can_renew_token=lambda: True,
                queue_messages=queue_messages,
                realtime_request_timeout=REQUEST_TIMEOUT,
                disconnected_retry_timeout=RETRY,
                suspended_retry_timeout=SUSPENDED_RETRY,
                connection_state_ttl=STATE_TTL,
            ),
            Random(0).random,  # noqa: S311 - jitter
        )
        self._authorizing: list[int] = []
        self._made = 0

    def happen(self, step: Enum, variant: int) -> None:
        """Let one step of a history happen; where it makes no sense nothing does."""
        driver = self.driver
        match step:
            case Step.MOMENT:
                driver.advance(10)
            case Step.SECONDS:
                driver.advance((1 + variant) * 900)
            case Step.MINUTES:
                driver.advance((1 + variant) * 20_000)
            case Step.ANSWER:
                self._answer(variant)
            case Step.CONNECT:
                driver.touched()
                driver.do(Connect())
            case Step.CLOSE:
                driver.close(Close())
            case Step.NETWORK_LOST:
                driver.do(NetworkLost())
            case Step.NETWORK_AVAILABLE:
                driver.touched()
                driver.do(NetworkAvailable())
            case Step.TOKEN_CHANGES:
                driver.do(TokenChanged(self._token()))
            case Step.TOKEN_FAILS if driver.token_requests:
                request = min(driver.token_requests)
                driver.finish_request(request)
                error = FORBIDDEN if variant == 0 else UNREACHABLE
                driver.do(TokenFailed(request, error, final=variant == 0))
            case Step.CHECK if driver.checks:
                request = min(driver.checks)
                driver.finish_request(request)
                driver.do(ConnectivityChecked(request, online=variant % 2 == 0))
            case Step.STALE:
                self._stale(variant)
            case Step.PING:
                token = f"ping-{self._new()}"
                driver.start(Kind.PING, lambda op: Ping(op, token), ping=token)
            case Step.AUTHORIZE | Step.AUTHORIZED | Step.NOT_AUTHORIZED:
                self._authorize(step, variant)
            case Step.ATTACH | Step.DETACH | Step.RELEASE | Step.PUBLISH:
                self._use_channel(step, CHANNELS[variant % len(CHANNELS)])
            case _ if driver.live:
                self._on_transport(step, variant)

    def end(self) -> None:
        """Close, with a server that says nothing more: nothing may be left."""
        driver = self.driver
        had_failed = driver.state is C.FAILED
        while self._authorizing:
            self._authorize(Step.NOT_AUTHORIZED, 1)
        driver.close(Close())
        driver.advance(REQUEST_TIMEOUT)
        assert driver.state is (C.FAILED if had_failed else C.CLOSED)
        assert not driver.pending, "every operation is settled"
        assert driver.session.next_deadline is None
        driver.advance(10 * PATIENCE)
        assert driver.state is (C.FAILED if had_failed else C.CLOSED)

    # -- the application

    def _authorize(self, step: Enum, variant: int) -> None:
        driver = self.driver
        driver.touched()
        if step is Step.AUTHORIZE:
            self._authorizing.append(driver.start(Kind.AUTHORIZE, Authorize))
            return
        if not self._authorizing:
            return
        op = self._authorizing.pop(0)
        answer: Input = Authorized(op, self._token())
        if step is Step.NOT_AUTHORIZED:
            error = FORBIDDEN if variant == 0 else UNREACHABLE
            answer = AuthorizeFailed(op, error, final=variant == 0)
        if op in driver.pending:
            driver.pending[op].answered = True
            driver.do(answer)
        else:  # it failed with the connection, while its token was on the way
            driver.ignore(answer)

    def _use_channel(self, step: Enum, name: str) -> None:
        driver = self.driver
        match step:
            case Step.ATTACH:
                driver.start(Kind.CHANNEL, lambda op: Attach(op, name))
            case Step.DETACH:
                driver.start(Kind.CHANNEL, lambda op: Detach(op, name))
            case Step.RELEASE:
                driver.start(Kind.CHANNEL, lambda op: Release(op, name))
            case Step.PUBLISH:
                frame = Frame(Action.MESSAGE, channel=name, messages=[Message(data="data")])
                driver.start(Kind.PUBLISH, lambda op: Publish(op, frame))

    # -- the world around it, doing its best

    def _answer(self, variant: int) -> None:
        """Give whatever is waited for, as a healthy server and network would."""
        driver = self.driver
        if driver.token_requests:
            request = min(driver.token_requests)
            driver.finish_request(request)
            driver.do(TokenObtained(request, self._token()))
        elif driver.checks:
            request = min(driver.checks)
            driver.finish_request(request)
            driver.do(ConnectivityChecked(request, online=True))
        elif driver.unanswered:
            answer = self._answer_to(driver.unanswered.pop(0))
            if answer is not None:
                self._receive(answer)
        elif driver.live and driver.state in (C.CONNECTING, C.CLOSING):
            self._receive(self._connected("c1", variant))

    def _answer_to(self, frame: Frame) -> Frame | None:
        match frame.action:
            case Action.HEARTBEAT:
                return Frame(Action.HEARTBEAT, id=frame.id)
            case Action.CLOSE:
                return Frame(Action.CLOSED)
            case Action.AUTH:
                return self._connected(self.driver.session.connection.id or "c1", 0)
            case Action.ATTACH:
                return Frame(Action.ATTACHED, channel=frame.channel, channel_serial="s")
            case Action.DETACH:
                return Frame(Action.DETACHED, channel=frame.channel)
            case Action.MESSAGE:
                return Frame(Action.ACK, msg_serial=frame.msg_serial, count=1)
        return None

    # -- what a server may say, and a transport do

    def _on_transport(self, step: Enum, variant: int) -> None:
        match step:
            case Step.DROP:
                attempt = self.driver.drop()
                self.driver.do(Dropped(attempt, UNREACHABLE, try_elsewhere=variant % 2 == 0))
            case Step.CONNECTED:
                self._receive(self._connected(f"c{variant % 3}", variant))
            case Step.DISCONNECTED:
                error = (None, SERVER_ERROR, TOKEN_EXPIRED, UNREACHABLE)[variant % 4]
                self._receive(Frame(Action.DISCONNECTED, error=error))
            case Step.ERROR:
                error = (TOKEN_EXPIRED, NOT_FOUND, None)[variant % 3]
                self._receive(Frame(Action.ERROR, error=error))
            case Step.CLOSED:
                self._receive(Frame(Action.CLOSED, error=UNREACHABLE if variant % 2 else None))
            case Step.HEARTBEAT:
                self._receive(Frame(Action.HEARTBEAT, id=None if variant % 2 else "nobody's"))
            case Step.AUTH:
                self._receive(Frame(Action.AUTH))
            case Step.ALIVE:
                self._live(Alive)
            case Step.GARBAGE:
                self._garbage(variant)
            case Step.CHANNEL_FRAME:
                action = (Action.ATTACHED, Action.DETACHED, Action.ERROR, Action.MESSAGE)
                name = CHANNELS[variant % len(CHANNELS)]
                self._receive(Frame(action[variant % 4], channel=name, error=NOT_FOUND))
            case Step.REFUSE:
                self._receive(Frame(Action.NACK, msg_serial=variant % 4, count=1 + variant % 3))

    def _garbage(self, variant: int) -> None:
        frames = (
            Frame(99),
            Frame(-1, channel="orders"),
            Frame(Action.ACK),
            Frame(Action.NACK, msg_serial=2**70, count=-5),
            Frame(Action.ACK, msg_serial=-3, count=2**40),
            Frame(Action.ATTACHED, channel="nobody's"),
            Frame(Action.CONNECTED),
            Frame(Action.SYNC),
            Frame(Action.CONNECT),
            Frame(Action.MESSAGE, channel=""),
            Frame(Action.PING, id="server's"),
        )
        if variant < len(frames):
            self._receive(frames[variant])
        else:  # bytes that are no frame: the driver gives the transport up
            attempt = self.driver.drop()
            self.driver.do(Dropped(attempt, UNREACHABLE))

    def _stale(self, variant: int) -> None:
        """What was given up speaks nevertheless."""
        driver = self.driver
        if driver.dead:
            attempt = driver.dead[-1 - variant % len(driver.dead)]
            events: tuple[Input, ...] = (
                Received(attempt, self._connected("c1", variant)),
                Received(attempt, Frame(Action.ERROR, error=NOT_FOUND)),
                Received(attempt, Frame(Action.CLOSED)),
                Dropped(attempt, UNREACHABLE, try_elsewhere=True),
                Alive(attempt),
            )
            driver.ignore(events[variant % len(events)])
        if driver.finished_requests:
            finished = driver.finished_requests
            request = finished[-1 - variant % len(finished)]
            answers: tuple[Input, ...] = (
                TokenObtained(request, self._token()),
                TokenFailed(request, FORBIDDEN, final=True),
                ConnectivityChecked(request, online=True),
            )
            driver.ignore(answers[variant % len(answers)])

    def _receive(self, frame: Frame) -> None:
        self._live(lambda attempt: Received(attempt, frame))

    def _live(self, make: Callable[[int], Input]) -> None:
        (attempt,) = self.driver.live
        self.driver.do(make(attempt))

    def _connected(self, id: str, variant: int) -> Frame:  # noqa: A002 - the field's name
        details = ConnectionDetails(
            connection_key=Secret(f"{id}!{self._new()}"),
            max_idle_interval=15_000 if variant % 2 else None,
            connection_state_ttl=int(STATE_TTL) if variant % 3 else None,
        )
        error = LOST_STATE if variant == 5 else None
        return Frame(Action.CONNECTED, connection_id=id, connection_details=details, error=error)

    def _token(self) -> Secret:
        return Secret(f"token-{self._new()}")

    def _new(self) -> int:
        self._made += 1
        return self._made


def live_through(history: History, *, key: bool, queue_messages: bool = True) -> None:
    world = World(key=key, queue_messages=queue_messages)
    try:
        for step, variant in history:
            world.happen(step, variant)
        world.end()
    except BaseException as failure:
        failure.add_note("\n".join(world.driver.story))
        raise


WITH_TOKEN = partial(live_through, key=False)
WITH_KEY = partial(live_through, key=True)
QUEUEING_NOTHING = partial(live_through, key=False, queue_messages=False)


@examples(200)
@given(histories(WEIGHTS, LENGTH))
def test_a_connection_with_a_token(history: History) -> None:
    check(history, WITH_TOKEN)


@examples(200)
@given(histories(WEIGHTS, LENGTH))
def test_a_connection_with_a_key(history: History) -> None:
    check(history, WITH_KEY)


@examples(100)
@given(histories(WEIGHTS, LENGTH))
def test_a_connection_that_queues_nothing(history: History) -> None:
    check(history, QUEUEING_NOTHING)
