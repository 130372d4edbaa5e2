"""A channel: attach, detach, suspend, serials."""

from __future__ import annotations

from typing import Any

import pytest

from ably_realtime._core.channel_settings import ChannelSettings
from ably_realtime._core.effects import ChannelChanged
from ably_realtime._core.inputs import (
    Attach,
    ChangePresence,
    Close,
    Configure,
    Detach,
    GetPresence,
    Input,
    Release,
    TimersDue,
)
from ably_realtime._wire.cipher import Cipher
from ably_realtime._wire.error_info import ErrorInfo
from ably_realtime._wire.frames import Action, Flag, Frame
from ably_realtime.messages import Annotation, Message
from ably_realtime.presence_messages import PresenceAction, PresenceMessage
from ably_realtime.states import ChannelEvent, ChannelMode, ChannelState, ConnectionState
from tests.unit.realtime.driving import (
    MINUTE,
    Client,
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

S = ChannelState
C = ConnectionState

NOT_ALLOWED = error(40160)
REWIND = ChannelSettings(params={"rewind": "1"})
DELTA = Message(data=b"delta", encoding="vcdiff", extras={"delta": {"from": "i1"}})
SUBSCRIBE = ChannelSettings(modes=frozenset({ChannelMode.SUBSCRIBE, ChannelMode.PRESENCE}))


def with_channel(state: ChannelState, **config: Any) -> Client:
    """A CONNECTED client with the channel `orders` in a state."""
    client = client_in(C.CONNECTED, **config)
    put_channel(client, state)
    return client


# -- attach


def test_attaches() -> None:
    """RTL4c, RTL2d."""
    client = client_in(C.CONNECTED)
    assert client.do(Attach(1, "orders")) == ["orders attaching", "send ATTACH orders"]
    assert client.receive(attached(serial="cs1")) == ["orders attached", "ok 1"]
    assert client.all(ChannelChanged) == [
        ChannelChanged("orders", S.INITIALIZED, S.ATTACHING, ChannelEvent.ATTACHING),
        ChannelChanged("orders", S.ATTACHING, S.ATTACHED, ChannelEvent.ATTACHED),
    ]
    assert client.session.next_deadline is None


@pytest.mark.parametrize(
    ("state", "story"),
    [
        (S.INITIALIZED, ["orders attaching", "send ATTACH orders"]),
        (S.ATTACHING, []),  # RTL4h
        (S.ATTACHED, ["ok 1"]),  # RTL4a
        (S.DETACHING, []),  # RTL4h
        (S.DETACHED, ["orders attaching", "send ATTACH orders"]),
        (S.SUSPENDED, ["orders attaching", "send ATTACH orders"]),
        (S.FAILED, ["orders attaching", "send ATTACH orders"]),  # RTL4g
    ],
)
def test_attach_from_every_state(state: ChannelState, story: list[str]) -> None:
    """RTL4."""
    client = with_channel(state)
    assert client.do(Attach(1, "orders")) == story
    client.receive(detached() if state is S.DETACHING else attached(), attached())
    assert client.outcome(1) is None
    assert client.session.channels["orders"].state is S.ATTACHED


@pytest.mark.parametrize("state", [S.FAILED, S.SUSPENDED])
def test_attaching_forgets_the_last_error(state: ChannelState) -> None:
    """RTL4g."""
    client = with_channel(state)
    channel = client.session.channels["orders"]
    assert channel.error_reason is not None
    client.do(Attach(1, "orders"))
    assert channel.error_reason is None


@pytest.mark.parametrize(
    ("state", "story"),
    [
        (C.INITIALIZED, ["orders attaching"]),
        (C.CONNECTING, ["orders attaching"]),
        (C.DISCONNECTED, ["orders attaching"]),
        (C.SUSPENDED, ["failed 1 80002"]),
        (C.CLOSING, ["failed 1 80017"]),
        (C.CLOSED, ["failed 1 80017"]),
        (C.FAILED, ["failed 1 80000"]),
    ],
)
def test_attach_while_not_connected(state: ConnectionState, story: list[str]) -> None:
    """RTL4i, RTL4b."""
    client = client_in(state)
    assert client.do(Attach(1, "orders")) == story
    if story == ["orders attaching"]:
        client.connect() if state is not C.CONNECTING else client.receive(connected())
        assert [frame.channel for frame in client.sent(Action.ATTACH)] == ["orders"]
        assert client.receive(attached()) == ["orders attached", "ok 1"]


@pytest.mark.parametrize(
    ("frame", "state", "code"),
    [
        (detached(), "suspended", 90000),
        (detached(error=NOT_ALLOWED), "suspended", 40160),
        (failed("orders", NOT_ALLOWED), "failed", 40160),
        (failed("orders"), "failed", 90000),
    ],
    ids=str,
)
def test_the_server_refuses(frame: Frame, state: str, code: int) -> None:
    """RTL4d, RTL13b, RTL14."""
    client = with_channel(S.INITIALIZED)
    client.do(Attach(1, "orders"), Attach(2, "orders"))
    assert client.receive(frame) == [
        f"orders {state} {code}",
        f"failed 1 {code}",
        f"failed 2 {code}",
    ]
    reason = client.session.channels["orders"].error_reason
    assert reason is not None
    assert reason.code == code


def test_an_attach_that_is_not_answered_is_suspended_and_tried_again() -> None:
    """RTL4f, RTL13b, RTB1."""
    client = Client(random=0.0, realtime_request_timeout=10_000, channel_retry_timeout=3_000)
    client.connect()
    client.do(Attach(1, "orders"))
    assert client.advance(9_999) == []
    assert client.advance(1) == ["orders suspended 90007", "failed 1 90007"]
    for delay in (2_400, 3_200, 4_000, 4_800, 4_800):
        assert client.advance(delay - 1) == []
        assert client.advance(1) == ["orders attaching", "send ATTACH orders"]
        assert client.receive(detached(error=NOT_ALLOWED)) == ["orders suspended 40160"]
    client.advance(4_800)
    assert client.receive(attached()) == ["orders attached"]
    assert client.session.channels["orders"].error_reason is None

    client.receive(detached(), detached())
    assert client.advance(2_399) == []
    assert client.advance(1) == ["orders attaching", "send ATTACH orders"]


def test_what_was_asked_for_is_sent() -> None:
    """RTL4k, RTL4l."""
    client = client_in(C.CONNECTED)
    both = ChannelSettings(params={"rewind": "1"}, modes=SUBSCRIBE.modes)
    assert client.do(Configure(1, "orders", both)) == ["ok 1"]
    client.do(Attach(2, "orders"))
    assert client.sent(Action.ATTACH) == [
        Frame(Action.ATTACH, channel="orders", params={"rewind": "1"}, flags=1 << 18 | 1 << 16)
    ]


def test_what_was_granted_is_shown() -> None:
    """RTL4k1, RTL4m."""
    client = client_in(C.CONNECTED)
    client.do(Attach(1, "orders"))
    client.receive(attached(flags=Flag.HAS_BACKLOG | 1 << 17 | 1 << 21, params={"rewind": "1"}))
    channel = client.session.channels["orders"]
    assert channel.params == {"rewind": "1"}
    assert channel.modes == {ChannelMode.PUBLISH, ChannelMode.ANNOTATION_PUBLISH}
    client.receive(attached())
    assert (channel.params, channel.modes) == ({}, frozenset())


@pytest.mark.parametrize(
    ("flags", "told"),
    [(0, ""), (Flag.RESUMED, " resumed"), (Flag.RESUMED | Flag.HAS_BACKLOG, " resumed backlog")],
)
def test_the_change_says_what_the_server_said(flags: int, told: str) -> None:
    """RTL2f, RTL2i, RTL2d."""
    client = with_channel(S.ATTACHING)
    story = client.receive(attached(flags=flags, error=error(91001, 400)))
    assert story[0] == f"orders attached 91001{told}"


# -- detach


def test_detaches() -> None:
    """RTL5d."""
    client = with_channel(S.ATTACHED)
    assert client.do(Detach(1, "orders")) == ["orders detaching", "send DETACH orders"]
    assert client.receive(detached(error=error(80000, 400))) == ["orders detached 80000", "ok 1"]
    assert client.session.next_deadline is None


@pytest.mark.parametrize(
    ("state", "story"),
    [
        (S.INITIALIZED, ["ok 1"]),  # RTL5a
        (S.ATTACHING, []),  # RTL5i
        (S.ATTACHED, ["orders detaching", "send DETACH orders"]),
        (S.DETACHING, []),  # RTL5i
        (S.DETACHED, ["ok 1"]),  # RTL5a
        (S.SUSPENDED, ["orders detached", "ok 1"]),  # RTL5j
        (S.FAILED, ["failed 1 90001"]),  # RTL5b
    ],
)
def test_detach_from_every_state(state: ChannelState, story: list[str]) -> None:
    """RTL5."""
    client = with_channel(state)
    assert client.do(Detach(1, "orders")) == story
    client.receive(attached() if state is S.ATTACHING else detached(), detached())
    assert client.outcome(1) == (90001 if state is S.FAILED else None)
    assert client.session.channels["orders"].state is not S.ATTACHED


@pytest.mark.parametrize(
    "call", [Detach(1, "orders"), Release(1, "orders")], ids=["detach", "release"]
)
@pytest.mark.parametrize("state", [S.ATTACHING, S.ATTACHED, S.DETACHING])
@pytest.mark.parametrize("line", [C.DISCONNECTED, C.SUSPENDED, C.CLOSING, C.CLOSED])
def test_detach_while_not_connected(
    line: ConnectionState, state: ChannelState, call: Detach | Release
) -> None:
    """RTL5l, RTS4a: nothing is on its way, so there is nothing to wait for."""
    client = with_channel(state)
    lead_to(client, line)
    detaches = len(client.sent(Action.DETACH))
    client.do(call)
    assert client.outcome(1) is None
    if isinstance(call, Release):
        assert client.session.channels == {}
    else:
        assert client.session.channels["orders"].state is S.DETACHED
    assert len(client.sent(Action.DETACH)) == detaches


def test_detaching_before_there_is_a_connection_fails_the_attach() -> None:
    """RTL5l, RTL4d."""
    client = client_in(C.CONNECTING)
    client.do(Attach(1, "orders"))
    assert client.do(Detach(2, "orders")) == ["orders detached", "failed 1 90000", "ok 2"]
    assert client.receive(connected()) == ["connection connected"]


def test_a_detach_that_is_not_answered_changes_nothing() -> None:
    """RTL5f."""
    client = with_channel(S.ATTACHED)
    client.do(Detach(1, "orders"), Detach(2, "orders"))
    assert client.advance(9_999) == []
    assert client.advance(1) == ["orders attached 90007", "failed 1 90007", "failed 2 90007"]
    assert client.receive(message("orders", "still here")) == ["deliver orders still here"]


def test_an_attached_that_crosses_a_detach_is_answered_with_another() -> None:
    """RTL5k."""
    client = with_channel(S.DETACHING)
    assert client.receive(attached()) == ["send DETACH orders"]
    client.receive(detached())
    assert client.receive(attached()) == ["orders detaching", "send DETACH orders"]
    assert client.advance(10_000) == ["orders detached 90007"]


@pytest.mark.parametrize("state", [S.INITIALIZED, S.FAILED])
def test_an_attached_that_nobody_asked_for_is_ignored(state: ChannelState) -> None:
    client = with_channel(state)
    assert client.receive(attached()) == []


# -- calls that meet each other


def test_a_detach_waits_for_the_attach_under_way() -> None:
    """RTL5i."""
    client = with_channel(S.INITIALIZED)
    client.do(Attach(1, "orders"), Detach(2, "orders"), Attach(3, "orders"), Attach(4, "orders"))
    assert client.receive(attached()) == [
        "orders attached",
        "ok 1",
        "orders detaching",
        "send DETACH orders",
    ]
    assert client.receive(detached()) == [
        "orders detached",
        "ok 2",
        "orders attaching",
        "send ATTACH orders",
    ]
    assert client.receive(attached()) == ["orders attached", "ok 3", "ok 4"]


def test_an_attach_waits_for_the_detach_under_way() -> None:
    """RTL4h."""
    client = with_channel(S.ATTACHED)
    client.do(Detach(1, "orders"), Attach(2, "orders"), Detach(3, "orders"))
    client.receive(detached())
    assert [client.outcome(op) for op in (1, 2, 3)] == [None, "pending", "pending"]
    client.receive(attached())
    assert [client.outcome(op) for op in (1, 2, 3)] == [None, None, "pending"]
    client.receive(detached())
    assert client.outcome(3) is None


def test_a_detach_that_waited_for_a_failed_attach() -> None:
    """RTL5i, RTL5j: no retry is left behind."""
    client = with_channel(S.INITIALIZED)
    client.do(Attach(1, "orders"), Detach(2, "orders"))
    assert client.receive(detached(error=NOT_ALLOWED)) == [
        "orders suspended 40160",
        "failed 1 40160",
        "orders detached",
        "ok 2",
    ]
    assert client.session.next_deadline is None


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("end", [C.CLOSED, C.FAILED, C.SUSPENDED])
def test_no_call_is_left_pending_when_the_connection_ends(
    state: ChannelState, end: ConnectionState
) -> None:
    """Every operation settles exactly once, whatever the channel was doing."""
    client = with_channel(state)
    calls: list[Input] = [
        Attach(1, "orders"),
        Detach(2, "orders"),
        Configure(3, "orders", REWIND),
        Attach(4, "orders"),
        Detach(5, "orders"),
        Release(6, "orders"),
    ]
    client.do(*calls)
    lead_to(client, end)
    assert "pending" not in [client.outcome(op) for op in range(1, 7)]


# -- what happens on the connection


@pytest.mark.parametrize(
    ("end", "reason"), [(C.CLOSED, ""), (C.FAILED, " 40400"), (C.SUSPENDED, " 80002")]
)
@pytest.mark.parametrize("state", list(S))
def test_the_end_of_the_connection(state: ChannelState, end: ConnectionState, reason: str) -> None:
    """RTL3a, RTL3b, RTL3c."""
    client = with_channel(state, random=0.0, realtime_request_timeout=1_000)
    story = [line for line in lead_to(client, end) if line.startswith("orders")]
    target = {C.CLOSED: S.DETACHED, C.FAILED: S.FAILED, C.SUSPENDED: S.SUSPENDED}[end]
    channel = client.session.channels["orders"]
    if state in (S.ATTACHING, S.ATTACHED):
        assert story == [f"orders {target}{reason}"]
    elif state is S.DETACHING:
        assert story == ["orders detached"]
    else:
        assert story == []
        assert channel.state is state
    if end is C.FAILED and state in (S.ATTACHING, S.ATTACHED):
        assert channel.error_reason == error(40400)
    if end is not C.SUSPENDED:
        assert client.advance(10 * MINUTE) == []


@pytest.mark.parametrize("state", list(S))
def test_a_lost_connection_leaves_the_channel_alone(state: ChannelState) -> None:
    """RTL3e, RTL13c."""
    client = with_channel(state)
    assert client.drop() == ["connection disconnected 80003 in 0"]
    client.do(TimersDue())
    client.advance(9_999)
    assert client.session.channels["orders"].state is state


@pytest.mark.parametrize(
    ("state", "before", "after"),
    [
        (S.INITIALIZED, [], []),
        (S.ATTACHING, [], ["send ATTACH orders"]),  # RTN19b
        (S.ATTACHED, ["orders attaching"], ["send ATTACH orders"]),
        (S.DETACHING, [], ["send DETACH orders"]),  # RTN19b
        (S.DETACHED, [], []),
        (S.SUSPENDED, ["orders attaching"], ["send ATTACH orders"]),
        (S.FAILED, [], []),
    ],
)
@pytest.mark.parametrize("id", ["c1", "c2"])
def test_connected_again(
    state: ChannelState,
    before: list[str],
    after: list[str],
    id: str,  # noqa: A002 - the name of the field
) -> None:
    """RTL3d, RTL3d1, RTN19b: the same whether the connection was resumed or not."""
    client = with_channel(state)
    client.drop()
    client.do(TimersDue())
    assert client.receive(connected(id)) == [*before, "connection connected", *after]
    if after:
        assert client.advance(9_999) == []
        assert client.advance(1)[0] in ("orders suspended 90007", "orders attached 90007")


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("end", [C.CLOSED, C.FAILED])
def test_connecting_after_the_end_starts_afresh(state: ChannelState, end: ConnectionState) -> None:
    """RTN11d."""
    client = with_channel(state)
    lead_to(client, end)
    client.connect()
    channel = client.session.channels["orders"]
    assert (channel.state, channel.error_reason) == (S.INITIALIZED, None)
    assert all(change.previous is not change.current for change in client.all(ChannelChanged))


# -- what the server does by itself


@pytest.mark.parametrize(
    ("state", "story"),
    [
        (S.INITIALIZED, []),
        (S.ATTACHING, ["orders suspended 40160"]),  # RTL13b
        (S.ATTACHED, ["orders attaching 40160", "send ATTACH orders"]),  # RTL13a
        (S.DETACHING, ["orders detached 40160"]),
        (S.DETACHED, []),
        (S.SUSPENDED, ["orders attaching 40160", "send ATTACH orders"]),  # RTL13a
        (S.FAILED, []),
    ],
)
def test_detached_by_the_server(state: ChannelState, story: list[str]) -> None:
    """RTL13."""
    client = with_channel(state)
    told = client.receive(detached(error=NOT_ALLOWED))
    assert [line for line in told if not line.startswith(("ok", "failed"))] == story
    if story:
        assert client.session.channels["orders"].error_reason == NOT_ALLOWED


@pytest.mark.parametrize("state", list(S))
def test_an_error_fails_the_channel(state: ChannelState) -> None:
    """RTL14, RTL2g."""
    client = with_channel(state)
    story = client.receive(failed("orders", error(40001)))
    assert ("orders failed 40001" in story) is (state is not S.FAILED)
    channel = client.session.channels["orders"]
    assert (channel.state, channel.error_reason) == (S.FAILED, error(40001))
    assert client.connection.state is C.CONNECTED


@pytest.mark.parametrize(
    ("flags", "why", "story"),
    [
        (0, None, ["orders update", "gap orders"]),
        (Flag.HAS_BACKLOG, NOT_ALLOWED, ["orders update 40160 backlog", "gap orders 40160"]),
        (Flag.RESUMED, None, []),
    ],
)
def test_attached_once_more(flags: int, why: ErrorInfo | None, story: list[str]) -> None:
    """RTL12."""
    client = with_channel(S.ATTACHED)
    assert client.receive(attached(flags=flags, error=why)) == story
    change = client.last(ChannelChanged)
    assert change.current is S.ATTACHED
    assert client.session.channels["orders"].error_reason == why


@pytest.mark.parametrize(
    "frame",
    [
        Frame(99, channel="orders"),
        Frame(Action.CONNECTED, channel="orders"),
        attached("unheard-of"),
    ],
    ids=str,
)
def test_frames_that_mean_nothing_to_a_channel_are_ignored(frame: Frame) -> None:
    """RTF1."""
    assert with_channel(S.ATTACHED).receive(frame) == []


# -- messages and serials


@pytest.mark.parametrize("state", list(S))
def test_only_an_attached_channel_delivers(state: ChannelState) -> None:
    """RTL17."""
    client = with_channel(state)
    before = client.session.channels["orders"].channel_serial
    story = client.receive(message("orders", "a", "b", serial="cs9"))
    if state is S.ATTACHED:
        assert story == ["deliver orders a b"]
    else:
        assert story == []
        assert client.session.channels["orders"].channel_serial == before


def test_the_serial_follows_what_is_received() -> None:
    """RTL15b, RTL4c1."""
    client = client_in(C.CONNECTED)
    client.attach("orders", "cs1")
    channel = client.session.channels["orders"]
    frames = [
        (message("orders", "a", serial="cs2"), "cs2"),
        (message("orders", "b"), "cs2"),
        (Frame(Action.PRESENCE, channel="orders", channel_serial="cs3"), "cs3"),
        (Frame(Action.ANNOTATION, channel="orders", channel_serial="cs4"), "cs4"),
        (Frame(Action.SYNC, channel="orders", channel_serial="sync:"), "cs4"),
        (attached(serial="cs5", flags=Flag.RESUMED), "cs5"),
        (attached(), "cs5"),
    ]
    for frame, serial in frames:
        client.receive(frame)
        assert channel.channel_serial == serial
    client.receive(detached())
    assert client.sent(Action.ATTACH)[-1].channel_serial == "cs5"


@pytest.mark.parametrize(
    ("state", "kept"),
    [(S.DETACHED, False), (S.FAILED, False), (S.SUSPENDED, True)],
)
def test_the_serial_does_not_outlive_the_attachment(state: ChannelState, kept: bool) -> None:
    """RTL15b2."""
    client = client_in(C.CONNECTED)
    client.attach("orders", "cs1")
    put_channel_on(client, state)
    assert client.session.channels["orders"].channel_serial == ("cs1" if kept else None)
    client.do(Attach(9, "orders"))
    assert client.sent(Action.ATTACH)[-1].channel_serial == ("cs1" if kept else None)


def put_channel_on(client: Client, state: ChannelState) -> None:
    """Move the attached channel on without another ATTACHED."""
    match state:
        case S.DETACHED:
            client.do(Detach(8, "orders"))
            client.receive(detached())
        case S.FAILED:
            client.receive(failed("orders", NOT_ALLOWED))
        case S.SUSPENDED:
            client.receive(detached(), detached())
    assert client.session.channels["orders"].state is state


def test_the_attach_serial_is_where_an_attachment_began() -> None:
    """RTL15c."""
    client = client_in(C.CONNECTED)
    channel = client.session.channel("orders")
    assert channel.attach_serial is None
    client.attach("orders", "cs1")
    client.receive(message("orders", "a", serial="cs2"))
    assert channel.attach_serial == "cs1"
    client.receive(attached(serial="cs3", flags=Flag.RESUMED))
    assert channel.attach_serial == "cs1"
    client.receive(attached(serial="cs4"))
    assert channel.attach_serial == "cs4"


def test_missed_messages_are_told_of_unless_the_application_left() -> None:
    client = with_channel(S.ATTACHED)
    client.receive(detached())
    assert client.receive(attached(error=NOT_ALLOWED))[-1] == "gap orders 40160"
    client.receive(detached())
    assert client.receive(attached(flags=Flag.RESUMED)) == ["orders attached resumed"]
    client.do(Detach(1, "orders"))
    client.receive(detached())
    client.do(Attach(2, "orders"))
    assert client.receive(attached()) == ["orders attached", "ok 2"]
    client.receive(failed(error=error(40400)))
    client.connect()
    client.do(Attach(3, "orders"))
    assert client.receive(attached()) == ["orders attached", "ok 3"]


def test_annotations_are_delivered() -> None:
    """RTAN4b."""
    client = with_channel(S.ATTACHED)
    frame = Frame(Action.ANNOTATION, channel="orders", annotations=[Annotation(name="like")])
    assert client.receive(frame) == ["annotations orders like"]


def test_a_cipher_applies_to_what_comes_from_then_on() -> None:
    """RSL5a."""
    cipher = Cipher(bytes(16))
    secret = Message(data=cipher.encrypt(b"text"), encoding=f"utf-8/{cipher.encoding}")
    client = with_channel(S.ATTACHED)
    client.do(Configure(1, "orders", ChannelSettings(cipher=cipher)))
    assert client.receive(message("orders", secret)) == ["deliver orders text"]


class NoDelta:
    """A decoder whose deltas never fit."""

    def decode(self, delta: bytes, base: bytes) -> bytes:
        raise ValueError("it does not fit")


def test_a_delta_that_does_not_fit_is_asked_for_again() -> None:
    """RTL18, RTL18c: from before the frame that holds it, none of which is delivered."""
    client = client_in(C.CONNECTED, delta_decoder=NoDelta())
    client.attach("orders", "cs1")
    client.receive(message("orders", "a", serial="cs2"))
    assert client.receive(message("orders", "b", DELTA, serial="cs3")) == [
        "warn 40018",
        "orders attaching 40018",
        "send ATTACH orders cs2",
    ]
    assert client.receive(message("orders", "c", serial="cs4")) == []
    assert client.receive(attached(flags=Flag.RESUMED)) == ["orders attached resumed"]
    assert client.receive(message("orders", "b", serial="cs3")) == ["deliver orders b"]


def test_deltas_without_a_decoder_fail_the_channel() -> None:
    """PC3."""
    client = with_channel(S.ATTACHED)
    assert client.receive(message("orders", DELTA)) == ["warn 40019", "orders failed 40019"]


# -- presence that waits for the channel


MEMBER = PresenceMessage(PresenceAction.PRESENT, "you", "c9", id="c9:0:0")


def enter(op: int) -> ChangePresence:
    member = PresenceMessage(PresenceAction.ENTER, client_id="me")
    return ChangePresence(op, Frame(Action.PRESENCE, channel="orders", presence=[member]))


@pytest.mark.parametrize(
    ("line", "story"),
    [
        (C.INITIALIZED, ["orders attaching"]),
        (C.CONNECTED, ["orders attaching", "send ATTACH orders"]),
        (C.SUSPENDED, ["failed 1 80002"]),
        (C.FAILED, ["failed 1 80000"]),
    ],
)
def test_entering_attaches(line: ConnectionState, story: list[str]) -> None:
    """RTP8d, RTL4b."""
    assert client_in(line).do(enter(1)) == story


def test_entering_waits_for_the_attach_under_way() -> None:
    """RTP16b."""
    client = with_channel(S.ATTACHING)
    assert client.do(enter(1)) == []
    assert client.receive(attached())[-1] == "send PRESENCE orders #0"


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("wait", [True, False])
def test_who_is_there(state: ChannelState, wait: bool) -> None:
    """RTP11, RTP11d."""
    client = with_channel(state)
    if state in (S.ATTACHED, S.SUSPENDED):
        client.receive(attached())
        client.receive(Frame(Action.PRESENCE, channel="orders", presence=[MEMBER]))
    if state is S.SUSPENDED:
        client.receive(detached(), detached())
    client.do(GetPresence(1, "orders", wait=wait))
    if state is S.ATTACHED:
        assert client.outcome(1) == [MEMBER]
    elif state is S.SUSPENDED:
        assert client.outcome(1) == (91005 if wait else [MEMBER])
    else:
        assert client.outcome(1) == 90001


def test_a_member_that_is_not_taken_back_is_told_of() -> None:
    """RTP17e, RTP17i."""
    client = with_channel(S.ATTACHED)
    mine = PresenceMessage(PresenceAction.ENTER, "me", "c1", id="c1:0:0")
    client.receive(Frame(Action.PRESENCE, channel="orders", presence=[mine]))
    assert client.receive(attached())[-2:] == ["send PRESENCE orders #0", "gap orders"]
    refusal = Frame(Action.NACK, msg_serial=0, count=1, error=NOT_ALLOWED)
    assert client.receive(refusal) == ["warn 91004", "orders update 91004 resumed"]


# -- options


@pytest.mark.parametrize("settings", [REWIND, SUBSCRIBE])
@pytest.mark.parametrize("state", list(S))
def test_new_options_are_attached_where_they_matter(
    state: ChannelState, settings: ChannelSettings
) -> None:
    """RTL16, RTL16a."""
    client = with_channel(state)
    story = client.do(Configure(1, "orders", settings))
    if state in (S.ATTACHED, S.ATTACHING):
        announced = ["orders attaching"] if state is S.ATTACHED else []
        assert story == [*announced, "send ATTACH orders"]
        frame = client.sent(Action.ATTACH)[-1]
        assert (frame.params, frame.flags) == (settings.params, settings.flags)
        assert client.outcome(1) == "pending"
        client.receive(attached(flags=Flag.RESUMED))
        assert client.outcome(1) is None
    else:
        assert story == ["ok 1"]


def test_options_that_do_not_change_the_attachment_are_set_at_once() -> None:
    client = with_channel(S.ATTACHED)
    assert client.do(Configure(1, "orders", ChannelSettings())) == ["ok 1"]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (failed("orders", NOT_ALLOWED), 40160),
        (None, 90007),
    ],
    ids=["failed", "no answer"],
)
def test_new_options_that_are_not_accepted(frame: Frame | None, code: int) -> None:
    """RTL16a."""
    client = with_channel(S.ATTACHED)
    client.do(Configure(1, "orders", REWIND))
    if frame is None:
        client.advance(10_000)
    else:
        client.receive(frame)
    assert client.outcome(1) == code


