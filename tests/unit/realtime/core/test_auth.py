"""Tokens: for a dial, for the open connection, for `authorize()`."""

from __future__ import annotations

import pytest

from ably_realtime._core.inputs import (
    Authorize,
    Authorized,
    AuthorizeFailed,
    Close,
    Connect,
    ConnectivityChecked,
    TimersDue,
    TokenChanged,
    TokenFailed,
    TokenObtained,
)
from ably_realtime._wire.frames import Action, Frame
from ably_realtime._wire.secret import Secret
from ably_realtime.states import ConnectionState
from tests.unit.realtime.driving import (
    MINUTE,
    TOKEN_EXPIRED,
    Client,
    client_in,
    connected,
    error,
    failed,
    lead_to,
)

S = ConnectionState

T1, T2, T3 = Secret("t1"), Secret("t2"), Secret("t3")

REAUTHENTICATE = Frame(Action.AUTH)
CALLBACK_FAILED = error(50000)
FORBIDDEN = error(40300)


def dialling() -> Client:
    """A client that authenticates with tokens and waits for its first."""
    client = Client(key=None, can_renew_token=lambda: True, random=0.0)
    assert client.do(Connect()) == ["connection connecting", "token 1"]
    return client


def online() -> Client:
    """A client that is CONNECTED with the token t1, for a while already."""
    client = dialling()
    client.do(TokenObtained(1, T1))
    client.receive(connected())
    client.advance(MINUTE)
    return client


def presented(client: Client) -> list[Secret | None]:
    """The tokens that were sent over the open connection."""
    return [frame.auth for frame in client.sent(Action.AUTH)]


# -- for a dial


def test_a_dial_waits_for_its_token() -> None:
    """RTN2e, RTN27b."""
    client = dialling()
    assert client.advance(5_000) == []
    assert client.do(TokenObtained(1, T1)) == ["open 1 main"]
    assert (client.dialled_with("accessToken"), client.dialled_with("key")) == ("t1", None)
    assert client.advance(9_999) == []


def test_a_key_needs_no_token() -> None:
    client = client_in(S.CONNECTING)
    assert (client.dialled_with("accessToken"), client.dialled_with("key")) == (None, "key")


@pytest.mark.parametrize(
    ("answer", "story"),
    [
        (TokenFailed(1, CALLBACK_FAILED), ["connection disconnected 80019 in 12000"]),  # RSA4c2
        (TokenFailed(1, FORBIDDEN, final=True), ["connection failed 80019"]),  # RSA4d
        (None, ["cancel 1", "connection disconnected 80019 in 12000"]),  # RSA4c
    ],
    ids=["failed", "forbidden", "no answer"],
)
def test_a_dial_without_a_token_fails(answer: TokenFailed | None, story: list[str]) -> None:
    client = dialling()
    assert (client.do(answer) if answer else client.advance(10_000)) == story
    reason = client.connection.error_reason
    assert reason is not None
    assert reason.status_code == (403 if answer and answer.final else 401)
    assert reason.cause is not None
    assert answer is None or reason.cause == answer.error


def test_every_dial_asks_anew() -> None:
    client = Client(key=None, random=0.0, fallback_hosts=("a",))
    client.do(Connect(), TokenObtained(1, T1))
    client.drop(try_elsewhere=True)
    assert client.do(ConnectivityChecked(2, online=True)) == ["token 3"]
    assert client.do(TokenObtained(3, T2)) == ["open 2 a"]
    assert client.dialled_with("accessToken") == "t2"


def test_a_stale_token_is_ignored() -> None:
    client = dialling()
    client.advance(10_000)
    assert client.do(TokenObtained(1, T1), TokenFailed(1, FORBIDDEN, final=True)) == []
    assert client.do(Connect()) == ["connection connecting", "token 2"]
    assert client.do(TokenObtained(1, T1)) == []
    assert client.do(TokenObtained(2, T2)) == ["open 2 main"]
    assert client.do(TokenObtained(2, T3)) == []


def test_closing_does_not_wait_for_a_token() -> None:
    client = dialling()
    assert client.do(Close()) == ["connection closing", "cancel 1", "connection closed"]
    assert client.do(TokenObtained(1, T1)) == []


