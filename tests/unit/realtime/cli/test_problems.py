"""Errors in one line."""

from __future__ import annotations

from ssl import SSLCertVerificationError

import pytest
from ably.util.exceptions import AblyException

from ably_realtime import AblyError
from ably_realtime.cli.problems import Failure, Problem, problem_of, redact


def test_an_error_of_ably_says_what_its_code_and_what_to_do() -> None:
    error = AblyError(code=40160, status_code=401, message="not\nallowed (See https://help/40160)")
    assert problem_of(error).line() == (
        "not allowed (code 40160). The key or token lacks the capability for this operation on "
        "this channel."
    )


def test_an_error_of_the_rest_sdk_gets_the_same_hint() -> None:
    problem = problem_of(AblyException("no", 401, 40101))
    assert problem == Problem(
        "no", 40101, "Check the API key or token: the server does not accept it."
    )


def test_the_form_of_a_key_is_not_taken_for_a_key() -> None:
    hint = str(problem_of(AblyError(code=40005, status_code=400, message="no key")).hint)
    assert "secret" in hint
    assert redact(hint) == hint


def test_what_an_option_needs_to_be_installed_is_said() -> None:
    error = AblyError(code=40019, status_code=400, message="no decoder")
    assert "pip install 'ably-realtime[delta]'" in problem_of(error).line()


def test_a_certificate_is_not_blamed_on_the_network() -> None:
    error = AblyError(
        code=80000, status_code=400, message="m", cause=SSLCertVerificationError(), hint="trust it"
    )
    assert problem_of(error).hint == "trust it"


def test_without_a_hint_it_says_where_to_read_on() -> None:
    error = AblyError(code=49999, status_code=400, message="odd")
    assert problem_of(error).line() == "odd (code 49999). See https://help.ably.io/error/49999"


def test_what_kept_a_token_from_coming_is_said_instead() -> None:
    cause = AblyError(code=40101, status_code=401, message="wrong key")
    error = AblyError(code=80019, status_code=401, message="no token", cause=cause)
    assert problem_of(error) == problem_of(cause)


@pytest.mark.parametrize(
    "error",
    [
        AblyError(code=80000, status_code=400, message="cannot connect"),
        AblyError(
            code=40170, status_code=401, message="no token", cause=ConnectionRefusedError("no")
        ),
    ],
    ids=["code", "cause"],
)
def test_the_network_is_blamed_where_it_is_to_blame(error: AblyError) -> None:
    assert problem_of(error).is_network
    assert problem_of(error).hint == "Check the network, the endpoint and the port."


def test_a_failure_of_the_command_has_no_code() -> None:
    assert problem_of(Failure("no key", "Pass one.")).line() == "no key. Pass one."
    assert Problem("did you mean this?").line() == "did you mean this?"


def test_what_nobody_expected_is_said_to_be_so() -> None:
    assert problem_of(LookupError("x")).line() == (
        "unexpected LookupError: x. Run it again with --verbose, and please report it."
    )


def test_a_problem_as_a_record_leaves_out_what_is_not_there() -> None:
    assert Problem("a", 1).record() == {"error": {"message": "a", "code": 1}}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("token abc.def here", "token *** here"),
        ("accessToken=abc.def&v=6", "accessToken=***&v=6"),
        ("xabc.defx", "xabc.defx"),
        ("key Zz9-_.K-y:s3cr3t, and", "key Zz9-_.K-y:***, and"),
        ("main.realtime.ably.net:443", "main.realtime.ably.net:443"),
        ("12:30:01.5", "12:30:01.5"),
    ],
)
def test_secrets_are_blanked_out(text: str, shown: str) -> None:
    assert redact(text, ["abc.def"]) == shown
