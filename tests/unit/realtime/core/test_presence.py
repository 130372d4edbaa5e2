"""Presence on a channel: what subscribers hear, what waits, who enters again."""

from __future__ import annotations

from typing import Any

import pytest

from ably_realtime._core.effects import DeliverPresence
from ably_realtime._core.inputs import ChangePresence, Detach, GetPresence, TimersDue
from ably_realtime._wire.frames import Action, Flag, Frame
from ably_realtime.presence_messages import PresenceAction, PresenceMessage
from ably_realtime.states import ConnectionState
from tests.unit.realtime.driving import (
    SINCE_EPOCH,
    Client,
    attached,
    client_in,
    connected,
    detached,
    error,
    failed,
)

WITH_MEMBERS = attached(flags=Flag.HAS_PRESENCE)


def member(
    client: str,
    position: str = "0:0",
    action: PresenceAction = PresenceAction.PRESENT,
    *,
    connection: str = "c9",
    data: str | None = None,
) -> PresenceMessage:
    return PresenceMessage(action, client, connection, data, id=f"{connection}:{position}")


def presence(*members: PresenceMessage) -> Frame:
    return Frame(Action.PRESENCE, channel="orders", presence=list(members))


def sync(serial: str | None, *members: PresenceMessage) -> Frame:
    return Frame(Action.SYNC, channel="orders", channel_serial=serial, presence=list(members))


def on_channel(frame: Frame = WITH_MEMBERS) -> Client:
    """A client on the connection c1, attached to `orders`."""
    client = client_in(ConnectionState.CONNECTED)
    client.attach()
    client.receive(frame)
    return client


def get(op: int, **criteria: Any) -> GetPresence:
    return GetPresence(op, "orders", **criteria)


def names(client: Client, op: int) -> list[str | None]:
    """The client ids that a get resolved with."""
    members = client.outcome(op)
    assert isinstance(members, list)
    return sorted(item.client_id for item in members)


# -- sync


def test_a_sync_in_pages() -> None:
    """RTP18a, RTP18b, RTP11a."""
    client = on_channel()
    client.do(get(1), get(2, wait=False))
    assert client.outcome(2) == []
    assert client.receive(sync("s1:1", member("a"), member("b"))) == ["presence orders a b"]
    assert client.outcome(1) == "pending"
    assert client.receive(sync("s1:", member("c"))) == ["presence orders c", "ok 1"]
    assert names(client, 1) == ["a", "b", "c"]


def test_a_sync_in_one_frame() -> None:
    """RTP18c."""
    client = on_channel()
    client.do(get(1))
    assert client.receive(sync(None, member("a"))) == ["presence orders a", "ok 1"]


def test_an_empty_sync_says_nothing_to_subscribers() -> None:
    client = on_channel()
    client.do(get(1))
    assert client.receive(sync("s1:")) == ["ok 1"]
    assert client.outcome(1) == []


def test_another_sync_takes_the_place_of_one_under_way() -> None:
    """RTP18a."""
    client = on_channel()
    client.receive(sync("s1:1", member("a")), sync("s2:1", member("b")))
    client.do(get(1))
    assert client.receive(sync("s2:")) == ["presence orders a", "ok 1"]
    assert client.last(DeliverPresence).messages[0].action is PresenceAction.LEAVE
    assert names(client, 1) == ["b"]


def test_a_sync_out_of_the_blue_tells_who_left() -> None:
    """RTP18, RTP19."""
    client = on_channel()
    client.receive(sync(None, member("a", data="d"), member("b")))
    assert client.receive(sync("s2:", member("b", "1:0"))) == ["presence orders b a"]
    leave = client.last(DeliverPresence).messages[1]
    assert leave == PresenceMessage(
        PresenceAction.LEAVE, "a", "c9", "d", timestamp=int(client.now + SINCE_EPOCH)
    )


