"""What the server has to acknowledge: sent, queued or refused, and who hears of it."""

from __future__ import annotations

import pytest

from ably_realtime._core.inputs import ChangePresence, Connect, Publish, TimersDue
from ably_realtime._wire.frames import Action, Flag, Frame
from ably_realtime.messages import PublishResult
from ably_realtime.presence_messages import PresenceAction, PresenceMessage
from ably_realtime.states import ChannelState, ConnectionState
from tests.unit.realtime.driving import (
    Client,
    ack,
    attached,
    client_in,
    connected,
    error,
    failed,
    lead_to,
    put_channel,
)

S = ConnectionState


def publish(op: int, channel: str = "orders") -> Publish:
    return Publish(op, Frame(Action.MESSAGE, channel=channel))


def serials(client: Client) -> list[int | None]:
    """The msgSerial of every message sent, in order."""
    return [frame.msg_serial for frame in client.sent(Action.MESSAGE)]


# -- publishing


@pytest.mark.parametrize(
    ("state", "queue_messages", "outcome"),
    [
        (S.INITIALIZED, True, "pending"),
        (S.CONNECTING, True, "pending"),
        (S.CONNECTED, True, "sent"),
        (S.CONNECTED, False, "sent"),
        (S.DISCONNECTED, True, "pending"),
        (S.SUSPENDED, True, 80002),
        (S.CLOSING, True, 80017),
        (S.CLOSED, True, 80017),
        (S.FAILED, True, 80000),
        (S.INITIALIZED, False, 80000),
        (S.CONNECTING, False, 80000),
        (S.DISCONNECTED, False, 80003),
    ],
)
def test_publish_by_connection_state(
    state: ConnectionState, queue_messages: bool, outcome: object
) -> None:
    """RTL6c1, RTL6c2, RTL6c4, TO3g."""
    client = client_in(state, queue_messages=queue_messages)
    story = client.do(publish(1))
    if outcome == "sent":
        assert story == ["send MESSAGE orders #0"]
    else:
        assert client.sent(Action.MESSAGE) == []
        assert client.outcome(1) == outcome
    if outcome == "pending":
        client.do(Connect())
        client.receive(connected("c2"), ack(0))
        assert client.outcome(1) == PublishResult()


@pytest.mark.parametrize("state", list(ChannelState))
@pytest.mark.parametrize("line", [S.CONNECTED, S.DISCONNECTED])
def test_publish_by_channel_state(state: ChannelState, line: ConnectionState) -> None:
    """RTL6c1, RTL6c4, RTL6c5."""
    client = client_in(S.CONNECTED)
    put_channel(client, state)
    lead_to(client, line)
    attaches = len(client.sent(Action.ATTACH))
    client.do(publish(1))
    if state in (ChannelState.SUSPENDED, ChannelState.FAILED):
        assert client.outcome(1) == 90001
    else:
        assert client.outcome(1) == "pending"
        assert len(client.sent(Action.MESSAGE)) == (line is S.CONNECTED)
    assert len(client.sent(Action.ATTACH)) == attaches


def test_publishing_does_not_make_a_channel() -> None:
    client = client_in(S.CONNECTED)
    client.do(publish(1, "unheard-of"))
    assert client.session.channels == {}


def test_acknowledged_and_refused() -> None:
    """RTN7a, RTN7b, RTL6j."""
    client = client_in(S.CONNECTED)
    client.do(*(publish(op) for op in range(1, 6)))
    client.receive(
        Frame(Action.ACK, msg_serial=0, count=1, res=[["s1", None]]),
        Frame(Action.NACK, msg_serial=2, count=1, error=error(40160)),
        ack(0, 3),
        Frame(Action.ACK, msg_serial=3),
        Frame(Action.NACK, msg_serial=4),
    )
    assert [client.outcome(op) for op in range(1, 6)] == [
        PublishResult(("s1", None)),
        50000,  # skipped
        40160,
        PublishResult(),
        50000,
    ]


@pytest.mark.parametrize(
    ("end", "code"), [(S.SUSPENDED, 80002), (S.CLOSED, 80017), (S.FAILED, 40400)]
)
def test_what_waits_fails_with_the_connection(end: ConnectionState, code: int) -> None:
    """RTN7e."""
    client = Client(realtime_request_timeout=1_000, random=0.0)
    client.connect()
    client.do(publish(1), publish(2))
    lead_to(client, end)
    assert [client.outcome(op) for op in (1, 2)] == [code, code]
    client.do(Connect())
    client.receive(connected("c1"))
    assert serials(client) == [0, 1]


def test_without_queueing_what_waits_fails_when_disconnected() -> None:
    """RTN7d."""
    client = client_in(S.CONNECTED, queue_messages=False)
    client.do(publish(1))
    assert client.drop() == ["failed 1 80003", "connection disconnected 80003 in 0"]


def test_a_channel_that_ends_does_not_take_its_messages_along() -> None:
    """RTL11a."""
    client = client_in(S.CONNECTED)
    client.attach()
    client.do(publish(1))
    client.receive(failed("orders", error(40160)))
    assert client.outcome(1) == "pending"
    client.receive(ack(0))
    assert client.outcome(1) == PublishResult()