def test_new_options_survive_a_lost_connection() -> None:
    client = with_channel(S.ATTACHED)
    client.do(Configure(1, "orders", REWIND))
    client.drop()
    client.do(Configure(2, "orders", SUBSCRIBE))
    client.do(TimersDue())
    client.receive(connected())
    assert client.sent(Action.ATTACH)[-1].flags == SUBSCRIBE.flags
    assert client.receive(attached()) == ["orders attached", "ok 1", "ok 2", "gap orders"]


# -- release


@pytest.mark.parametrize(
    ("state", "story"),
    [
        (S.INITIALIZED, ["forget orders", "ok 1"]),
        (S.ATTACHING, []),
        (S.ATTACHED, ["orders detaching", "send DETACH orders"]),
        (S.DETACHING, []),
        (S.DETACHED, ["forget orders", "ok 1"]),
        (S.SUSPENDED, ["orders detached", "forget orders", "ok 1"]),
        (S.FAILED, ["forget orders", "ok 1"]),
    ],
)
def test_release_from_every_state(state: ChannelState, story: list[str]) -> None:
    """RTS4a."""
    client = with_channel(state)
    assert client.do(Release(1, "orders")) == story
    client.receive(attached() if state is S.ATTACHING else detached(), detached())
    assert client.outcome(1) is None
    assert client.session.channels == {}
    assert client.advance(10 * MINUTE) == []


