"""The session: whole histories, and what passes between the machines."""

from __future__ import annotations

from typing import Any

import pytest

from ably_realtime._core.channel_settings import ChannelSettings
from ably_realtime._core.effects import (
    ChannelChanged,
    ClientIdConfirmed,
    ConnectionChanged,
    OpenTransport,
    Send,
    Trace,
)
from ably_realtime._core.inputs import (
    Alive,
    Attach,
    Authorize,
    Authorized,
    AuthorizeFailed,
    ChangePresence,
    Close,
    Configure,
    Connect,
    ConnectivityChecked,
    Detach,
    Dropped,
    GetPresence,
    Input,
    NetworkAvailable,
    NetworkLost,
    Ping,
    Publish,
    Received,
    Release,
    TimersDue,
    TokenChanged,
    TokenFailed,
    TokenObtained,
)
from ably_realtime._core.recovery import RecoveryKey
from ably_realtime._wire.frames import Action, Flag, Frame
from ably_realtime._wire.secret import Secret
from ably_realtime.messages import Message, PublishResult
from ably_realtime.presence_messages import PresenceMessage
from ably_realtime.states import ChannelState, ConnectionState
from tests.unit.realtime.driving import (
    MINUTE,
    START,
    Client,
    ack,
    attached,
    client_in,
    connected,
    detached,
    error,
    failed,
    lead_to,
    message,
    put_channel,
)

S = ConnectionState


def publish(op: int, channel: str = "orders") -> Publish:
    return Publish(op, Frame(Action.MESSAGE, channel=channel))


def serials(client: Client) -> list[int | None]:
    """The msgSerial of every message sent, in order."""
    return [frame.msg_serial for frame in client.sent(Action.MESSAGE)]


# -- histories


def test_two_minutes_down_and_back_without_a_loss() -> None:
    """A connection breaks; nothing answers for two minutes; then all is as it was."""
    client = Client(
        random=0.5,
        realtime_request_timeout=4_000,
        disconnected_retry_timeout=10_000,
        suspended_retry_timeout=30_000,
        connection_state_ttl=120_000,
    )
    client.connect(connected("c1", "k1"))
    client.attach("orders", "cs1")
    client.attach("invoices", "cs2")
    client.receive(message("orders", "a", serial="cs3"))
    client.advance(MINUTE)

    down_at = client.now
    assert client.drop() == ["connection disconnected 80003 in 0"]
    assert client.do(publish(1)) == []
    client.advance(120_000 - 1)
    assert client.connection.state is S.DISCONNECTED
    assert {channel.state for channel in client.session.channels.values()} == {"attached"}
    waits = [
        change.retry_in
        for change in client.all(ConnectionChanged)
        if change.current is S.DISCONNECTED
    ]
    # At once, then 10 s times 1, 4/3, 5/3, 2, 2, ..., each times 0.9, after 4 s of dialling each.
    assert waits == pytest.approx([0, 9_000, 12_000, 15_000, *[18_000] * 4])

    assert client.advance(1) == [
        "orders suspended 80002",
        "invoices suspended 80002",
        "failed 1 80002",
        "connection suspended 80002 in 30000",
    ]
    assert client.now == down_at + 120_000

    attempt = client.attempt
    assert client.advance(34_000) == [
        "connection connecting",
        f"open {attempt + 1} main",
        f"close {attempt + 1}",
        "connection suspended 80014 in 30000",
    ]
    assert client.advance(30_000) == ["connection connecting", f"open {attempt + 2} main"]
    assert client.dialled_with("resume") == "k1"

    assert client.receive(connected("c1", "k2")) == [
        "orders attaching",
        "invoices attaching",
        "connection connected",
        "send ATTACH orders cs3",
        "send ATTACH invoices cs2",
    ]
    resumed = (attached("orders", flags=Flag.RESUMED), attached("invoices", flags=Flag.RESUMED))
    assert client.receive(*resumed) == ["orders attached resumed", "invoices attached resumed"]
    assert client.receive(message("orders", "b", serial="cs4")) == ["deliver orders b"]
    assert client.session.next_deadline is None


