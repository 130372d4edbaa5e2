"""The connection: dial, wait, resume, give up."""

from __future__ import annotations

from typing import Any

import pytest

from ably_realtime._core.effects import ConnectionChanged, OpenTransport, Restored, Send
from ably_realtime._core.inputs import (
    Alive,
    Authorize,
    Authorized,
    AuthorizeFailed,
    Close,
    Connect,
    ConnectivityChecked,
    Dropped,
    Input,
    NetworkAvailable,
    NetworkLost,
    Received,
    TimersDue,
    TokenFailed,
    TokenObtained,
)
from ably_realtime._core.recovery import RecoveryKey
from ably_realtime._wire.error_info import ErrorInfo
from ably_realtime._wire.frames import Action, ConnectionDetails, Frame
from ably_realtime._wire.secret import Secret
from ably_realtime.states import ConnectionEvent, ConnectionState
from tests.unit.realtime.driving import (
    MINUTE,
    START,
    TOKEN_EXPIRED,
    UNREACHABLE,
    Client,
    client_in,
    connected,
    error,
    failed,
    lead_to,
)

S = ConnectionState

CLOSED = Frame(Action.CLOSED)


def disconnected(why: ErrorInfo | None = None) -> Frame:
    return Frame(Action.DISCONNECTED, error=why)


# -- connecting


def test_connects() -> None:
    """RTN4b, RTN6, RTN8, RTN9."""
    client = Client(query={"v": "6"}, transport_params={"extra": "1"})
    assert client.do(Connect()) == ["connection connecting", "open 1 main"]
    assert client.last(OpenTransport).params == {"v": "6", "key": Secret("key"), "extra": "1"}
    assert (client.connection.id, client.connection.key) == (None, None)

    assert client.receive(connected("c1", "k1")) == ["connection connected"]
    assert (client.connection.id, client.connection.key) == ("c1", Secret("k1"))
    assert client.all(ConnectionChanged) == [
        ConnectionChanged(S.INITIALIZED, S.CONNECTING, ConnectionEvent.CONNECTING),
        ConnectionChanged(
            S.CONNECTING,
            S.CONNECTED,
            ConnectionEvent.CONNECTED,
            restored=Restored(resumed=False, resent=0, queued=0, attaching=0),
        ),
    ]


def test_parameters_of_the_application_win() -> None:
    """RTC1f1."""
    client = Client(query={"v": "6", "echo": "true"}, transport_params={"v": "7"})
    client.do(Connect())
    assert (client.dialled_with("v"), client.dialled_with("echo")) == ("7", "true")


@pytest.mark.parametrize(
    ("state", "story"),
    [
        (S.INITIALIZED, ["connection connecting", "open 1 main"]),
        (S.CONNECTING, []),  # RTN11e
        (S.CONNECTED, []),
        (S.DISCONNECTED, ["connection connecting", "open 2 main"]),  # RTN11c
        (S.CLOSING, ["close 1", "connection closed", "connection connecting", "open 2 main"]),
        (S.CLOSED, ["connection connecting", "open 2 main"]),
        (S.FAILED, ["connection connecting", "open 2 main"]),
    ],
)
def test_connect_from_every_state(state: ConnectionState, story: list[str]) -> None:
    """RTN11."""
    assert client_in(state).do(Connect()) == story


def test_connect_does_not_wait_for_the_next_retry() -> None:
    """RTN11c."""
    client = client_in(S.SUSPENDED)
    attempt = client.attempt
    assert client.do(Connect()) == ["connection connecting", f"open {attempt + 1} main"]


@pytest.mark.parametrize("state", [S.CLOSED, S.FAILED])
def test_connecting_again_starts_with_a_clean_slate(state: ConnectionState) -> None:
    """RTN11d."""
    client = client_in(state)
    client.do(Connect())
    assert client.connection.error_reason is None
    assert client.connection.details == ConnectionDetails()
    assert client.dialled_with("resume") is None