def test_a_release_that_the_server_does_not_answer_fails() -> None:
    client = with_channel(S.ATTACHED)
    client.do(Release(1, "orders"))
    assert client.advance(10_000) == ["orders attached 90007", "failed 1 90007"]
    assert client.session.channels["orders"].state is S.ATTACHED


def test_a_channel_that_fails_while_being_released_is_released() -> None:
    client = with_channel(S.ATTACHED)
    client.do(Release(1, "orders"))
    client.receive(failed("orders", NOT_ALLOWED))
    assert client.outcome(1) is None
    assert client.session.channels == {}


def test_calls_made_while_it_is_released_are_settled_and_leave_nothing_behind() -> None:
    client = with_channel(S.ATTACHED)
    client.do(Release(1, "orders"), Attach(2, "orders"), Detach(3, "orders"), Release(4, "orders"))
    client.receive(detached(), attached(), detached(), detached())
    assert "pending" not in [client.outcome(op) for op in range(1, 5)]
    client.do(Close())
    assert client.session.channels == {}
    assert [line for line in client.advance(10 * MINUTE) if "orders" in line] == []


def test_an_attach_made_while_it_is_released_is_answered() -> None:
    client = with_channel(S.ATTACHED)
    client.do(Release(1, "orders"), Attach(2, "orders"))
    client.receive(detached(), attached())
    assert client.outcome(2) != "pending"
    assert client.advance(10 * MINUTE) == []
