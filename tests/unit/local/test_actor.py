from __future__ import annotations

import pytest

from ably_local.actor import Actor
from ably_local.capability import Capability
from ably_local.clock import Clock
from ably_local.errors import Refusal
from ably_local.grants import Grant
from ably_local.limits import Limits
from ably_local.messages import Annotation, Message, MessageAction, PresenceAction, PresenceMessage
from ably_local.stats import Stats

LIMITS = Limits(max_message_size=100, max_messages_per_publish=3)


def actor(client_id: str | None, capability: Capability | None = None) -> Actor:
    grant = Grant("app", "app.key", capability or Capability.all(), client_id)
    return Actor(grant, client_id, LIMITS, Stats(Clock(lambda: 0.0), "app"), "rest")


@pytest.mark.parametrize(
    ("bound", "named", "expected"),
    [
        ("alice", None, "alice"),
        ("alice", "alice", "alice"),
        ("*", None, None),
        ("*", "bob", "bob"),
        (None, None, None),
    ],
)
def test_messages_are_attributed(
    bound: str | None, named: str | None, expected: str | None
) -> None:
    (message,) = actor(bound).messages([Message(client_id=named)])
    assert message.client_id == expected


@pytest.mark.parametrize(
    ("bound", "named"), [("alice", "bob"), (None, "bob"), ("*", "*"), ("*", ""), ("alice", "*")]
)
def test_nobody_speaks_for_others(bound: str | None, named: str) -> None:
    with pytest.raises(Refusal) as refused:
        actor(bound).messages([Message(client_id=named)])
    assert refused.value.error.code == 40012


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([], 40001),
        ([Message()] * 4, 40034),
        ([Message(name="x" * 51)] * 2, 40009),
        ([Message(id="a"), Message(id="b")], 40031),
        ([Message(id="a:0"), Message()], 40031),
        ([Message(id="a:1"), Message(id="a:0")], 40031),
    ],
)
def test_what_cannot_be_published_is_refused(messages: list[Message], code: int) -> None:
    with pytest.raises(Refusal) as refused:
        actor("alice").messages(messages)
    assert refused.value.error.code == code


def test_ids_that_belong_together_are_accepted() -> None:
    actor("alice").messages([Message(id="a:0"), Message(id="a:1")])
    actor("alice").messages([Message(id="anything")])


def test_presence_needs_a_client_and_something_to_do() -> None:
    enter = PresenceMessage(action=PresenceAction.ENTER)
    (checked,) = actor("alice").presence([enter])
    assert checked.client_id == "alice"
    for bound, messages, code in (
        ("*", [enter], 91000),
        (None, [enter], 91000),
        ("alice", [], 40001),
        ("alice", [enter.acting(PresenceAction.PRESENT)], 40001),
        ("alice", [PresenceMessage(action=PresenceAction.ENTER, extras={"a": "x" * 100})], 40009),
    ):
        with pytest.raises(Refusal) as refused:
            actor(bound).presence(messages)
        assert refused.value.error.code == code


def test_annotations_get_the_message_they_are_sent_to() -> None:
    one, other = actor("alice").annotations(
        [Annotation(type="t"), Annotation(type="t", message_serial="own")], "path"
    )
    assert (one.message_serial, other.message_serial) == ("path", "own")
    assert one.client_id == "alice"
    with pytest.raises(Refusal):
        actor("alice").annotations([])


@pytest.mark.parametrize(
    ("action", "operations", "own", "expected"),
    [
        (MessageAction.UPDATE, ["message-update-any"], False, None),
        (MessageAction.APPEND, ["message-update-any"], False, None),
        (MessageAction.DELETE, ["message-delete-any"], False, None),
        (MessageAction.UPDATE, ["message-delete-any"], True, 40160),
        (MessageAction.DELETE, ["message-update-any"], True, 40160),
        (MessageAction.UPDATE, ["message-update-own"], True, None),
        (MessageAction.UPDATE, ["message-update-own"], False, 40160),
    ],
)
def test_changing_a_message_needs_the_operation(
    action: MessageAction, operations: list[str], own: bool, expected: int | None
) -> None:
    alice = actor("alice", Capability.parse({"notes": operations}))
    before = Message(client_id="alice" if own else "bob")
    change = Message(action=action)
    if expected is None:
        assert alice.author_of(change, before, "notes") == "alice"
        return
    with pytest.raises(Refusal) as refused:
        alice.author_of(change, before, "notes")
    assert refused.value.error.code == expected


def test_a_change_names_its_author() -> None:
    change = Message(action=MessageAction.UPDATE, operation={"clientId": "carol"})
    assert actor("*").author_of(change, Message(), "notes") == "carol"
    broken = Message(action=MessageAction.UPDATE, operation={"clientId": 5})
    with pytest.raises(Refusal) as refused:
        actor("*").author_of(broken, Message(), "notes")
    assert refused.value.error.code == 40012