def test_closing_resets_the_backoff() -> None:
    """RTN11d."""
    client = Client(random=0.0)
    for _ in range(2):
        client.do(Connect())
        assert client.drop() == ["connection disconnected 80003 in 12000"]
        client.do(Close())


def test_what_an_abandoned_attempt_still_says_is_ignored() -> None:
    client = Client()
    client.do(Connect())
    client.drop()
    client.do(Connect())
    assert client.attempt == 2
    stale: list[Input] = [
        Received(1, connected()),
        Received(1, failed(error=error(40400))),
        Dropped(1, UNREACHABLE),
        Alive(1),
        Received(3, connected()),
    ]
    assert client.do(*stale) == []
    assert client.connection.state is S.CONNECTING


def test_nothing_counts_between_two_attempts() -> None:
    client = client_in(S.DISCONNECTED)
    assert client.receive(connected(), failed(error=error(40400))) == []
    assert client.drop() == []


@pytest.mark.parametrize(
    "frame", [Frame(Action.CONNECT), Frame(Action.ACTIVATE), Frame(99), Frame(Action.AUTH)]
)
@pytest.mark.parametrize("state", [S.CONNECTING, S.CLOSING])
def test_frames_that_mean_nothing_here_are_ignored(state: ConnectionState, frame: Frame) -> None:
    """RTF1."""
    client = client_in(state)
    assert client.receive(frame) == []
    assert client.connection.state is state


# -- failing to connect


def test_retries_with_backoff_and_jitter() -> None:
    """RTN14d, RTB1."""
    client = Client(random=0.5, disconnected_retry_timeout=3_000)
    client.do(Connect())
    for attempt, delay in enumerate((2_700, 3_600, 4_500, 5_400, 5_400), start=1):
        assert client.drop() == [f"connection disconnected 80003 in {delay}"]
        assert client.connection.error_reason == UNREACHABLE
        assert client.advance(delay - 1) == []
        assert client.advance(1) == ["connection connecting", f"open {attempt + 1} main"]
    assert client.receive(connected()) == ["connection connected"]
    assert client.connection.error_reason is None


def test_a_success_resets_the_backoff() -> None:
    client = Client(random=0.0)
    client.do(Connect())
    for _ in range(3):
        client.drop()
        client.do(Connect())
    client.receive(connected())
    client.advance(MINUTE)
    client.drop()
    client.do(TimersDue())
    assert client.drop() == ["connection disconnected 80003 in 12000"]


def test_an_attempt_has_its_deadline() -> None:
    """RTN14c."""
    client = Client(realtime_request_timeout=5_000, random=0.5)
    client.do(Connect())
    assert client.advance(4_999) == []
    assert client.advance(1) == ["close 1", "connection disconnected 80014 in 13500"]
    assert client.connection.error_reason is not None
    assert client.connection.error_reason.status_code == 408
    assert "main" in client.connection.error_reason.message


@pytest.mark.parametrize(
    ("frame", "story"),
    [
        (failed(error=error(40400)), ["close 1", "connection failed 40400"]),  # RTN14g
        (failed(error=error(40101)), ["close 1", "connection failed 40101"]),  # RTN14a
        (failed(), ["close 1", "connection failed 80003"]),
        (failed(channel="", error=error(40400)), ["close 1", "connection failed 40400"]),
        (disconnected(error(80003, 400)), ["close 1", "connection disconnected 80003 in 12000"]),
        (disconnected(), ["close 1", "connection disconnected 80003 in 12000"]),
        (CLOSED, ["close 1", "connection disconnected 80003 in 12000"]),
    ],
    ids=str,
)
def test_the_server_refuses(frame: Frame, story: list[str]) -> None:
    """RTN14."""
    client = Client(random=0.0)
    client.do(Connect())
    assert client.receive(frame) == story
    reason = client.connection.error_reason
    assert reason is not None
    assert frame.error in (None, reason)


