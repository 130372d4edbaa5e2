"""RTP18, RTP19: what a sync does to the members of a channel."""

from __future__ import annotations

from typing import Any

import pytest

from ably_realtime import PresenceAction, PresenceMessage
from ably_realtime._core.presence_map import PresenceMap
from tests.uts.harness.presence import presence_message

ABSENT, PRESENT, ENTER, LEAVE, UPDATE = PresenceAction

NOW = 1_700_000_000_000


@pytest.fixture
def members() -> PresenceMap:
    return PresenceMap()


@pytest.fixture
def alice_and_bob(members: PresenceMap) -> PresenceMap:
    members.put(presence_message(ENTER, "alice", "c1:0:0", 100))
    members.put(presence_message(ENTER, "bob", "c2:0:0", 100))
    assert len(members.values()) == 2
    return members


def client_ids(members: PresenceMap) -> list[str]:
    return sorted(str(member.client_id) for member in members.values())


def data_by_key(members: PresenceMap) -> dict[str, Any]:
    return {member.member_key: member.data for member in members.values()}


@pytest.mark.uts("realtime/unit/RTP18a/startsync-sets-flag-0")
def test_start(members: PresenceMap) -> None:
    before = members.sync_in_progress

    members.start_sync()

    assert (before, members.sync_in_progress) == (False, True)


@pytest.mark.uts("realtime/unit/RTP18b/endsync-clears-flag-0")
def test_end(members: PresenceMap) -> None:
    members.start_sync()
    before = members.sync_in_progress

    members.end_sync(NOW)

    assert (before, members.sync_in_progress) == (True, False)


@pytest.mark.uts("realtime/unit/RTP19/stale-members-leave-after-sync-0")
def test_members_that_were_not_named_leave(alice_and_bob: PresenceMap) -> None:
    members = alice_and_bob
    members.start_sync()
    members.put(presence_message(PRESENT, "alice", "c1:1:0", 200))

    leaves = members.end_sync(NOW)

    assert [(leave.client_id, leave.action) for leave in leaves] == [("bob", LEAVE)]
    assert client_ids(members) == ["alice"]
    assert members.get("c1:alice") is not None
    assert members.get("c2:bob") is None


@pytest.mark.uts("realtime/unit/RTP19/synth-leave-null-id-timestamp-1")
def test_such_a_leave_has_no_id_and_the_current_time(members: PresenceMap) -> None:
    members.put(presence_message(ENTER, "bob", "c2:0:0", 100, "bob-data"))
    members.start_sync()

    (leave,) = members.end_sync(NOW)

    assert leave.action is LEAVE
    assert leave.client_id == "bob"
    assert leave.connection_id == "c2"
    assert leave.data == "bob-data"
    assert leave.id is None
    assert leave.timestamp == NOW


@pytest.mark.uts("realtime/unit/RTP19/updated-members-survive-sync-2")
def test_members_that_were_updated_stay(alice_and_bob: PresenceMap) -> None:
    members = alice_and_bob
    members.put(presence_message(ENTER, "carol", "c3:0:0", 100))
    members.start_sync()
    members.put(presence_message(PRESENT, "alice", "c1:1:0", 200))
    members.put(presence_message(UPDATE, "bob", "c2:1:0", 200, "new-data"))

    leaves = members.end_sync(NOW)

    assert [leave.client_id for leave in leaves] == ["carol"]
    assert data_by_key(members) == {"c1:alice": None, "c2:bob": "new-data"}


@pytest.mark.uts("realtime/unit/RTP18a/new-sync-discards-previous-1")
def test_a_new_sync_discards_the_one_before(alice_and_bob: PresenceMap) -> None:
    members = alice_and_bob
    members.start_sync()
    members.put(presence_message(PRESENT, "alice", "c1:1:0", 200))

    members.start_sync()
    members.put(presence_message(PRESENT, "alice", "c1:2:0", 300))
    members.put(presence_message(PRESENT, "bob", "c2:1:0", 300))
    leaves = members.end_sync(NOW)

    assert leaves == []
    assert client_ids(members) == ["alice", "bob"]


@pytest.mark.uts("realtime/unit/RTP18c/single-message-sync-0")
def test_a_sync_in_one_step(alice_and_bob: PresenceMap) -> None:
    members = alice_and_bob
    members.start_sync()
    members.put(presence_message(PRESENT, "alice", "c1:1:0", 200))

    leaves = members.end_sync(NOW)

    assert [(leave.client_id, leave.action) for leave in leaves] == [("bob", LEAVE)]
    assert client_ids(members) == ["alice"]
    assert members.sync_in_progress is False


