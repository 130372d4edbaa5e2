"""A credential never prints."""

from __future__ import annotations

from ably_realtime._wire.secret import Secret

SECRET = Secret("app.key:hidden")


def test_revealed_on_request_only() -> None:
    assert SECRET.reveal() == "app.key:hidden"
    assert f"{SECRET} {SECRET!r} {[SECRET]}" == "Secret(***) Secret(***) [Secret(***)]"


def test_compared_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert {Secret("a"), Secret("a")} == {Secret("a")}