@pytest.mark.parametrize("details", [{}, {"connection_state_ttl": 60_000}])
def test_down_for_too_long_is_suspended(details: dict[str, Any]) -> None:
    """RTN14e, RTN14f, RTN14h, DF1a."""
    ttl = details.get("connection_state_ttl", 120_000)
    client = Client(random=0.0, realtime_request_timeout=1_000, suspended_retry_timeout=20_000)
    client.connect(connected("c1", "k1", **details))
    client.advance(MINUTE)
    client.drop()
    assert not [line for line in client.advance(ttl - 1) if "suspended" in line]
    assert client.advance(1) == ["connection suspended 80002 in 20000"]
    reason = client.connection.error_reason
    assert reason is not None
    assert isinstance(reason.cause, ErrorInfo)
    assert reason.cause.code == 80014

    for attempt in range(client.attempt + 1, client.attempt + 4):
        assert client.advance(21_000) == [
            "connection connecting",
            f"open {attempt} main",
            f"close {attempt}",
            "connection suspended 80014 in 20000",
        ]
    assert (client.connection.id, client.connection.key) == ("c1", Secret("k1"))
    assert client.dialled_with("resume") == "k1"


def test_never_connected_is_suspended_as_well() -> None:
    client = Client(random=0.0)
    client.do(Connect())
    client.drop()
    assert not [line for line in client.advance(119_999) if "suspended" in line]
    assert client.advance(1) == ["connection suspended 80002 in 30000"]


def test_an_attempt_that_outlasts_the_time_is_not_cut_short() -> None:
    """RTN14e speaks of DISCONNECTED; the attempt under way may still succeed."""
    client = Client(random=0.0, disconnected_retry_timeout=80_000)
    client.do(Connect())
    client.drop()
    client.advance(64_000)
    client.drop()
    client.do(Connect())
    client.now += 56_000
    assert client.do(TimersDue()) == ["close 3", "connection suspended 80014 in 30000"]


def test_the_time_down_is_counted_afresh_after_a_success() -> None:
    client = client_in(S.SUSPENDED)
    client.do(Connect())
    client.receive(connected())
    client.advance(MINUTE)
    client.drop()
    client.do(TimersDue())
    assert client.drop()[0].startswith("connection disconnected")


# -- once connected


@pytest.mark.parametrize(
    "frame", [None, disconnected(error(80003, 400)), disconnected(), CLOSED], ids=str
)
def test_a_lost_connection_is_resumed_at_once(frame: Frame | None) -> None:
    """RTN15a, RTN15h3, RTN15b, RTN15c6, RTN15e."""
    client = Client()
    client.connect(connected("c1", "k1"))
    client.advance(MINUTE)
    story = client.receive(frame) if frame else client.drop()
    assert story[-1] == "connection disconnected 80003 in 0"
    assert client.do(TimersDue()) == ["connection connecting", "open 2 main"]
    assert client.dialled_with("resume") == "k1"

    assert client.receive(connected("c1", "k2")) == ["connection connected"]
    assert (client.connection.id, client.connection.key) == ("c1", Secret("k2"))
    assert client.connection.resumed


def test_a_failed_resume_says_why() -> None:
    """RTN15c7."""
    client = client_in(S.DISCONNECTED)
    client.do(TimersDue())
    story = client.receive(connected("c2", "k2", error=error(80018, 400)))
    assert story == ["connection connected 80018"]
    assert (client.connection.id, client.connection.key) == ("c2", Secret("k2"))
    assert client.connection.error_reason == error(80018, 400)
    assert not client.connection.resumed


def test_a_fatal_error_ends_it() -> None:
    """RTN15j, RTN15c4, RTN8d, RTN9d."""
    client = client_in(S.CONNECTED)
    assert client.receive(failed(error=error(40400))) == ["close 1", "connection failed 40400"]
    assert client.connection.error_reason == error(40400)
    assert (client.connection.id, client.connection.key) == (None, None)
    assert client.session.next_deadline is None


