"""What the type checkers accept also exists."""

from __future__ import annotations

import inspect

from tests.typing_tests import synchronous_code, users_code


def test_the_code_that_is_checked_can_be_imported() -> None:
    assert inspect.iscoroutinefunction(users_code.main)
    assert not inspect.iscoroutinefunction(synchronous_code.main)