@pytest.mark.parametrize(
    ("id", "code", "numbers"),
    [("c1", "", [1, 2, 3]), ("c2", " 80018", [0, 1, 2])],
    ids=["resumed", "not resumed"],
)
def test_the_fixed_order_at_connected(
    id: str,  # noqa: A002 - the name of the field
    code: str,
    numbers: list[int],
) -> None:
    """RTL3d, RTL3d1, RTN15c7, RTN19a, RTN19a2, RTN19b, RTL6c2, RTN13d."""
    client = Client()
    client.connect(connected("c1"))
    client.attach("orders", "cs1")
    client.do(publish(1), publish(2), publish(3))
    client.receive(ack(0))
    put_channel(client, ChannelState.SUSPENDED, "suspended")
    client.do(Attach(4, "attaching"))
    client.attach("detaching")
    client.do(Detach(5, "detaching"))
    client.drop()
    client.do(Ping(6, "p1"), publish(7), TimersDue())

    why = error(80018, 400) if code else None
    assert client.receive(connected(id, error=why)) == [
        "orders attaching",
        "suspended attaching",
        f"connection connected{code}",
        f"send MESSAGE orders #{numbers[0]}",
        f"send MESSAGE orders #{numbers[1]}",
        "send ATTACH orders cs1",
        "send ATTACH suspended",
        "send ATTACH attaching",
        "send DETACH detaching",
        f"send MESSAGE orders #{numbers[2]}",
        "send HEARTBEAT p1",
    ]
    client.receive(ack(numbers[0], 3))
    assert [type(client.outcome(op)) for op in (1, 2, 3, 7)] == [PublishResult] * 4


def test_a_story_of_everyday_use() -> None:
    client = Client()
    assert client.do(Attach(1, "orders"), publish(2), Connect()) == [
        "orders attaching",
        "connection connecting",
        "open 1 main",
    ]
    assert client.receive(connected()) == [
        "connection connected",
        "send ATTACH orders",
        "send MESSAGE orders #0",
    ]
    assert client.receive(ack(0), attached()) == ["ok 2", "orders attached", "ok 1"]
    assert client.do(publish(3), Detach(4, "orders"), Close()) == [
        "send MESSAGE orders #1",
        "orders detaching",
        "send DETACH orders",
        "connection closing",
        "send CLOSE",
    ]
    assert client.receive(detached(), ack(1), Frame(Action.CLOSED)) == [
        "orders detached",
        "ok 4",
        "ok 3",
        "close 1",
        "connection closed",
    ]


# -- every operation settles once

ENTER = Frame(Action.PRESENCE, channel="orders", presence=[PresenceMessage()])

OPERATIONS: list[Input] = [
    publish(1),
    Ping(2, "p1"),
    Attach(3, "orders"),
    Detach(4, "orders"),
    Configure(5, "orders", ChannelSettings(params={"rewind": "1"})),
    Release(6, "other"),
    Attach(7, "another"),
    publish(8, "never attached"),
    ChangePresence(9, ENTER),
    GetPresence(10, "orders"),
    Release(11, "orders"),
]


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("end", [S.CLOSED, S.FAILED, S.SUSPENDED])
@pytest.mark.parametrize("queue_messages", [True, False])
def test_every_operation_settles_once_in_every_state(
    state: ConnectionState, end: ConnectionState, queue_messages: bool
) -> None:
    """`Client.do` fails the test where anything settles twice."""
    client = client_in(state, queue_messages=queue_messages)
    client.do(*OPERATIONS)
    client.advance(5 * MINUTE)
    client.do(Connect())
    if client.connection.state is not S.CONNECTED:
        client.receive(connected("c9"))
    lead_to(client, end)
    assert "pending" not in [client.outcome(op) for op in range(1, 12)]


@pytest.mark.parametrize("channel", list(ChannelState))
def test_every_operation_settles_once_in_every_channel_state(channel: ChannelState) -> None:
    client = client_in(S.CONNECTED)
    put_channel(client, channel)
    client.do(*OPERATIONS)
    client.receive(attached(), detached(), attached(), detached(), ack(0, 3))
    client.close()
    assert "pending" not in [client.outcome(op) for op in range(1, 12)]


def test_each_frame_reaches_its_machine() -> None:
    client = client_in(S.CONNECTED)
    client.do(publish(1), publish(2), Ping(3, "p1"), Attach(4, "orders"))
    refusal = Frame(Action.NACK, msg_serial=1, error=error(40160))
    echo = Frame(Action.HEARTBEAT, id="p1")
    assert client.receive(ack(0), refusal, echo, attached()) == [
        "ok 1",
        "failed 2 40160",
        "ok 3",
        "orders attached",
        "ok 4",
    ]


# -- limits


@pytest.mark.parametrize(("granted", "limit"), [(None, 1_000), (500, 500)])
def test_the_size_limit_is_the_servers_where_it_gave_one(granted: int | None, limit: int) -> None:
    """CD2c, RTN21, TO3l8."""
    client = Client(max_message_size=1_000)
    assert client.session.max_message_size == 1_000
    client.connect(connected(max_message_size=granted))
    assert client.session.max_message_size == limit