def test_an_error_about_the_token_is_as_fatal_once_connected() -> None:
    """RTN15j, RTC8a2: only DISCONNECTED asks for another token there (RTN15h)."""
    client = Client(can_renew_token=lambda: True)
    client.connect()
    assert client.receive(failed(error=TOKEN_EXPIRED)) == ["close 1", "connection failed 40142"]


def test_connections_that_break_at_once_do_not_earn_two_immediate_retries() -> None:
    client = Client()
    waits = []
    for lasted in (500, 500, 500, 2_000, 500, 500):
        client.connect()
        client.advance(lasted)
        client.drop()
        waits.append(client.last(ConnectionChanged).retry_in)
    assert waits == [0, 1_000, 1_000, 0, 0, 1_000]


def test_that_wait_is_no_longer_than_the_configured_one() -> None:
    client = Client(disconnected_retry_timeout=100)
    for _ in range(2):
        client.connect()
        client.drop()
    assert client.last(ConnectionChanged).retry_in == 100


def test_another_connected_updates() -> None:
    """RTN24, RTN21."""
    client = Client()
    client.connect(connected("c1", "k1", max_message_size=1))
    story = client.receive(connected("c1", "k2", error=error(40160, 401), max_message_size=2))
    assert story == ["connection update 40160"]
    assert client.last(ConnectionChanged) == ConnectionChanged(
        S.CONNECTED, S.CONNECTED, ConnectionEvent.UPDATE, error(40160, 401)
    )
    assert client.connection.error_reason == error(40160, 401)
    assert client.connection.key == Secret("k2")
    assert client.connection.details.max_message_size == 2

    assert client.receive(Frame(Action.CONNECTED, connection_id="c1")) == ["connection update"]
    assert client.connection.key == Secret("k2")
    assert client.connection.error_reason is None


@pytest.mark.parametrize(
    ("configured", "confirmed", "accepted"),
    [
        (None, "me", True),
        ("me", "me", True),
        ("me", "*", True),  # RSA15b
        ("me", None, True),
        ("me", "you", False),
    ],
)
@pytest.mark.parametrize("at_first", [True, False])
def test_the_client_id_confirmed_must_be_the_configured_one(
    configured: str | None, confirmed: str | None, accepted: bool, at_first: bool
) -> None:
    """RSA15a, RSA15c."""
    client = Client(client_id=configured)
    story = client.connect(connected(client_id=confirmed if at_first else configured))
    if not at_first:
        story = client.receive(connected(client_id=confirmed))
    if accepted:
        assert client.connection.state is S.CONNECTED
    else:
        assert story[-2:] == ["close 1", "connection failed 40102"]
        assert client.connection.error_reason is not None
        assert "'you'" in client.connection.error_reason.message


# -- liveness


def test_silence_for_too_long_is_a_lost_connection() -> None:
    """RTN23a."""
    client = Client(realtime_request_timeout=10_000)
    client.connect(connected(max_idle_interval=15_000))
    assert client.advance(24_999) == []
    assert client.advance(1)[:2] == ["close 1", "connection disconnected 80003 in 0"]
    assert client.do(Received(1, connected())) == []


@pytest.mark.parametrize("sign", ["frame", "ping"])
def test_any_sign_of_life_counts(sign: str) -> None:
    """RTN23a, RTN23b."""
    client = Client(realtime_request_timeout=10_000)
    client.connect(connected(max_idle_interval=15_000))
    for _ in range(5):
        assert client.advance(20_000) == []
        life = Alive(1) if sign == "ping" else Received(1, Frame(Action.HEARTBEAT))
        assert client.do(life) == []
    assert client.advance(24_999) == []
    assert client.advance(1)[0] == "close 1"