# -- for the open connection


def test_the_server_asks_for_a_new_token() -> None:
    """RTN22, RTC8a, RTC8a1."""
    client = online()
    assert client.receive(REAUTHENTICATE) == ["token 2 but t1"]
    assert client.do(TokenObtained(2, T2)) == ["send AUTH"]
    assert presented(client) == [T2]
    assert client.receive(connected("c1", "k2")) == ["connection update"]
    assert client.session.next_deadline is None


@pytest.mark.parametrize("state", [S.CONNECTING, S.CLOSING])
def test_it_asks_in_vain_unless_connected(state: ConnectionState) -> None:
    assert client_in(state).receive(REAUTHENTICATE) == []


def test_asked_twice_it_presents_one_token() -> None:
    client = online()
    client.receive(REAUTHENTICATE, REAUTHENTICATE)
    client.do(TokenObtained(2, T2), TokenObtained(3, T2))
    assert presented(client) == [T2]


@pytest.mark.parametrize("how", ["failed", "no answer"])
def test_a_failed_reauthentication_leaves_the_connection_alone(how: str) -> None:
    """RSA4c1, RSA4c3."""
    client = online()
    client.receive(REAUTHENTICATE)
    if how == "failed":
        assert client.do(TokenFailed(2, CALLBACK_FAILED)) == []
    else:
        assert client.advance(10_000) == ["cancel 2"]
    assert client.connection.state is S.CONNECTED
    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (80019, 401)
    assert reason.cause is not None
    assert client.do(TokenObtained(2, T2)) == []


def test_a_forbidden_reauthentication_is_fatal() -> None:
    """RSA4d, RSA4d1."""
    client = online()
    client.receive(REAUTHENTICATE)
    story = client.do(TokenFailed(2, FORBIDDEN, final=True))
    assert story == ["close 1", "connection failed 80019"]


def test_a_refused_reauthentication_is_fatal() -> None:
    """RTC8a2."""
    client = online()
    client.receive(REAUTHENTICATE)
    client.do(TokenObtained(2, T2))
    story = client.receive(failed(error=error(40012)))
    assert story == ["close 1", "connection failed 40012"]


def test_a_reauthentication_ends_with_its_connection() -> None:
    client = online()
    client.receive(REAUTHENTICATE)
    story = client.drop()
    assert story == ["cancel 2", "connection disconnected 80003 in 0"]
    assert client.do(TokenObtained(2, T2)) == []
    assert client.do(TimersDue()) == ["connection connecting", "token 3 but t1"]


def test_a_connection_that_ends_takes_its_reauthentication_along() -> None:
    client = online()
    client.receive(REAUTHENTICATE)
    assert "cancel 2" in client.receive(failed(error=error(40400)))
    assert client.session.next_deadline is None

    client = online()
    client.receive(REAUTHENTICATE)
    client.do(TokenObtained(2, T2))
    client.receive(failed(error=error(40400)))
    assert client.session.next_deadline is None


def test_a_refused_token_is_not_offered_again_until_another_was_taken() -> None:
    client = online()
    client.receive(REAUTHENTICATE)
    client.do(TokenObtained(2, T2))
    client.receive(connected())
    client.drop()
    assert client.do(TimersDue()) == ["connection connecting", "token 3"]


# -- a token that someone else obtained


def test_a_token_renewed_elsewhere_is_presented_while_connected() -> None:
    client = online()
    assert client.do(TokenChanged(T2)) == ["send AUTH"]
    assert client.do(TokenChanged(T2)) == []
    assert presented(client) == [T2]


@pytest.mark.parametrize("state", [S.INITIALIZED, S.DISCONNECTED, S.SUSPENDED, S.CLOSED, S.FAILED])
def test_a_token_renewed_elsewhere_waits_for_a_connection(state: ConnectionState) -> None:
    client = client_in(state)
    assert client.do(TokenChanged(T2)) == []