@pytest.mark.uts("realtime/unit/RTP19a/no-has-presence-clears-members-0")
def test_an_empty_sync_removes_everyone(members: PresenceMap) -> None:
    members.put(presence_message(ENTER, "alice", "c1:0:0", 100, "a"))
    members.put(presence_message(ENTER, "bob", "c2:0:0", 100, "b"))
    members.put(presence_message(ENTER, "carol", "c3:0:0", 100, "c"))

    members.start_sync()
    leaves = members.end_sync(NOW)

    assert {leave.client_id: (leave.action, leave.data, leave.id) for leave in leaves} == {
        "alice": (LEAVE, "a", None),
        "bob": (LEAVE, "b", None),
        "carol": (LEAVE, "c", None),
    }
    assert len(leaves) == 3
    assert members.values() == []


@pytest.mark.uts("realtime/unit/RTP2h2a/leave-during-sync-absent-cleanup-0")
def test_a_member_that_left_during_the_sync_leaves_once(alice_and_bob: PresenceMap) -> None:
    members = alice_and_bob
    members.start_sync()
    members.put(presence_message(PRESENT, "alice", "c1:1:0", 200))

    emitted = members.remove(presence_message(LEAVE, "bob", "c2:1:0", 200))
    assert emitted is None
    bob = members.get("c2:bob")
    assert bob is not None
    assert bob.action is ABSENT
    leaves = members.end_sync(NOW)

    assert leaves == []
    assert members.get("c2:bob") is None
    assert client_ids(members) == ["alice"]


@pytest.mark.uts("realtime/unit/RTP19/empty-map-sync-no-leaves-3")
def test_a_sync_of_an_empty_map(members: PresenceMap) -> None:
    members.start_sync()
    members.put(presence_message(PRESENT, "alice", "c1:0:0", 100))

    leaves = members.end_sync(NOW)

    assert leaves == []
    assert client_ids(members) == ["alice"]


@pytest.mark.uts("realtime/unit/RTP18/endsync-without-startsync-noop-0")
def test_the_end_of_no_sync(members: PresenceMap) -> None:
    members.put(presence_message(ENTER, "alice", "c1:0:0", 100))

    leaves = members.end_sync(NOW)

    assert leaves == []
    assert client_ids(members) == ["alice"]
    assert members.sync_in_progress is False


@pytest.mark.uts("realtime/unit/RTP19/stale-sync-removes-from-residuals-4")
def test_a_stale_message_of_the_sync_names_a_member(members: PresenceMap) -> None:
    members.put(presence_message(ENTER, "alice", "c1:5:0", 500, "original"))
    members.start_sync()

    emitted = members.put(presence_message(PRESENT, "alice", "c1:3:0", 300, "stale"))
    leaves = members.end_sync(NOW)

    assert emitted is None
    assert leaves == []
    assert data_by_key(members) == {"c1:alice": "original"}


def three(action: PresenceAction) -> list[PresenceMessage]:
    return [
        presence_message(action, f"user-{number}", f"c1:{number}:0", 100, f"data-{number}")
        for number in range(3)
    ]


@pytest.mark.uts("realtime/unit/RTP19/presence-echoes-then-sync-preserves-5")
def test_a_sync_after_echoes(members: PresenceMap) -> None:
    for message in three(ENTER):
        members.put(message)
    assert len(members.values()) == 3

    members.start_sync()
    emitted = [members.put(message) for message in three(PRESENT)]
    leaves = members.end_sync(NOW)

    assert emitted == [None, None, None]  # stale: the ids are those of the echoes
    assert leaves == []
    assert data_by_key(members) == {
        "c1:user-0": "data-0",
        "c1:user-1": "data-1",
        "c1:user-2": "data-2",
    }


@pytest.mark.uts("realtime/unit/RTP19/new-member-during-sync-survives-6")
def test_a_member_that_enters_during_the_sync_stays(members: PresenceMap) -> None:
    members.put(presence_message(ENTER, "alice", "c1:0:0", 100))
    members.start_sync()
    members.put(presence_message(PRESENT, "alice", "c1:1:0", 200))
    members.put(presence_message(ENTER, "bob", "c2:0:0", 200))

    leaves = members.end_sync(NOW)

    assert leaves == []
    assert client_ids(members) == ["alice", "bob"]