@pytest.mark.parametrize("interval", [None, 0])
def test_without_an_interval_silence_is_fine(interval: int | None) -> None:
    """CD2h."""
    client = Client()
    client.connect(connected(max_idle_interval=interval))
    assert client.advance(60 * MINUTE) == []


@pytest.mark.parametrize("interval", [5_000, 30_000])
def test_an_update_changes_the_interval(interval: int) -> None:
    """RTN21, RTN24."""
    client = Client(realtime_request_timeout=10_000)
    client.connect(connected(max_idle_interval=15_000))
    client.receive(connected(max_idle_interval=interval))
    assert client.advance(interval + 9_999) == []
    assert client.advance(1)[0] == "close 1"


def test_an_update_may_allow_silence() -> None:
    client = Client()
    client.connect(connected(max_idle_interval=15_000))
    client.receive(connected(max_idle_interval=0))
    assert client.advance(60 * MINUTE) == []


# -- the network of the operating system


@pytest.mark.parametrize(
    ("state", "story"),
    [
        (S.INITIALIZED, []),
        (S.CONNECTING, ["close 1", "connection disconnected 80003 in 12000"]),
        (S.CONNECTED, ["close 1", "connection disconnected 80003 in 0"]),
        (S.DISCONNECTED, []),
        (S.SUSPENDED, []),
        (S.CLOSING, []),
        (S.CLOSED, []),
        (S.FAILED, []),
    ],
)
def test_network_lost(state: ConnectionState, story: list[str]) -> None:
    """RTN20a."""
    assert client_in(state, random=0.0).do(NetworkLost()) == story


@pytest.mark.parametrize("state", list(S))
def test_network_available(state: ConnectionState) -> None:
    """RTN20b, RTN20c."""
    client = client_in(state)
    story = client.do(NetworkAvailable())
    if state in (S.DISCONNECTED, S.SUSPENDED):
        assert story == ["connection connecting", f"open {client.attempt} main"]
    elif state is S.CONNECTING:
        assert story == ["close 1", "open 2 main"]
    else:
        assert story == []


# -- closing


@pytest.mark.parametrize(
    ("state", "story"),
    [
        (S.CONNECTED, ["connection closing", "send CLOSE"]),  # RTN12a
        (S.CONNECTING, ["connection closing"]),  # RTN12f
        (S.DISCONNECTED, ["connection closed"]),  # RTN12d
        (S.SUSPENDED, ["connection closed"]),
        (S.CLOSING, []),
        (S.CLOSED, []),
        (S.FAILED, []),
    ],
)
def test_close_from_every_state(state: ConnectionState, story: list[str]) -> None:
    """RTN12."""
    client = client_in(state)
    assert client.do(Close()) == story
    client.advance(60 * MINUTE)
    assert client.connection.state is (S.FAILED if state is S.FAILED else S.CLOSED)
    assert client.session.next_deadline is None


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (CLOSED, ""),
        (disconnected(error(80003, 400)), " 80003"),
        (failed(error=error(40400)), " 40400"),
        (None, ""),  # RTN12c
    ],
    ids=str,
)
def test_closing_ends_with_whatever_ends_the_transport(frame: Frame | None, reason: str) -> None:
    """RTN12a, RTN4c."""
    client = client_in(S.CLOSING)
    assert (client.connection.id, client.connection.key) == (None, None)
    story = client.receive(frame) if frame else client.drop()
    assert story == (["close 1"] if frame else []) + [f"connection closed{reason}"]


def test_closing_waits_only_so_long() -> None:
    """RTN12b."""
    client = Client(realtime_request_timeout=5_000)
    client.connect()
    client.do(Close())
    assert client.advance(4_999) == []
    assert client.advance(1) == ["close 1", "connection closed"]


def test_closing_while_connecting_says_close_once_it_can() -> None:
    """RTN12f."""
    client = client_in(S.CONNECTING)
    client.do(Close())
    client.advance(5_000)
    assert client.receive(connected()) == ["send CLOSE"]
    assert client.connection.id is None
    assert client.advance(9_999) == []
    assert client.receive(CLOSED) == ["close 1", "connection closed"]