# -- pings


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (S.INITIALIZED, 80000),
        (S.CONNECTING, "pending"),
        (S.CONNECTED, "sent"),
        (S.DISCONNECTED, "pending"),
        (S.SUSPENDED, 80002),
        (S.CLOSING, 80017),
        (S.CLOSED, 80017),
        (S.FAILED, 80000),
    ],
)
def test_ping_by_connection_state(state: ConnectionState, outcome: object) -> None:
    """RTN13a, RTN13b, RTN13d."""
    client = client_in(state)
    story = client.do(Ping(1, "p1"))
    assert (story == ["send HEARTBEAT p1"]) is (outcome == "sent")
    if outcome == "sent":
        client.now += 30
        assert client.receive(Frame(Action.HEARTBEAT, id="p1")) == ["ok 1"]
        assert client.outcome(1) == 30
    else:
        assert client.outcome(1) == outcome
    if outcome == "pending":
        client.do(Connect())
        assert client.receive(connected())[-1] == "send HEARTBEAT p1"


@pytest.mark.parametrize("end", [S.SUSPENDED, S.CLOSING, S.CLOSED, S.FAILED])
@pytest.mark.parametrize("state", [S.CONNECTING, S.DISCONNECTED])
def test_a_ping_that_waits_fails_with_the_connection(
    state: ConnectionState, end: ConnectionState
) -> None:
    """RTN13b."""
    client = client_in(state)
    client.do(Ping(1, "p1"))
    if end is S.SUSPENDED:
        client.advance(5 * MINUTE)
    elif end is S.FAILED:
        client.do(Connect())
        client.receive(failed(error=error(40400)))
    elif end is S.CLOSING:
        client.do(Close())
    else:
        client.do(Close())
        client.advance(MINUTE)
    assert client.outcome(1) in (80000, 80002, 80017)
    assert client.sent(Action.HEARTBEAT) == []


def test_a_ping_without_an_answer() -> None:
    """RTN13c, RTN13e."""
    client = client_in(S.CONNECTED)
    client.do(Ping(1, "p1"))
    client.receive(Frame(Action.HEARTBEAT), Frame(Action.HEARTBEAT, id="p2"))
    assert client.advance(9_999) == []
    assert client.advance(1) == ["failed 1 50003"]


def test_the_server_may_ping_too() -> None:
    client = client_in(S.CONNECTED)
    client.receive(Frame(Action.PING, id="x1"))
    assert client.last(Send).frame == Frame(Action.PONG, id="x1")


# -- tokens


def test_a_token_for_a_dial_and_another_for_the_open_connection() -> None:
    """RSA4, RTN22, RTC8a."""
    client = Client(key=None, can_renew_token=lambda: True)
    assert client.do(Connect()) == ["connection connecting", "token 1"]
    assert client.do(TokenObtained(9, Secret("t9"))) == []
    assert client.do(TokenObtained(1, Secret("t1"))) == ["open 1 main"]
    client.receive(connected(), Frame(Action.AUTH))
    assert client.do(TokenObtained(2, Secret("t2"))) == ["send AUTH"]
    assert client.do(TokenChanged(Secret("t2"))) == []
    assert client.do(TokenChanged(Secret("t3"))) == ["send AUTH"]
    assert client.receive(connected()) == ["connection update"]


def test_a_token_that_nobody_waits_for_is_kept_for_later() -> None:
    client = Client(key=None)
    client.do(TokenChanged(Secret("t1")))
    assert client.do(Authorize(1), Authorized(1, Secret("t2"))) == [
        "connection connecting",
        "token 1",
    ]
    assert client.sent(Action.AUTH) == []


@pytest.mark.parametrize("how", ["failed", "no answer", "stale"])
def test_without_a_new_token_the_connection_stays(how: str) -> None:
    """RSA4c3."""
    client = client_in(S.CONNECTED)
    client.receive(Frame(Action.AUTH))
    if how == "no answer":
        client.advance(10_000)
    else:
        client.do(TokenFailed(1 if how == "failed" else 9, error(50000)))
    assert client.connection.state is S.CONNECTED
    assert (client.connection.error_reason is None) is (how == "stale")


@pytest.mark.parametrize(
    ("final", "story"),
    [
        (False, ["connection disconnected 80019 in 12000"]),
        (True, ["connection failed 80019"]),
    ],
)
def test_without_a_token_there_is_no_dial(final: bool, story: list[str]) -> None:
    """RSA4c2, RSA4d."""
    client = Client(key=None, random=0.0)
    client.do(Connect())
    assert client.do(TokenFailed(1, error(40300), final)) == story