def test_presence_during_a_sync_counts() -> None:
    """RTP19, RTP2h2."""
    client = on_channel()
    client.receive(presence(member("a"), member("b")))
    client.receive(sync("s1:1"))
    client.receive(presence(member("a", "1:0", PresenceAction.UPDATE)))
    assert client.receive(presence(member("b", "1:0", PresenceAction.LEAVE))) == []
    client.do(get(1))
    assert client.receive(sync("s1:")) == ["ok 1"]
    assert names(client, 1) == ["a"]


@pytest.mark.parametrize("flags", [0, Flag.RESUMED])
def test_attached_to_an_empty_channel(flags: int) -> None:
    """RTP1, RTP19a."""
    client = on_channel()
    client.receive(sync(None, member("a")))
    story = client.receive(attached(flags=flags))
    assert "presence orders a" in story
    assert client.last(DeliverPresence).messages[0].action is PresenceAction.LEAVE
    client.do(get(1))
    assert client.outcome(1) == []


def test_attached_anew_in_the_middle_of_a_sync() -> None:
    """RTP1: the members are asked for again, and nobody is taken for gone meanwhile."""
    client = on_channel()
    client.receive(sync("s1:1", member("a")))
    client.receive(attached(flags=Flag.HAS_PRESENCE | Flag.RESUMED))
    client.do(get(1))
    assert client.outcome(1) == "pending"
    assert client.receive(sync("s1:2", member("a"), member("b"))) == ["presence orders b"]
    client.receive(sync("s1:"))
    assert names(client, 1) == ["a", "b"]


# -- news


def test_changes_are_told_in_order() -> None:
    """RTP2."""
    client = on_channel(attached())
    enter = member("a", "1:0", PresenceAction.ENTER)
    update = member("a", "2:0", PresenceAction.UPDATE)
    leave = member("a", "3:0", PresenceAction.LEAVE)
    assert client.receive(presence(enter, update), presence(leave)) == [
        "presence orders a a",
        "presence orders a",
    ]
    assert client.receive(presence(update)) == ["presence orders a"]


def test_old_news_are_not_told() -> None:
    """RTP2a."""
    client = on_channel(attached())
    client.receive(presence(member("a", "5:0")))
    assert client.receive(presence(member("a", "4:0"), member("a", "5:0"))) == []


def test_an_absent_member_is_not_there() -> None:
    client = on_channel(attached())
    client.receive(presence(member("a")))
    client.receive(presence(member("a", "1:0", PresenceAction.ABSENT)))
    client.do(get(1))
    assert client.outcome(1) == []


# -- asking


def test_asking_for_some() -> None:
    """RTP11c2, RTP11c3."""
    client = on_channel(attached())
    client.receive(presence(member("a"), member("b"), member("a", connection="c8")))
    client.do(get(1, client_id="a"), get(2, connection_id="c8"), get(3, client_id="z"))
    client.do(get(4, client_id="b", connection_id="c8"))
    assert [names(client, op) for op in (1, 2, 3, 4)] == [["a", "a"], ["a"], [], []]


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([detached(), detached()], 91005),
        ([failed("orders", error(40160))], 40160),
    ],
    ids=["suspended", "failed"],
)
def test_asking_in_vain(frames: list[Frame], code: int) -> None:
    """RTP11d."""
    client = on_channel()
    client.do(get(1))
    client.receive(*frames)
    assert client.outcome(1) == code


# -- what happens to the channel


def enter(op: int) -> ChangePresence:
    return ChangePresence(op, presence(PresenceMessage(PresenceAction.ENTER, "me")))


@pytest.mark.parametrize(
    ("frame", "code"),
    [(detached(error=error(40160)), 40160), (failed("orders", error(40160)), 40160)],
    ids=["suspended", "failed"],
)
def test_what_waits_for_the_channel_fails_with_it(frame: Frame, code: int) -> None:
    """RTL11, RTP5a, RTP5f."""
    client = client_in(ConnectionState.CONNECTED)
    client.do(enter(1), enter(2))
    client.receive(frame)
    assert [client.outcome(op) for op in (1, 2)] == [code, code]