@pytest.mark.parametrize("how", ["drop", "deadline"])
def test_closing_while_connecting_does_not_need_to_connect(how: str) -> None:
    """RTN12f."""
    client = client_in(S.CONNECTING)
    client.do(Close())
    story = client.drop() if how == "drop" else client.advance(10_000)
    assert story[-1] == "connection closed"
    assert client.do(Received(1, connected())) == []


def test_closing_while_no_transport_is_open_is_immediate() -> None:
    client = Client(fallback_hosts=("a",))
    client.do(Connect())
    client.drop(try_elsewhere=True)
    assert client.do(Close()) == ["connection closing", "cancel 1", "connection closed"]
    assert client.do(ConnectivityChecked(1, online=True)) == []


def test_connecting_while_closing_uses_a_new_transport() -> None:
    """RTN11b."""
    client = client_in(S.CLOSING)
    client.do(Connect())
    assert client.do(Received(1, CLOSED)) == []
    assert client.receive(connected("c2", "k2")) == ["connection connected"]


# -- fallback hosts

FALLBACKS = ("a", "b", "c")


def test_fallback_hosts_are_tried_in_turn_once_the_internet_is_there() -> None:
    """RTN17i, RTN17j."""
    client = Client(random=0.0, fallback_hosts=FALLBACKS)
    client.do(Connect())
    assert client.drop(try_elsewhere=True) == ["check 1"]
    assert client.do(ConnectivityChecked(1, online=True)) == ["open 2 a"]
    assert client.drop(try_elsewhere=True) == ["open 3 b"]
    assert client.drop(try_elsewhere=True) == ["open 4 c"]
    assert client.drop(try_elsewhere=True) == ["connection disconnected 80003 in 12000"]
    assert client.advance(12_000) == ["connection connecting", "open 5 main"]
    assert client.drop(try_elsewhere=True) == ["check 2"]


@pytest.mark.parametrize(
    ("frame", "qualifies"),
    [
        (disconnected(error(50003, 499)), False),
        (disconnected(error(50003, 500)), True),  # RTN17f1
        (disconnected(error(50003, 504)), True),
        (disconnected(error(50003, 505)), False),
    ],
)
def test_which_refusals_send_it_elsewhere(frame: Frame, qualifies: bool) -> None:
    client = Client(fallback_hosts=FALLBACKS)
    client.do(Connect())
    assert ("check 1" in client.receive(frame)) is qualifies


def test_a_timeout_sends_it_elsewhere() -> None:
    """RTN17f."""
    client = Client(fallback_hosts=FALLBACKS)
    client.do(Connect())
    assert client.advance(10_000) == ["close 1", "check 1"]


def test_other_failures_do_not() -> None:
    client = Client(random=0.0, fallback_hosts=FALLBACKS)
    client.do(Connect())
    assert client.drop() == ["connection disconnected 80003 in 12000"]


def test_a_lost_connection_is_resumed_at_the_primary_host() -> None:
    """RTN17i."""
    client = Client(random=0.0, fallback_hosts=FALLBACKS)
    client.do(Connect())
    client.drop(try_elsewhere=True)
    client.do(ConnectivityChecked(1, online=True))
    assert client.receive(connected()) == ["rest uses a", "connection connected"]  # RTN17e
    client.advance(MINUTE)
    assert client.drop(try_elsewhere=True) == [
        "rest uses None",
        "connection disconnected 80003 in 0",
    ]
    assert client.do(TimersDue()) == ["connection connecting", "open 3 main"]
    assert client.receive(connected()) == ["connection connected"]