def test_authorize() -> None:
    """RTC8."""
    client = client_in(S.CONNECTED)
    client.do(Authorize(1), Authorize(2), Authorize(3))
    assert client.do(Authorized(1, Secret("t1"))) == ["send AUTH"]
    assert client.receive(connected()) == ["connection update", "ok 1"]
    assert client.do(AuthorizeFailed(2, error(50000))) == ["failed 2 80019"]
    assert client.close()[-1] == "failed 3 80017"
    assert client.do(Authorized(3, Secret("t3")), AuthorizeFailed(3, error(50000))) == []


# -- what happens around the client


def test_the_network_comes_and_goes() -> None:
    """RTN20."""
    client = client_in(S.CONNECTED)
    assert client.do(NetworkLost()) == ["close 1", "connection disconnected 80003 in 0"]
    assert client.do(NetworkAvailable()) == ["connection connecting", "open 2 main"]


def test_silence_and_signs_of_life() -> None:
    """RTN23."""
    client = Client()
    client.connect(connected(max_idle_interval=15_000))
    client.advance(20_000)
    client.do(Alive(1), Alive(2))
    assert client.advance(24_999) == []
    assert client.advance(1)[0] == "close 1"


def test_another_host_where_the_internet_is_there() -> None:
    """RTN17j."""
    client = Client(fallback_hosts=("a",))
    client.do(Connect())
    assert client.drop(try_elsewhere=True) == ["check 1"]
    assert client.do(ConnectivityChecked(1, online=True)) == ["open 2 a"]
    stale: list[Input] = [Received(1, connected()), Dropped(1, error(80003)), Alive(1)]
    assert client.do(*stale) == []


# -- identity, recovery


@pytest.mark.parametrize("client_id", [None, "me", "*"])
def test_the_identity_is_confirmed_before_connected_is_announced(client_id: str | None) -> None:
    """RTC4a, RSA7b3."""
    client = Client()
    client.connect(connected(client_id=client_id))
    confirmed = ClientIdConfirmed(client_id)
    assert client.effects.index(confirmed) < client.effects.index(client.last(ConnectionChanged))
    client.receive(connected(client_id="me"))
    assert client.last(ClientIdConfirmed) == ClientIdConfirmed("me")


def test_the_recovery_key_holds_where_everything_stood() -> None:
    """RTN16g."""
    client = client_in(S.CONNECTED)
    client.attach("orders", "cs1")
    client.attach("no serial")
    client.do(Attach(1, "attaching"), publish(2), publish(3))
    expected = RecoveryKey(Secret("k1"), 2, {"orders": "cs1"})
    assert client.session.recovery_key() == expected
    client.drop()
    assert client.session.recovery_key() == expected


@pytest.mark.parametrize(
    ("state", "recoverable"),
    [
        (S.INITIALIZED, False),
        (S.CONNECTING, False),
        (S.DISCONNECTED, True),
        (S.SUSPENDED, True),
        (S.CLOSING, False),
        (S.CLOSED, False),
        (S.FAILED, False),
    ],
)
def test_the_recovery_key_exists_while_there_is_something_to_recover(
    state: ConnectionState, recoverable: bool
) -> None:
    """RTN16g3."""
    assert (client_in(state).session.recovery_key() is not None) is recoverable


def recovering(**config: Any) -> Client:
    key = RecoveryKey(Secret("k0"), 7, {"orders": "cs1", "invoices": "cs2"})
    return Client(recovery=key, **config)


def test_recovers_serials_and_channels() -> None:
    """RTN16f, RTN16i, RTN16j."""
    client = recovering()
    channels = client.session.channels
    assert {name: channel.channel_serial for name, channel in channels.items()} == {
        "orders": "cs1",
        "invoices": "cs2",
    }
    client.do(publish(1), Attach(2, "orders"))
    assert client.connect(connected("c0", "k1")) == [
        "connection connecting",
        "open 1 main",
        "connection connected",
        "send ATTACH orders cs1",
        "send MESSAGE orders #7",
    ]


def test_a_failed_recovery_numbers_from_zero() -> None:
    """RTN16f, RTN16l."""
    client = recovering()
    client.do(publish(1))
    client.connect(connected("c1", error=error(80018, 400)))
    assert serials(client) == [0]


