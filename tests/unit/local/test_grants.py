from __future__ import annotations

import pytest

from ably_local.capability import Capability
from ably_local.errors import Refusal
from ably_local.grants import Grant


def grant(client_id: str | None, issued: int | None = None) -> Grant:
    return Grant("app", "app.key", Capability.parse({"a": ["publish"]}), client_id, issued)


@pytest.mark.parametrize(
    ("bound", "claimed", "expected"),
    [
        ("alice", None, "alice"),
        ("alice", "alice", "alice"),
        ("*", None, "*"),
        ("*", "bob", "bob"),
        (None, None, None),
    ],
)
def test_a_client_assumes_an_identity(
    bound: str | None, claimed: str | None, expected: str | None
) -> None:
    assert grant(bound).assume(claimed) == expected


@pytest.mark.parametrize(
    ("bound", "claimed", "code"),
    [("alice", "bob", 40102), (None, "bob", 40102), ("*", "*", 40012), ("*", "", 40012)],
)
def test_other_identities_are_refused(bound: str | None, claimed: str, code: int) -> None:
    with pytest.raises(Refusal) as refused:
        grant(bound).assume(claimed)
    assert refused.value.error.code == code


def test_operations_are_required_by_name() -> None:
    grant(None).require("a", "history", "publish")
    with pytest.raises(Refusal) as refused:
        grant(None).require("a", "history")
    assert (refused.value.error.code, refused.value.error.status_code) == (40160, 401)
    assert "history" in refused.value.error.message


def test_a_key_has_no_time_of_issue() -> None:
    assert grant(None).is_key
    assert not grant(None, issued=1).is_key