@pytest.mark.parametrize("how", ["offline", "no answer"])
def test_without_internet_no_fallback_is_tried(how: str) -> None:
    """RTN17j."""
    client = Client(random=0.0, fallback_hosts=FALLBACKS)
    client.do(Connect())
    client.drop(try_elsewhere=True)
    if how == "offline":
        story = client.do(ConnectivityChecked(1, online=False))
    else:
        story = client.advance(10_000)
        assert story.pop(0) == "cancel 1"
    assert story == ["connection disconnected 80003 in 12000"]


def test_a_stale_connectivity_check_is_ignored() -> None:
    client = Client(random=0.0, fallback_hosts=FALLBACKS)
    client.do(Connect())
    client.drop(try_elsewhere=True)
    assert client.do(NetworkAvailable()) == ["cancel 1", "open 2 main"]
    assert client.do(ConnectivityChecked(1, online=True)) == []
    assert client.do(ConnectivityChecked(1, online=False)) == []
    client.drop(try_elsewhere=True)
    assert client.do(ConnectivityChecked(1, online=True)) == []
    assert client.do(ConnectivityChecked(2, online=True)) == ["open 3 a"]


# -- tokens of a dial


def with_token(**config: Any) -> Client:
    """A client that authenticates with tokens, about to dial with the token t1."""
    client = Client(**{"key": None, "can_renew_token": lambda: True, "random": 0.0, **config})
    assert client.do(Connect()) == ["connection connecting", "token 1"]
    assert client.do(TokenObtained(1, Secret("t1"))) == ["open 1 main"]
    assert client.dialled_with("accessToken") == "t1"
    return client


def test_a_refused_token_is_renewed_once() -> None:
    """RTN14b."""
    client = with_token()
    assert client.receive(failed(error=TOKEN_EXPIRED)) == ["close 1", "token 2 but t1"]
    assert client.do(TokenObtained(2, Secret("t2"))) == ["open 2 main"]
    assert client.dialled_with("accessToken") == "t2"
    story = client.receive(failed(error=TOKEN_EXPIRED))
    assert story == ["close 2", "connection disconnected 40142 in 12000"]
    assert client.advance(12_000) == ["connection connecting", "token 3 but t2"]


def test_a_refused_token_that_cannot_be_renewed() -> None:
    """RSA4a2."""
    client = with_token(can_renew_token=lambda: False)
    assert client.receive(failed(error=TOKEN_EXPIRED)) == ["close 1", "connection failed 40171"]
    assert client.connection.error_reason is not None
    assert client.connection.error_reason.cause == TOKEN_EXPIRED


def test_an_expired_token_that_cannot_be_renewed_once_connected() -> None:
    """RTN15h1, RSA4a2."""
    client = with_token(can_renew_token=lambda: False)
    client.receive(connected())
    story = client.receive(disconnected(TOKEN_EXPIRED))
    assert story == ["close 1", "connection failed 40171"]


def test_an_expired_token_is_renewed_at_once() -> None:
    """RTN15h2."""
    client = with_token()
    client.receive(connected("c1", "k1"))
    client.advance(MINUTE)
    story = client.receive(disconnected(TOKEN_EXPIRED))
    assert story == ["close 1", "connection disconnected 40142 in 0"]
    assert client.do(TimersDue()) == ["connection connecting", "token 2 but t1"]
    assert client.do(TokenObtained(2, Secret("t2"))) == ["open 2 main"]
    assert (client.dialled_with("accessToken"), client.dialled_with("resume")) == ("t2", "k1")


@pytest.mark.parametrize("failure", ["no token", "refused"])
def test_a_renewal_that_fails_then_waits(failure: str) -> None:
    """RTN15h2: the next attempt failing for its token ends in DISCONNECTED."""
    client = with_token()
    client.receive(connected())
    client.advance(MINUTE)
    client.receive(disconnected(TOKEN_EXPIRED))
    client.do(TimersDue())
    if failure == "no token":
        story = client.do(TokenFailed(2, error(50000)))
        assert story == ["connection disconnected 80019 in 12000"]
    else:
        client.do(TokenObtained(2, Secret("t2")))
        story = client.receive(failed(error=TOKEN_EXPIRED))
        assert story == ["close 2", "connection disconnected 40142 in 12000"]


