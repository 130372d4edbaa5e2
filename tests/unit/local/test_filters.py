from __future__ import annotations

import pytest

from ably_local.errors import Refusal
from ably_local.filters import Filter
from ably_local.messages import Message

MESSAGE = Message(name="a", client_id="c", extras={"headers": {"n": 5, "s": "x"}, "ref": {}})


@pytest.mark.parametrize(
    ("expression", "passes"),
    [
        ('name == `"a"`', True),
        ("name == 'b'", False),
        ("clientId == 'c' && headers.n > `4`", True),
        ("headers.n > `5`", False),
        ("headers.missing", False),
        ("extras.ref", False),
        ("!(headers.missing)", True),
        ("contains(headers.s, 'x')", True),
        ("contains(headers.n, 'x')", False),
    ],
)
def test_an_expression_decides_about_a_message(expression: str, passes: bool) -> None:
    assert Filter(expression).passes(MESSAGE) is passes


def test_a_message_without_extras_has_no_headers() -> None:
    assert not Filter("headers.n").passes(Message())


@pytest.mark.parametrize("expression", ["", "name ==", "a b", "(a"])
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(Refusal) as refused:
        Filter(expression)
    assert refused.value.error.code == 40000


def test_an_expression_that_cannot_be_evaluated_does_not_hold() -> None:
    assert not Filter("unknown(name)").passes(MESSAGE)
