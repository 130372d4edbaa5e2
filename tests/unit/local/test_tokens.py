from __future__ import annotations

import pytest

from ably_local.apps import App
from ably_local.clock import Clock
from ably_local.errors import Code, Refusal
from ably_local.limits import Limits
from ably_local.revocation import Revocation
from ably_local.tokens import TIMESTAMP_WINDOW, TokenDetails, TokenRequest


def an_app() -> App:
    app = App(Clock(lambda: 1_000_000.0), Limits(), app_id="app")
    app.add_key(key_id="key", secret="secret")
    return app


def issue(app: App, **fields: object) -> TokenDetails:
    return app.tokens.issue(TokenRequest.from_wire(fields), app.key("app.key"), authenticated=True)


def test_the_signature_is_the_documented_one() -> None:
    request = TokenRequest.from_wire(
        {
            "ttl": 60_000,
            "capability": '{"*":["*"]}',
            "clientId": "alice",
            "timestamp": 1_000_000,
            "nonce": "0123456789abcdef",
        }
    )
    # openssl dgst -sha256 -hmac secret -binary | base64
    assert request.expected_mac(an_app().key("app.key")) == (
        "LdDLYGW9XIoaTJymBTlk2h92MHRLDgHNbS8y6CTZRk4="
    )


def test_tokens_are_verified_until_they_expire() -> None:
    app = an_app()
    details = issue(app, ttl=1_000)
    assert app.tokens.verify(details.token) == details.grant
    app.clock.advance(1_000)
    with pytest.raises(Refusal) as refused:
        app.tokens.verify(details.token)
    assert refused.value.error.code == 40142


def test_an_expired_token_is_known_as_such_forever() -> None:
    app = an_app()
    token = issue(app, ttl=1_000).token
    for _ in range(3):
        app.clock.advance(80_000_000)
        app.tokens.sweep()
        with pytest.raises(Refusal) as refused:
            app.tokens.verify(token)
        assert refused.value.error.code == 40142


def test_a_token_outlives_the_app_object_that_issued_it() -> None:
    details = issue(an_app(), clientId="alice", capability='{"orders":["subscribe"]}')
    assert an_app().tokens.verify(details.token) == details.grant


def test_no_two_tokens_are_the_same() -> None:
    app = an_app()
    assert len({issue(app).token for _ in range(100)}) == 100


def test_a_token_that_was_tampered_with_is_unrecognized() -> None:
    app = an_app()
    other = App(Clock(lambda: 1_000_000.0), Limits(), app_id="app")
    other.add_key(key_id="key", secret="another")
    token = issue(app, clientId="alice").token
    changed = [
        token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        for place in range(len("app."), len(token) - 1)  # the last has bits that stand for nothing
    ]
    for wrong in (*changed, issue(other).token, "app.", "app.x", "app.é", "app." + "A" * 400):
        with pytest.raises(Refusal) as refused:
            app.tokens.verify(wrong)
        assert refused.value.error.code == 40143


def test_ending_tokens_concerns_those_issued_before_in_the_same_millisecond() -> None:
    app = an_app()
    before = issue(app).token
    app.tokens.end(lambda grant: True, Code.TOKEN_REVOKED)
    after = issue(app).token
    app.tokens.verify(after)
    with pytest.raises(Refusal) as refused:
        app.tokens.verify(before)
    assert refused.value.error.code == 40141


def test_nonces_are_forgotten_once_their_timestamp_is_too_old() -> None:
    app = an_app()
    key = app.key("app.key")
    fields = {"timestamp": app.clock.now(), "nonce": "0123456789abcdef"}
    mac = TokenRequest.from_wire(fields).expected_mac(key)
    request = TokenRequest.from_wire(fields | {"mac": mac})
    app.tokens.issue(request, key, authenticated=False)
    for advance, code in ((TIMESTAMP_WINDOW, 40105), (1, 40104)):
        app.clock.advance(advance)
        app.tokens.sweep()
        with pytest.raises(Refusal) as refused:
            app.tokens.issue(request, key, authenticated=False)
        assert refused.value.error.code == code


@pytest.mark.parametrize(
    ("target", "fields", "covered"),
    [
        ("clientId:alice", {"clientId": "alice"}, True),
        ("clientId:alice", {"clientId": "bob"}, False),
        ("channel:orders", {"capability": '{"orders":["*"]}'}, True),
        ("channel:orders", {}, False),
        ("revocationKey:x", {}, False),
    ],
)
def test_a_revocation_covers_earlier_tokens_for_its_target(
    target: str, fields: dict[str, object], covered: bool
) -> None:
    app = an_app()
    token = issue(app, **fields).token
    app.clock.advance(1)
    now = app.clock.now()
    app.tokens.revoke(Revocation.of_target(target, "app.key", now, now))
    later = issue(app, **fields).token
    app.tokens.verify(later)
    if not covered:
        app.tokens.verify(token)
        return
    with pytest.raises(Refusal) as refused:
        app.tokens.verify(token)
    assert refused.value.error.code == 40141


def test_tokens_of_another_key_are_not_covered() -> None:
    app = an_app()
    token = issue(app, clientId="alice").token
    app.clock.advance(1)
    now = app.clock.now()
    app.tokens.revoke(Revocation.of_target("clientId:alice", "app.other", now, now))
    assert app.tokens.verify(token).client_id == "alice"


def test_secrets_are_not_shown() -> None:
    app = an_app()
    details = issue(app)
    assert details.token not in repr(details)
    assert "secret" not in repr(app.key("app.key"))


@pytest.mark.parametrize(
    "body", [5, {"ttl": 1.5}, {"nonce": 5}, {"timestamp": "now"}, {"capability": [5]}]
)
def test_what_is_no_token_request_is_refused(body: object) -> None:
    with pytest.raises(Refusal):
        TokenRequest.from_wire(body)


def test_numbers_may_come_as_text_and_capabilities_as_objects() -> None:
    request = TokenRequest.from_wire({"ttl": "60000", "capability": {"a": ["publish"]}})
    assert (request.ttl, request.capability) == (60_000, '{"a":["publish"]}')
    assert TokenRequest.from_wire({"capability": ""}).capability is None