@pytest.mark.parametrize("final", [False, True])
def test_a_dial_that_gets_no_token(final: bool) -> None:
    """RSA4c2, RSA4d."""
    client = Client(key=None, random=0.0)
    client.do(Connect())
    if final:
        story = client.do(TokenFailed(1, error(40300), final=True))
        assert story == ["connection failed 80019"]
    else:
        story = client.advance(10_000)
        assert story == ["cancel 1", "connection disconnected 80019 in 12000"]


@pytest.mark.parametrize("state", list(S))
def test_a_new_token_of_the_application_is_used_at_once(state: ConnectionState) -> None:
    """RTC8."""
    client = client_in(state)
    halted = ["close 1"] if state is S.CONNECTING else []
    assert client.do(Authorize(1)) == halted
    story = client.do(Authorized(1, Secret("t1")))
    if state is S.CONNECTED:
        assert story == ["send AUTH"]
    elif state is S.CONNECTING:
        assert story == ["token 1"]
    elif state is S.CLOSING:
        assert story == []
    else:
        assert story == ["connection connecting", "token 1"]


@pytest.mark.parametrize("state", [S.CLOSING, S.FAILED])
def test_a_forbidden_token_of_the_application(state: ConnectionState) -> None:
    """RSA4d."""
    client = client_in(state)
    client.do(Authorize(1), AuthorizeFailed(1, error(40300), final=True))
    assert client.connection.state is (S.CLOSED if state is S.CLOSING else S.FAILED)
    assert client.connection.error_reason is not None
    assert client.connection.error_reason.code == 80019


# -- recovery


def recovering() -> Client:
    return Client(recovery=RecoveryKey(Secret("k0"), 7, {"orders": "cs1"}))


def test_recovers_until_it_first_connects() -> None:
    """RTN16k."""
    client = recovering()
    client.do(Connect())
    assert client.dialled_with("recover") == "k0"
    client.drop()
    client.do(Connect())
    assert client.dialled_with("recover") == "k0"
    client.receive(connected("c0", "k1"))
    assert client.connection.resumed
    client.drop()
    client.do(TimersDue())
    assert (client.dialled_with("recover"), client.dialled_with("resume")) == (None, "k1")
    client.receive(failed(error=error(40400)))
    client.do(Connect())
    assert (client.dialled_with("recover"), client.dialled_with("resume")) == (None, None)


def test_a_refused_recovery() -> None:
    """RTN16l."""
    client = recovering()
    assert client.connect(connected(error=error(80018, 400))) == [
        "connection connecting",
        "open 1 main",
        "connection connected 80018",
    ]
    assert not client.connection.resumed


# -- all at once


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("then", [S.DISCONNECTED, S.SUSPENDED, S.CLOSING, S.CLOSED, S.FAILED])
def test_every_state_can_be_left_again(state: ConnectionState, then: ConnectionState) -> None:
    """Whatever happened before, connect() leads to CONNECTED, and from there anywhere."""
    client = client_in(state)
    client.do(Connect())
    if client.connection.state is not S.CONNECTED:
        client.receive(connected())
    lead_to(client, then)
    assert client.connection.state is then


def test_the_origin_of_the_clock_means_nothing() -> None:
    stories = []
    for start in (0.0, START):
        client = Client(fallback_hosts=FALLBACKS)
        client.now = start
        stories.append(
            client.connect(connected(max_idle_interval=15_000)) + client.advance(5 * MINUTE)
        )
    assert stories[0] == stories[1]


def test_nothing_is_sent_but_close() -> None:
    client = client_in(S.CLOSING)
    assert client.all(Send) == [Send(1, Frame(Action.CLOSE))]
