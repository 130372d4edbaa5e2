from __future__ import annotations

from typing import Any

import pytest

from ably_realtime import AblyError
from ably_realtime.sync.bridge import in_seconds


@pytest.mark.parametrize(("timeout", "seconds"), [(None, None), (0, 0), (1500, 1.5), (0.5, 0.0005)])
def test_milliseconds_become_seconds(timeout: float | None, seconds: float | None) -> None:
    assert in_seconds(timeout) == seconds


@pytest.mark.parametrize("timeout", [-1, "5", True, float("nan")])
def test_no_number_of_milliseconds_is_refused(timeout: Any) -> None:
    with pytest.raises(AblyError, match="timeout is a number of milliseconds"):
        in_seconds(timeout)
