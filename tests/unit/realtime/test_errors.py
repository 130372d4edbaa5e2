"""The one exception of the library."""

from __future__ import annotations

import copy
import pickle

import pytest
from ably import AblyException

from ably_realtime._wire.error_info import ErrorInfo
from ably_realtime.errors import AblyError


class Unpicklable(Exception):
    def __reduce__(self) -> str:
        raise TypeError("not this one")


def full(cause: BaseException | None = None) -> AblyError:
    return AblyError(
        code=40160,
        status_code=401,
        message="not allowed",
        href="https://example.com/why",
        cause=cause,
        hint="ask",
        detail={"operation": "publish"},
        request_id="r1",
    )


def fields(error: AblyError) -> tuple[object, ...]:
    return (
        error.code,
        error.status_code,
        error.message,
        error.href,
        error.hint,
        error.detail,
        error.request_id,
    )


FIELDS = (
    40160, 401, "not allowed", "https://example.com/why", "ask", {"operation": "publish"}, "r1"
)  # fmt: skip


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_old_except_clauses_hold_and_the_class_never_varies(status: int) -> None:
    error = AblyError(code=status * 100, status_code=status, message="m")
    assert isinstance(error, AblyException)
    assert type(error) is AblyError


def test_every_field_is_there() -> None:
    cause = ValueError("because")
    error = full(cause)
    assert fields(error) == FIELDS
    assert error.cause is cause
    assert error.__cause__ is cause


def test_what_is_left_out() -> None:
    error = AblyError(code=12345, status_code=400, message="m")
    assert fields(error) == (
        12345, 400, "m", "https://help.ably.io/error/12345", None, None, None
    )  # fmt: skip
    assert (error.cause, error.__cause__) == (None, None)


def test_a_known_code_brings_a_hint_which_may_be_replaced_or_left_out() -> None:
    def hint(value: str | None) -> str | None:
        return AblyError(code=80000, status_code=400, message="m", hint=value).hint

    assert "network" in str(hint(None))
    assert hint("mine") == "mine"
    assert hint("") == ""


def test_code_and_status_cannot_be_swapped() -> None:
    with pytest.raises(TypeError):
        AblyError(40160, 401, "not allowed")  # type: ignore[call-arg]


def test_reads_as_what_where_and_what_to_do() -> None:
    error = full()
    assert str(error) == "not allowed (code 40160, status 401; see https://example.com/why) ask"
    assert repr(error) == "AblyError(code=40160, status_code=401, message='not allowed')"
    assert str(AblyError(code=1, status_code=400, message="m")) == (
        "m (code 1, status 400; see https://help.ably.io/error/1)"
    )


def test_made_from_an_error_of_the_core() -> None:
    deepest = ValueError("deepest")
    info = ErrorInfo(
        code=40160,
        status_code=401,
        message="not allowed",
        href="https://example.com/why",
        cause=ErrorInfo(40100, 401, "because", cause=deepest),
        detail={"operation": "publish"},
        request_id="r1",
    )
    error = AblyError.from_info(info)
    assert (error.code, error.status_code, error.message) == FIELDS[:3]
    assert (error.href, error.detail, error.request_id) == (FIELDS[3], *FIELDS[5:])
    assert isinstance(error.cause, AblyError)
    assert (error.cause.code, error.cause.cause) == (40100, deepest)


def test_an_empty_detail_is_no_detail() -> None:
    """TI6."""
    assert AblyError.from_info(ErrorInfo(1, 400, "m", detail={})).detail is None


@pytest.mark.parametrize("cause", [None, full()], ids=["none", "AblyError"])
def test_pickles_and_copies(cause: AblyError | None) -> None:
    error = full(cause)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - our own
        assert type(again) is AblyError
        assert fields(again) == FIELDS
        assert again.__cause__ is again.cause
        if cause is None:
            assert again.cause is None
        else:
            assert isinstance(again.cause, AblyError)
            assert fields(again.cause) == FIELDS


def test_a_cause_that_does_not_pickle_leaves_its_text() -> None:
    again = pickle.loads(pickle.dumps(full(Unpicklable("because"))))  # noqa: S301 - our own
    assert fields(again) == FIELDS
    assert str(again.cause) == "Unpicklable: because"
