"""Who is present (RTP2, RTP17, RTP18, RTP19)."""

from __future__ import annotations

from typing import Any

import pytest

from ably_realtime._core.presence_map import OwnMembers, PresenceMap, is_newer, is_synthesized
from ably_realtime.presence_messages import PresenceAction, PresenceMessage

NOW = 1_700_000_000_000.5


def member(
    action: PresenceAction = PresenceAction.ENTER,
    position: str = "0:0",
    *,
    connection: str = "c1",
    client: str = "me",
    **fields: Any,
) -> PresenceMessage:
    return PresenceMessage(action, client, connection, id=f"{connection}:{position}", **fields)


def left_by_the_server(timestamp: int) -> PresenceMessage:
    """A leave that the connection did not send itself."""
    return PresenceMessage(PresenceAction.LEAVE, "me", "c1", id="s9:0:0", timestamp=timestamp)


@pytest.mark.parametrize(
    ("incoming", "existing", "newer"),
    [
        (member(position="1:0"), member(position="0:9"), True),  # RTP2b2
        (member(position="10:0"), member(position="9:0"), True),
        (member(position="1:2"), member(position="1:1"), True),
        (member(position="1:1"), member(position="1:1"), False),
        (member(position="0:9", timestamp=9), member(position="1:0", timestamp=1), False),
        (left_by_the_server(2), member(timestamp=1), True),  # RTP2b1
        (left_by_the_server(1), member(timestamp=2), False),
        (left_by_the_server(1), member(timestamp=1), True),  # RTP2b1a
        (member(timestamp=1), left_by_the_server(2), False),
        (member(position="odd", timestamp=2), member(timestamp=1), True),
        (member(position="odd:1", timestamp=1), member(timestamp=2), False),
        (PresenceMessage(), PresenceMessage(), True),
    ],
)
def test_newer(incoming: PresenceMessage, existing: PresenceMessage, newer: bool) -> None:
    """RTP2b."""
    assert is_newer(incoming, existing) is newer


def test_synthesized() -> None:
    assert is_synthesized(left_by_the_server(1))
    assert not is_synthesized(member())


@pytest.mark.parametrize(
    "action", [PresenceAction.ENTER, PresenceAction.UPDATE, PresenceAction.PRESENT]
)
def test_whoever_enters_is_told_of_as_sent_and_present(action: PresenceAction) -> None:
    """RTP2d1, RTP2d2."""
    members = PresenceMap()
    message = member(action, data="d")
    assert members.put(message) is message
    assert message.action is action
    assert members.values() == [member(PresenceAction.PRESENT, data="d")]
    assert members.get("c1:me") == member(PresenceAction.PRESENT, data="d")


def test_one_client_on_two_connections_is_two_members() -> None:
    """TP3h."""
    members = PresenceMap()
    members.put(member(connection="c1"))
    members.put(member(connection="c2"))
    members.remove(member(PresenceAction.LEAVE, "1:0", connection="c1"))
    assert [item.connection_id for item in members.values()] == ["c2"]


def test_old_news_change_nothing() -> None:
    """RTP2a."""
    members = PresenceMap()
    members.put(member(position="5:0", data="new"))
    assert members.put(member(position="4:0", data="old")) is None
    assert members.remove(member(PresenceAction.LEAVE, "4:1")) is None
    assert [item.data for item in members.values()] == ["new"]


def test_whoever_leaves_is_told_of_and_gone() -> None:
    """RTP2h1."""
    members = PresenceMap()
    leave = member(PresenceAction.LEAVE, "1:0")
    assert members.remove(leave) is None
    members.put(member())
    assert members.remove(leave) is leave
    assert (members.values(), members.get("c1:me")) == ([], None)