def test_what_waits_for_the_channel_is_sent_in_order() -> None:
    """RTP5b, RTP16b."""
    client = client_in(ConnectionState.CONNECTED)
    client.do(enter(1), enter(2))
    assert client.receive(attached()) == [
        "orders attached",
        "send PRESENCE orders #0",
        "send PRESENCE orders #1",
    ]


def test_suspended_remembers_who_was_there() -> None:
    """RTP5f."""
    client = on_channel()
    client.receive(sync(None, member("a"), member("b")))
    client.receive(detached(), detached())
    client.do(get(1, wait=False))
    assert names(client, 1) == ["a", "b"]
    client.advance(20_000)
    client.receive(WITH_MEMBERS)
    assert client.receive(sync(None, member("a"))) == ["presence orders b"]


@pytest.mark.parametrize("how", ["detached", "failed"])
def test_detached_forgets_who_was_there_without_a_word(how: str) -> None:
    """RTP5a."""
    client = on_channel()
    client.receive(sync(None, member("a"), member("me", connection="c1")))
    before = len(client.all(DeliverPresence))
    if how == "detached":
        client.do(Detach(1, "orders"))
        client.receive(detached())
    else:
        client.receive(failed("orders", error(40160)))
    client.attach()
    assert len(client.all(DeliverPresence)) == before
    assert client.sent(Action.PRESENCE) == []


# -- members of ours


def with_own(**own: str) -> Client:
    """On the channel with members of ours, by client id with their data."""
    client = on_channel(attached())
    entered = [
        member(name, f"{index}:0", PresenceAction.ENTER, connection="c1", data=data)
        for index, (name, data) in enumerate(own.items())
    ]
    client.receive(presence(*entered, member("yours")))
    return client


def reentered(client: Client) -> list[tuple[str | None, object, str | None]]:
    """Client id, data and id of each member entered by itself."""
    return [
        (item.client_id, item.data, item.id)
        for frame in client.sent(Action.PRESENCE)
        for item in frame.presence
    ]


def test_members_of_ours_enter_again_when_continuity_is_lost() -> None:
    """RTP17i, RTP17g."""
    client = with_own(a="1", b="2")
    client.receive(attached(flags=Flag.RESUMED))
    assert reentered(client) == []
    client.receive(attached())
    assert reentered(client) == [("a", "1", "c1:0:0"), ("b", "2", "c1:1:0")]


def test_members_of_ours_enter_again_on_another_connection() -> None:
    """RTP17g1, RTP17h."""
    client = with_own(a="1")
    client.drop()
    client.do(TimersDue())
    client.receive(connected("c2"))
    client.receive(attached(flags=Flag.RESUMED | Flag.HAS_PRESENCE))
    assert reentered(client) == [("a", "1", None)]


def test_who_left_does_not_enter_again() -> None:
    """RTP17b."""
    client = with_own(a="1", b="2")
    client.receive(presence(member("a", "5:0", PresenceAction.LEAVE, connection="c1")))
    made_up = PresenceMessage(PresenceAction.LEAVE, "b", "c1", id="server:0:0", timestamp=5)
    client.receive(presence(made_up))
    client.receive(attached())
    assert [name for name, _, _ in reentered(client)] == ["b"]


def test_members_of_ours_enter_again_with_their_latest_data() -> None:
    """RTP17, RTP2a: a sync may bring up what is out of date."""
    client = with_own(a="old")
    client.receive(presence(member("a", "5:0", PresenceAction.UPDATE, connection="c1", data="new")))
    client.receive(sync(None, member("a", "0:0", connection="c1", data="old")))
    client.receive(attached())
    assert [data for _, data, _ in reentered(client)] == ["new"]
