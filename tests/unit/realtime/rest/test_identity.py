from __future__ import annotations

import pytest
from ably import AblyException

from ably_realtime._rest.identity import Identity


@pytest.mark.parametrize(
    ("configured", "known", "learned", "client_id"),
    [
        (None, None, None, None),  # RSA12b
        (None, None, "a", "a"),  # RSA7b2, RSA7b3
        (None, None, "*", "*"),  # RSA7b4
        (None, "a", "b", "b"),
        (None, "a", None, "a"),  # an opaque token says nothing
        (None, "*", "a", "a"),
        ("*", None, "*", "*"),
        ("a", None, None, "a"),  # RSA7b1
        ("a", None, "a", "a"),
        ("a", None, "*", "a"),  # RSA15b
    ],
)
def test_what_is_learned(
    configured: str | None, known: str | None, learned: str | None, client_id: str | None
) -> None:
    identity = Identity(configured, known)
    identity.learn(learned)
    assert identity.client_id == client_id


def test_a_configured_client_is_nobody_else() -> None:
    """RSA15a."""
    identity = Identity("a", None)
    assert not identity.admits("b")
    with pytest.raises(AblyException, match="clientId mismatch: the token is for 'b'") as caught:
        identity.learn("b")
    assert (caught.value.code, caught.value.status_code) == (40102, 401)
    assert identity.client_id == "a"


@pytest.mark.parametrize(
    ("known", "may"), [(None, True), ("*", True), ("a", True), ("b", False)]
)  # fmt: skip
def test_whom_it_may_act_as(known: str | None, may: bool) -> None:
    """What is not known is for the server to judge."""
    assert Identity(None, known).may_act_as("a") is may