def test_during_a_sync_whoever_leaves_is_absent() -> None:
    """RTP2h2a, RTP2h2b: so that an older mention of them does not bring them back."""
    members = PresenceMap()
    members.put(member())
    members.start_sync()
    assert members.remove(member(PresenceAction.LEAVE, "2:0")) is None
    assert members.values() == []
    assert members.put(member(PresenceAction.PRESENT, "1:0")) is None
    assert members.end_sync(NOW) == []
    assert members.get("c1:me") is None


def test_whom_a_sync_does_not_mention_has_left() -> None:
    """RTP19."""
    members = PresenceMap()
    for client in ("stays", "updated", "stale", "gone"):
        members.put(member(client=client, position="3:0", data=client, timestamp=1))
    members.start_sync()
    assert members.sync_in_progress
    members.put(member(PresenceAction.PRESENT, "4:0", client="stays"))
    members.put(member(PresenceAction.UPDATE, "4:1", client="updated"))
    members.put(member(PresenceAction.PRESENT, "2:0", client="stale"))
    members.put(member(client="new"))
    assert members.end_sync(NOW) == [
        PresenceMessage(PresenceAction.LEAVE, "gone", "c1", data="gone", timestamp=int(NOW))
    ]
    assert not members.sync_in_progress
    assert {item.client_id for item in members.values()} == {"stays", "updated", "stale", "new"}
    assert members.end_sync(NOW) == []


def test_a_sync_begun_again_starts_over() -> None:
    """RTP18a."""
    members = PresenceMap()
    members.put(member(client="a"))
    members.put(member(client="b"))
    members.start_sync()
    members.put(member(PresenceAction.PRESENT, "1:0", client="a"))
    members.remove(member(PresenceAction.LEAVE, "1:0", client="b"))
    members.start_sync()
    assert [item.client_id for item in members.end_sync(NOW)] == ["a"]
    assert members.values() == []


def test_a_sync_that_is_given_up_removes_nobody() -> None:
    members = PresenceMap()
    members.put(member())
    members.start_sync()
    members.abandon_sync()
    assert not members.sync_in_progress
    assert members.end_sync(NOW) == []
    assert len(members.values()) == 1


def test_nobody_is_there() -> None:
    """RTP19a."""
    members = PresenceMap()
    members.put(member(data="d"))
    assert members.remove_all(NOW) == [
        PresenceMessage(PresenceAction.LEAVE, "me", "c1", data="d", timestamp=int(NOW))
    ]
    assert members.values() == []


def test_forgotten_without_a_word() -> None:
    """RTP5a."""
    members = PresenceMap()
    members.put(member())
    members.start_sync()
    members.clear()
    assert (members.values(), members.sync_in_progress) == ([], False)


def test_members_of_ours_are_kept_by_client() -> None:
    """RTP17h."""
    own = OwnMembers()
    own.put(member(connection="c1", data="old"))
    own.put(member(PresenceAction.UPDATE, connection="c2", data="new"))
    own.put(member(client="other"))
    present = member(PresenceAction.PRESENT, connection="c2", data="new")
    assert own.values() == [present, member(PresenceAction.PRESENT, client="other")]
    assert (own.get("me"), own.get("unheard-of")) == (present, None)
    own.remove(member(PresenceAction.LEAVE, "1:0", connection="c3"))
    own.remove(member(PresenceAction.LEAVE, "1:0", client="unheard-of"))
    assert [item.client_id for item in own.values()] == ["other"]
    own.clear()
    assert own.values() == []


def test_a_leave_that_the_server_made_up_keeps_a_member_of_ours() -> None:
    """RTP17b."""
    own = OwnMembers()
    own.put(member())
    own.remove(left_by_the_server(9))
    assert len(own.values()) == 1


def test_old_news_change_no_member_of_ours() -> None:
    """RTP17: applied in the same way as for the members of the channel (RTP2a)."""
    own = OwnMembers()
    own.put(member(PresenceAction.UPDATE, "5:0", data="new"))
    own.put(member(PresenceAction.PRESENT, "4:0", data="old"))
    own.remove(member(PresenceAction.LEAVE, "4:1"))
    assert [item.data for item in own.values()] == ["new"]
