"""RTP17: the members that this connection entered."""

from __future__ import annotations

import pytest

from ably_realtime import PresenceAction, PresenceMessage
from ably_realtime._core.presence_map import OwnMembers
from tests.uts.harness.presence import presence_message

ABSENT, PRESENT, ENTER, LEAVE, UPDATE = PresenceAction


@pytest.fixture
def own() -> OwnMembers:
    return OwnMembers()


@pytest.fixture
def alice_and_bob(own: OwnMembers) -> OwnMembers:
    own.put(presence_message(ENTER, "alice", "conn-1:0:0", 100))
    own.put(presence_message(ENTER, "bob", "conn-1:0:1", 100))
    assert len(own.values()) == 2
    return own


def only(own: OwnMembers, client_id: str) -> PresenceMessage:
    """The member with this client id, of which there is no other."""
    (member,) = own.values()
    assert own.get(client_id) == member
    return member


@pytest.mark.uts("realtime/unit/RTP17h/keyed-by-clientid-0")
def test_members_differ_by_client(own: OwnMembers) -> None:
    own.put(presence_message(ENTER, "user-1", "conn-A:0:0", 1000, "first"))
    own.put(presence_message(ENTER, "user-1", "conn-B:0:0", 2000, "second"))

    member = only(own, "user-1")
    assert member.data == "second"
    assert member.connection_id == "conn-B"


@pytest.mark.uts("realtime/unit/RTP17b/enter-adds-to-map-0")
def test_enter(own: OwnMembers) -> None:
    own.put(presence_message(ENTER, "client-1", "conn-1:0:0", 1000, "hello"))

    member = only(own, "client-1")
    assert member.action is PRESENT
    assert member.data == "hello"


@pytest.mark.uts("realtime/unit/RTP17b/update-adds-to-map-1")
def test_update(own: OwnMembers) -> None:
    own.put(presence_message(UPDATE, "client-1", "conn-1:0:0", 1000, "from-update"))

    member = only(own, "client-1")
    assert member.action is PRESENT
    assert member.data == "from-update"


@pytest.mark.uts("realtime/unit/RTP17b/enter-overwrites-enter-2")
def test_enter_after_enter(own: OwnMembers) -> None:
    own.put(presence_message(ENTER, "client-1", "conn-1:0:0", 1000, "first"))
    own.put(presence_message(ENTER, "client-1", "conn-1:1:0", 2000, "second"))

    member = only(own, "client-1")
    assert member.action is PRESENT
    assert member.data == "second"


@pytest.mark.uts("realtime/unit/RTP17b/update-overwrites-enter-3")
def test_update_after_enter(own: OwnMembers) -> None:
    own.put(presence_message(ENTER, "client-1", "conn-1:0:0", 1000, "initial"))
    own.put(presence_message(UPDATE, "client-1", "conn-1:1:0", 2000, "updated"))

    member = only(own, "client-1")
    assert member.action is PRESENT
    assert member.data == "updated"


@pytest.mark.uts("realtime/unit/RTP17b/present-adds-to-map-4")
def test_present(own: OwnMembers) -> None:
    own.put(presence_message(PRESENT, "client-1", "conn-1:0:0", 1000, "present"))

    member = only(own, "client-1")
    assert member.action is PRESENT
    assert member.data == "present"


@pytest.mark.uts("realtime/unit/RTP17b/non-synthesized-leave-removes-5")
def test_leave(own: OwnMembers) -> None:
    own.put(presence_message(ENTER, "client-1", "conn-1:0:0", 1000))
    assert own.get("client-1") is not None

    own.remove(presence_message(LEAVE, "client-1", "conn-1:1:0", 2000))

    assert own.get("client-1") is None
    assert own.values() == []


@pytest.mark.uts("realtime/unit/RTP17b/synthesized-leave-ignored-6")
def test_synthesized_leave(own: OwnMembers) -> None:
    own.put(presence_message(ENTER, "client-1", "conn-1:0:0", 1000, "entered"))

    own.remove(
        presence_message(LEAVE, "client-1", "synthesized-leave-id", 2000, connection_id="conn-1")
    )

    assert only(own, "client-1").data == "entered"


@pytest.mark.uts("realtime/unit/RTP17/multiple-clientids-coexist-0")
def test_several_members(own: OwnMembers) -> None:
    for index, client_id in enumerate(("alice", "bob", "carol")):
        data = f"{client_id}-data"
        own.put(presence_message(ENTER, client_id, f"conn-1:0:{index}", 100, data))

    assert {member.client_id: member.data for member in own.values()} == {
        "alice": "alice-data",
        "bob": "bob-data",
        "carol": "carol-data",
    }
    assert len(own.values()) == 3


@pytest.mark.uts("realtime/unit/RTP17/remove-one-of-multiple-1")
def test_leave_of_one_of_several(alice_and_bob: OwnMembers) -> None:
    own = alice_and_bob

    own.remove(presence_message(LEAVE, "alice", "conn-1:1:0", 200))

    assert own.get("alice") is None
    assert only(own, "bob").client_id == "bob"


@pytest.mark.uts("realtime/unit/RTP17/clear-resets-state-2")
def test_clear(alice_and_bob: OwnMembers) -> None:
    own = alice_and_bob

    own.clear()

    assert own.values() == []
    assert own.get("alice") is None
    assert own.get("bob") is None


@pytest.mark.uts("realtime/unit/RTP17/get-null-unknown-clientid-3")
def test_get_of_an_unknown_client(own: OwnMembers) -> None:
    assert own.get("nonexistent") is None


@pytest.mark.uts("realtime/unit/RTP17/remove-unknown-noop-4")
def test_leave_of_an_unknown_client(own: OwnMembers) -> None:
    own.put(presence_message(ENTER, "alice", "conn-1:0:0", 100))

    own.remove(presence_message(LEAVE, "nonexistent", "conn-1:1:0", 200))

    assert only(own, "alice").client_id == "alice"
