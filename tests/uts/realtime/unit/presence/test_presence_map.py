"""RTP2: the members of a channel."""

from __future__ import annotations

import pytest

from ably_realtime import PresenceAction, PresenceMessage
from ably_realtime._core.presence_map import PresenceMap
from tests.uts.harness.presence import presence_message

ABSENT, PRESENT, ENTER, LEAVE, UPDATE = PresenceAction

KEY = "conn-1:client-1"


@pytest.fixture
def members() -> PresenceMap:
    return PresenceMap()


def client_1(
    action: PresenceAction, message_id: str, timestamp: int, data: str | None = None
) -> PresenceMessage:
    return presence_message(action, "client-1", message_id, timestamp, data, connection_id="conn-1")


def stored(members: PresenceMap, key: str = KEY) -> PresenceMessage:
    member = members.get(key)
    assert member is not None
    return member


@pytest.mark.uts("realtime/unit/RTP2/basic-put-and-get-0")
def test_put_and_get(members: PresenceMap) -> None:
    emitted = members.put(client_1(ENTER, "conn-1:0:0", 1000))

    assert emitted is not None
    assert stored(members).client_id == "client-1"
    assert stored(members).connection_id == "conn-1"


@pytest.mark.uts("realtime/unit/RTP2d2/enter-stored-as-present-0")
def test_enter_is_stored_as_present(members: PresenceMap) -> None:
    members.put(client_1(ENTER, "conn-1:0:0", 1000, "entered"))

    assert stored(members).action is PRESENT
    assert stored(members).data == "entered"


@pytest.mark.uts("realtime/unit/RTP2d2/update-stored-as-present-1")
def test_update_is_stored_as_present(members: PresenceMap) -> None:
    members.put(client_1(ENTER, "conn-1:0:0", 1000, "initial"))
    members.put(client_1(UPDATE, "conn-1:1:0", 2000, "updated"))

    assert stored(members).action is PRESENT
    assert stored(members).data == "updated"


@pytest.mark.uts("realtime/unit/RTP2d2/present-stored-as-present-2")
def test_present_is_stored_as_present(members: PresenceMap) -> None:
    members.put(client_1(PRESENT, "conn-1:0:0", 1000))

    assert stored(members).action is PRESENT


@pytest.mark.uts("realtime/unit/RTP2d1/put-returns-original-action-0")
def test_the_original_action_is_emitted(members: PresenceMap) -> None:
    entered = members.put(client_1(ENTER, "conn-1:0:0", 1000))
    updated = members.put(client_1(UPDATE, "conn-1:1:0", 2000, "updated"))

    assert entered is not None
    assert entered.action is ENTER
    assert updated is not None
    assert updated.action is UPDATE


@pytest.mark.uts("realtime/unit/RTP2h1/leave-outside-sync-removes-0")
def test_leave_removes_a_member(members: PresenceMap) -> None:
    members.put(client_1(ENTER, "conn-1:0:0", 1000))

    emitted = members.remove(client_1(LEAVE, "conn-1:1:0", 2000))

    assert emitted is not None
    assert emitted.action is LEAVE
    assert members.get(KEY) is None
    assert members.values() == []


@pytest.mark.uts("realtime/unit/RTP2h1/leave-nonexistent-returns-null-1")
def test_leave_of_an_unknown_member(members: PresenceMap) -> None:
    emitted = members.remove(presence_message(LEAVE, "unknown", "conn-x:0:0", 1000))

    assert emitted is None


@pytest.mark.uts("realtime/unit/RTP2h2a/leave-during-sync-stores-absent-0")
def test_leave_during_a_sync_is_stored_as_absent(members: PresenceMap) -> None:
    members.put(client_1(ENTER, "conn-1:0:0", 1000))
    members.start_sync()

    emitted = members.remove(client_1(LEAVE, "conn-1:1:0", 2000))

    assert emitted is None
    assert stored(members).action is ABSENT


@pytest.mark.uts("realtime/unit/RTP2h2b/absent-deleted-on-endsync-0")
def test_absent_members_go_with_the_end_of_the_sync(members: PresenceMap) -> None:
    members.put(presence_message(ENTER, "alice", "c1:0:0", 100))
    members.put(presence_message(ENTER, "bob", "c2:0:0", 100))
    members.start_sync()
    members.put(presence_message(PRESENT, "alice", "c1:1:0", 200))
    members.remove(presence_message(LEAVE, "bob", "c2:1:0", 200))

    members.end_sync(300)

    assert members.get("c2:bob") is None
    assert stored(members, "c1:alice").action is PRESENT
    assert len(members.values()) == 1