def test_a_token_renewed_elsewhere_answers_the_server_too() -> None:
    client = online()
    client.receive(REAUTHENTICATE)
    client.do(TokenChanged(T2))
    assert client.do(TokenObtained(2, T2)) == []
    assert presented(client) == [T2]


def test_a_token_renewed_while_dialling_with_an_older_one_is_presented_once_connected() -> None:
    client = dialling()
    client.do(TokenObtained(1, T1), TokenChanged(T2))
    client.receive(connected())
    assert presented(client) == [T2]


# -- authorize()


def test_authorize_while_connected_is_settled_by_the_server() -> None:
    """RTC8a, RTC8a3."""
    client = online()
    assert client.do(Authorize(1)) == []
    assert client.do(Authorized(1, T2)) == ["send AUTH"]
    client.receive(Frame(Action.HEARTBEAT))
    assert client.outcome(1) == "pending"
    assert client.receive(connected()) == ["connection update", "ok 1"]


def test_authorize_presents_even_the_same_token() -> None:
    """RTC8a."""
    client = online()
    client.do(Authorize(1), Authorized(1, T1))
    assert presented(client) == [T1]


def test_several_calls_are_settled_together_in_order() -> None:
    client = online()
    client.do(Authorize(1), Authorize(2), Authorized(2, T2), Authorized(1, T3))
    assert client.receive(connected())[1:] == ["ok 1", "ok 2"]


@pytest.mark.parametrize("code", [40012, 40142])
def test_authorize_fails_with_the_servers_error(code: int) -> None:
    """RTC8a2, RTC8a3."""
    client = online()
    client.do(Authorize(1), Authorized(1, T2))
    client.receive(failed(error=error(code)))
    assert client.outcome(1) == code
    assert client.connection.state is S.FAILED


def test_authorize_does_not_wait_for_ever() -> None:
    client = online()
    client.do(Authorize(1), Authorized(1, T2))
    assert client.advance(9_999) == []
    assert client.advance(1) == ["failed 1 50003"]
    assert client.connection.state is S.CONNECTED
    assert client.receive(connected()) == ["connection update"]


def test_authorize_survives_a_lost_connection() -> None:
    """RTC8b1."""
    client = online()
    client.do(Authorize(1), Authorized(1, T2))
    client.drop()
    client.do(TimersDue(), TokenObtained(2, T2))
    assert client.dialled_with("accessToken") == "t2"
    assert client.receive(connected()) == ["connection connected", "ok 1"]


@pytest.mark.parametrize("authenticated_with", ["token", "key"])
def test_authorize_while_connecting_starts_again(authenticated_with: str) -> None:
    """RTC8b, RTC8b1."""
    if authenticated_with == "token":
        client = dialling()
        client.do(TokenObtained(1, T1))
    else:
        client = client_in(S.CONNECTING)
    assert client.do(Authorize(1)) == ["close 1"]
    request = 2 if authenticated_with == "token" else 1
    assert client.do(Authorized(1, T2)) == [f"token {request}"]
    assert client.do(TokenObtained(request, T2)) == ["open 2 main"]
    assert client.dialled_with("accessToken") == "t2"
    assert client.receive(connected()) == ["connection connected", "ok 1"]


def test_authorize_while_waiting_for_a_token_takes_its_place() -> None:
    """RTC8b."""
    client = dialling()
    assert client.do(Authorize(1)) == ["cancel 1"]
    assert client.do(TokenObtained(1, T1)) == []
    assert client.do(Authorized(1, T2)) == ["token 2"]


def test_a_dial_begun_since_is_given_up_for_the_new_token() -> None:
    """RTC8b."""
    client = client_in(S.DISCONNECTED)
    client.do(Authorize(1), TimersDue())
    assert client.do(Authorized(1, T2)) == ["close 2", "token 1"]
    assert client.do(TokenObtained(1, T2)) == ["open 3 main"]


def test_the_connection_does_not_wait_for_authorize_for_ever() -> None:
    client = dialling()
    client.do(Authorize(1))
    assert client.advance(9_999) == []
    assert client.advance(1) == ["connection disconnected 80019 in 12000"]