def test_recovery_takes_the_serial_along_or_is_not_tried() -> None:
    """RTN11d, RTN16f: with the old connection but new numbers, messages would pass as repeats."""
    client = recovering()
    client.do(Close(), Connect())
    recovered = client.dialled_with("recover") is not None
    client.receive(connected("c0"))
    client.do(publish(1))
    assert serials(client) == [7 if recovered else 0]


# -- what concerns nobody


@pytest.mark.parametrize(
    "frame",
    [
        Frame(99),
        Frame(Action.MESSAGE),
        Frame(Action.DETACHED),
        Frame(99, channel="orders"),
        message("unheard-of", "a"),
        attached("unheard-of"),
        Frame(Action.ATTACH, channel="orders"),
    ],
    ids=str,
)
def test_what_nobody_knows_leaves_a_trace_at_most(frame: Frame) -> None:
    """RTF1."""
    client = client_in(S.CONNECTED)
    client.attach()
    before = len(client.effects)
    client.receive(frame)
    assert {type(effect) for effect in client.effects[before:]} <= {Trace}
    assert client.connection.state is S.CONNECTED
    assert list(client.session.channels) == ["orders"]


@pytest.mark.parametrize(
    "frame", [ack(0), attached(), detached(), message("orders", "a", serial="cs9")], ids=str
)
def test_nothing_but_the_connection_counts_before_connected(frame: Frame) -> None:
    """RTN6."""
    client = client_in(S.CONNECTED)
    client.attach("orders", "cs1")
    client.do(publish(1))
    client.drop()
    client.do(TimersDue())
    assert client.receive(frame) == []
    assert client.outcome(1) == "pending"
    assert client.session.channels["orders"].channel_serial == "cs1"


def test_nothing_is_due_in_a_quiet_session() -> None:
    client = Client()
    assert client.session.next_deadline is None
    assert client.do(TimersDue()) == []
    client.connect(connected(max_idle_interval=15_000))
    assert client.session.next_deadline == START + 25_000


def test_a_state_is_never_announced_twice() -> None:
    """RTN4h, RTL2g."""
    client = client_in(S.CONNECTED)
    client.attach()
    client.receive(connected(), attached(), attached(flags=Flag.RESUMED))
    client.advance(MINUTE)
    client.drop()
    client.advance(5 * MINUTE)
    client.do(Connect())
    client.receive(connected("c2"), attached())
    client.close()
    changes = client.all(ConnectionChanged) + client.all(ChannelChanged)
    assert {change.event.value for change in changes if change.previous == change.current} == {
        "update"
    }
    assert client.all(OpenTransport)[0].attempt < client.attempt


# -- the entrance for frames


@pytest.mark.parametrize("attempt", [1, 2], ids=["current", "stale"])
@pytest.mark.parametrize(
    "state", [S.CONNECTING, S.CONNECTED, S.DISCONNECTED], ids=lambda state: str(state.value)
)
@pytest.mark.parametrize("action", [*Action, 99])
@pytest.mark.parametrize("channel", [None, "orders", "unknown"])
def test_a_frame_may_come_by_either_entrance(
    state: ConnectionState, channel: str | None, action: int, attempt: int
) -> None:
    def outcome(*, by_name: bool) -> tuple[list[str], list[object]]:
        client = client_in(state)
        if state is S.CONNECTED:
            put_channel(client, ChannelState.ATTACHED, "orders")
        frame = Frame(action, channel=channel, channel_serial="s", messages=[Message(data="d")])
        session, number = client.session, client.connection.attempt - 1 + attempt
        if by_name:
            effects = session.received(number, frame, client.now)
        else:
            effects = session.handle(Received(number, frame), client.now)
        left = session.handle(TimersDue(), client.now)
        states: list[object] = [client.connection.state, client.connection.error_reason]
        states += [(c.state, c.channel_serial) for c in session.channels.values()]
        return [str(effect) for effect in effects + left], [*states, session.next_deadline]

    assert outcome(by_name=True) == outcome(by_name=False)


@pytest.mark.parametrize("state", ConnectionState)
def test_a_publish_may_come_by_either_entrance(state: ConnectionState) -> None:
    def outcome(*, by_name: bool) -> tuple[list[str], int]:
        session, now = (client := client_in(state)).session, client.now
        frame = Frame(Action.MESSAGE, channel="orders", messages=[Message(data="d")])
        effects = session.publish(1, frame) if by_name else session.handle(Publish(1, frame), now)
        effects += session.handle(TimersDue(), now)
        return [str(effect) for effect in effects], client.connection.attempt

    assert outcome(by_name=True) == outcome(by_name=False)