@pytest.mark.uts("realtime/unit/RTP2b2/newness-by-msgserial-index-0")
def test_newer_by_serial(members: PresenceMap) -> None:
    members.put(client_1(ENTER, "conn-1:5:0", 1000, "first"))

    stale = members.put(client_1(UPDATE, "conn-1:3:0", 2000, "stale"))
    assert stale is None
    assert stored(members).data == "first"

    newer = members.put(client_1(UPDATE, "conn-1:7:0", 500, "newer"))
    assert newer is not None
    assert stored(members).data == "newer"


@pytest.mark.uts("realtime/unit/RTP2b2/newness-by-index-same-serial-1")
def test_newer_by_index(members: PresenceMap) -> None:
    members.put(client_1(ENTER, "conn-1:5:2", 1000, "index-2"))

    stale = members.put(client_1(UPDATE, "conn-1:5:1", 2000, "index-1"))
    newer = members.put(client_1(UPDATE, "conn-1:5:5", 500, "index-5"))

    assert stale is None
    assert newer is not None
    assert stored(members).data == "index-5"


@pytest.mark.uts("realtime/unit/RTP2b1/newness-by-timestamp-0")
def test_a_synthesized_leave_is_newer_by_timestamp(members: PresenceMap) -> None:
    members.put(client_1(ENTER, "conn-1:0:0", 1000, "entered"))

    emitted = members.remove(client_1(LEAVE, "synthesized-leave-id", 2000))

    assert emitted is not None
    assert emitted.action is LEAVE
    assert members.get(KEY) is None


@pytest.mark.uts("realtime/unit/RTP2b1/older-synth-leave-rejected-1")
def test_a_synthesized_leave_is_older_by_timestamp(members: PresenceMap) -> None:
    members.put(client_1(ENTER, "conn-1:0:0", 5000, "entered"))

    emitted = members.remove(client_1(LEAVE, "synthesized-leave-id", 3000))

    assert emitted is None
    assert stored(members).data == "entered"


@pytest.mark.uts("realtime/unit/RTP2b1a/equal-timestamps-incoming-wins-0")
def test_the_later_of_equal_timestamps_is_newer(members: PresenceMap) -> None:
    members.put(client_1(ENTER, "synthesized-id-1", 1000, "first"))

    emitted = members.put(client_1(UPDATE, "synthesized-id-2", 1000, "second"))

    assert emitted is not None
    assert stored(members).data == "second"


@pytest.mark.uts("realtime/unit/RTP2c/sync-uses-same-newness-0")
def test_newness_during_a_sync(members: PresenceMap) -> None:
    members.start_sync()
    members.put(client_1(PRESENT, "conn-1:5:0", 1000, "sync-first"))

    stale = members.put(client_1(PRESENT, "conn-1:3:0", 2000, "sync-stale"))
    newer = members.put(client_1(PRESENT, "conn-1:8:0", 500, "sync-newer"))

    assert stale is None
    assert newer is not None
    assert stored(members).data == "sync-newer"


@pytest.mark.uts("realtime/unit/RTP2/multiple-members-coexist-1")
def test_members_differ_by_client_and_connection(members: PresenceMap) -> None:
    members.put(presence_message(ENTER, "alice", "c1:0:0", 100))
    members.put(presence_message(ENTER, "bob", "c2:0:0", 100))
    members.put(presence_message(ENTER, "alice", "c3:0:0", 100))

    assert len(members.values()) == 3
    for key in ("c1:alice", "c2:bob", "c3:alice"):
        assert stored(members, key).member_key == key


@pytest.mark.uts("realtime/unit/RTP2/values-excludes-absent-2")
def test_values_are_those_present(members: PresenceMap) -> None:
    members.put(presence_message(ENTER, "alice", "c1:0:0", 100))
    members.put(presence_message(ENTER, "bob", "c2:0:0", 100))
    members.start_sync()

    members.remove(presence_message(LEAVE, "bob", "c2:1:0", 200))

    assert stored(members, "c2:bob").action is ABSENT
    assert [member.client_id for member in members.values()] == ["alice"]


@pytest.mark.uts("realtime/unit/RTP2/clear-resets-state-3")
def test_clear(members: PresenceMap) -> None:
    members.put(presence_message(ENTER, "alice", "c1:0:0", 100))
    members.start_sync()

    members.clear()

    assert members.values() == []
    assert members.get("c1:alice") is None
    assert members.sync_in_progress is False