@pytest.mark.parametrize(
    "state", [S.INITIALIZED, S.DISCONNECTED, S.SUSPENDED, S.CLOSED, S.FAILED], ids=str
)
def test_authorize_while_not_connecting_connects(state: ConnectionState) -> None:
    """RTC8c, RTC8b1."""
    client = client_in(state)
    assert client.do(Authorize(1)) == []
    assert client.do(Authorized(1, T2))[0] == "connection connecting"
    client.do(TokenObtained(1, T2))
    assert client.dialled_with("accessToken") == "t2"
    assert client.receive(connected())[-1] == "ok 1"


def test_connecting_by_authorize_starts_with_a_clean_slate_as_connect_does() -> None:
    """RTN11d."""
    client = client_in(S.DISCONNECTED, random=0.0)
    client.do(TimersDue())
    client.receive(failed(error=error(40400)))
    client.advance(60 * MINUTE)
    client.do(Authorize(1), Authorized(1, T2))
    assert client.connection.error_reason is None
    client.do(TokenObtained(1, T2))
    assert client.drop() == ["connection disconnected 80003 in 12000"]


@pytest.mark.parametrize("then", [S.SUSPENDED, S.CLOSED, S.FAILED])
def test_authorize_ends_with_the_connection(then: ConnectionState) -> None:
    """RTC8b1."""
    client = client_in(S.CONNECTED)
    client.do(Authorize(1), Authorized(1, T2))
    if then is S.SUSPENDED:
        client.drop()
        client.advance(5 * MINUTE)
    else:
        lead_to(client, then)
    assert client.outcome(1) in (80002, 80014, 80017, 80019, 40400)


def test_a_token_that_comes_while_closing_opens_nothing() -> None:
    client = client_in(S.CONNECTED)
    client.do(Authorize(1), Close())
    assert client.do(Authorized(1, T2)) == []
    client.receive(Frame(Action.CLOSED))
    assert client.outcome(1) == 80017
    assert client.connection.state is S.CLOSED


@pytest.mark.parametrize("state", [S.CONNECTING, S.CONNECTED, S.DISCONNECTED])
def test_a_token_that_comes_after_close_opens_nothing(state: ConnectionState) -> None:
    """RTC8b1: CLOSED fails the call; what is closed stays closed until the next command."""
    client = client_in(state)
    client.do(Authorize(1))
    client.close()
    client.do(Authorized(1, T2))
    assert client.connection.state is S.CLOSED
    assert client.outcome(1) == 80017


@pytest.mark.parametrize(
    ("state", "story"),
    [
        (S.CONNECTING, ["failed 1 80019", "connection disconnected 80019 in 12000"]),
        (S.CONNECTED, ["failed 1 80019"]),
        (S.DISCONNECTED, ["failed 1 80019"]),
    ],
)
def test_authorize_without_a_token(state: ConnectionState, story: list[str]) -> None:
    """RSA4c."""
    client = client_in(state, random=0.0)
    client.do(Authorize(1))
    assert client.do(AuthorizeFailed(1, CALLBACK_FAILED)) == story
    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code, reason.cause) == (80019, 401, CALLBACK_FAILED)


@pytest.mark.parametrize("state", list(S))
def test_a_forbidden_authorize_is_fatal(state: ConnectionState) -> None:
    """RSA4d."""
    client = client_in(state)
    client.do(Authorize(1), AuthorizeFailed(1, FORBIDDEN, final=True))
    assert client.outcome(1) == 80019
    assert client.connection.state is (S.CLOSED if state is S.CLOSING else S.FAILED)
    reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (80019, 403)


def test_a_failure_that_comes_after_close_changes_nothing() -> None:
    client = client_in(S.CONNECTED)
    client.do(Authorize(1))
    client.close()
    assert client.outcome(1) == 80017
    assert client.do(AuthorizeFailed(1, FORBIDDEN, final=True)) == []
    assert client.connection.state is S.CLOSED


def test_a_refused_token_is_replaced_before_the_next_dial() -> None:
    """RTN15h2."""
    client = online()
    client.receive(Frame(Action.DISCONNECTED, error=TOKEN_EXPIRED))
    assert client.do(TimersDue())[1:] == ["token 2 but t1"]