def test_resent_again_and_again_until_it_is_acknowledged() -> None:
    """RTN19a."""
    client = client_in(S.CONNECTED)
    client.do(publish(1), publish(2))
    for _ in range(3):
        client.drop()
        client.do(Connect())
        client.receive(connected("c1"))
    assert serials(client) == [0, 1] * 4
    client.do(publish(3))
    client.receive(ack(0, 3))
    assert [client.outcome(op) for op in (1, 2, 3)] == [PublishResult()] * 3


def test_the_next_serial_is_part_of_the_recovery_key() -> None:
    """RTN16g."""
    client = client_in(S.CONNECTED)
    client.do(publish(1), publish(2))
    key = client.session.recovery_key()
    assert key is not None
    assert key.msg_serial == 2


@pytest.mark.parametrize("end", [S.CLOSED, S.FAILED])
def test_serials_begin_again_after_the_end(end: ConnectionState) -> None:
    """RTN11d."""
    client = client_in(S.CONNECTED)
    client.do(publish(1))
    lead_to(client, end)
    client.connect(connected("c2"))
    client.do(publish(2))
    assert serials(client) == [0, 0]


# -- presence


def enter(op: int) -> ChangePresence:
    return ChangePresence(op, frame_of(PresenceMessage(PresenceAction.ENTER, client_id="me")))


def frame_of(*members: PresenceMessage) -> Frame:
    return Frame(Action.PRESENCE, channel="orders", presence=list(members))


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (ChannelState.INITIALIZED, "pending"),
        (ChannelState.ATTACHING, "pending"),
        (ChannelState.ATTACHED, "sent"),
        (ChannelState.DETACHING, 90001),
        (ChannelState.DETACHED, 90001),
        (ChannelState.SUSPENDED, 90001),
        (ChannelState.FAILED, 90001),
    ],
)
@pytest.mark.parametrize("queue_messages", [True, False])
def test_entering_by_channel_state(
    state: ChannelState, outcome: object, queue_messages: bool
) -> None:
    """RTP16."""
    client = client_in(S.CONNECTED, queue_messages=queue_messages)
    put_channel(client, state)
    story = client.do(enter(1))
    if outcome == "sent":
        assert story == ["send PRESENCE orders #0"]
    elif outcome == "pending" and queue_messages:
        assert client.sent(Action.PRESENCE) == []
        assert client.receive(attached())[-1] == "send PRESENCE orders #0"
    else:
        assert client.outcome(1) == 90001
        return
    client.receive(ack(0))
    assert client.outcome(1) == PublishResult()


def test_presence_waits_for_the_channel_and_messages_do_not() -> None:
    """RTL3d2, RTP16b."""
    client = client_in(S.CONNECTED)
    client.attach()
    client.drop()
    client.do(enter(1), publish(2), TimersDue())
    assert client.receive(connected())[-2:] == ["send ATTACH orders", "send MESSAGE orders #0"]
    assert client.receive(attached())[1] == "send PRESENCE orders #1"


@pytest.mark.parametrize(
    ("id", "kept"),
    [("c1", "c1:0:0"), ("c2", None)],
    ids=["the same connection", "another connection"],
)
def test_members_of_ours_enter_again(
    id: str,  # noqa: A002 - the name of the field
    kept: str | None,
) -> None:
    """RTP17g, RTP17g1, RTP17i."""
    client = client_in(S.CONNECTED)
    client.attach()
    mine = PresenceMessage(PresenceAction.ENTER, "me", "c1", data={"a": 1}, id="c1:0:0")
    yours = PresenceMessage(PresenceAction.ENTER, "you", "c9", id="c9:0:0")
    client.receive(frame_of(mine, yours))
    client.drop()
    client.do(TimersDue())
    client.receive(connected(id))
    assert "send PRESENCE orders #0" in client.receive(attached(flags=Flag.HAS_PRESENCE))
    assert client.sent(Action.PRESENCE)[-1].presence == [
        PresenceMessage(PresenceAction.ENTER, "me", data='{"a":1}', encoding="json", id=kept)
    ]
    assert client.receive(ack(0)) == []


def test_a_refused_entry_of_its_own_is_the_channels_to_tell() -> None:
    """RTP17e."""
    client = client_in(S.CONNECTED)
    client.attach()
    client.receive(frame_of(PresenceMessage(PresenceAction.ENTER, "me", "c1", id="c1:0:0")))
    client.receive(attached())
    refusal = Frame(Action.NACK, msg_serial=0, count=1, error=error(40160))
    assert client.receive(refusal) == ["warn 91004", "orders update 91004 resumed"]


@pytest.mark.parametrize("end", [S.SUSPENDED, S.CLOSED, S.FAILED])
def test_an_entry_of_its_own_that_the_connection_does_not_outlive(end: ConnectionState) -> None:
    """RTP17e, RTN7e."""
    client = client_in(S.CONNECTED)
    client.attach()
    client.receive(frame_of(PresenceMessage(PresenceAction.ENTER, "me", "c1", id="c1:0:0")))
    client.receive(attached())
    assert "warn 91004" in lead_to(client, end)


def test_a_member_that_cannot_be_encoded_again_harms_nobody_else() -> None:
    client = client_in(S.CONNECTED)
    client.attach()
    odd = PresenceMessage(PresenceAction.ENTER, "odd", "c1", data=5, id="c1:0:0")
    fine = PresenceMessage(PresenceAction.ENTER, "fine", "c1", data="d", id="c1:1:0")
    client.receive(frame_of(odd, fine))
    client.receive(attached())
    assert "fine" in [frame.presence[0].client_id for frame in client.sent(Action.PRESENCE)]
