from __future__ import annotations

import pytest

from ably_local.channel_params import recognised
from ably_local.clock import Clock
from ably_local.history import History
from ably_local.messages import Message
from ably_local.rewind import rewound


def test_what_is_unknown_or_invalid_is_left_out() -> None:
    valid = {
        "delta": "vcdiff",
        "modes": "publish,presence_subscribe",
        "occupancy": "metrics.publishers",
        "rewind": "2m",
        "rewindLimit": "5",
    }
    assert recognised(valid) == valid
    invalid = {
        "delta": "other",
        "modes": "",
        "occupancy": "all",
        "rewind": "-1",
        "rewindLimit": "1s",
        "unknown": "x",
    }
    assert recognised(invalid) == {}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, []),
        ({"rewind": "0"}, []),
        ({"rewind": "2"}, [8, 9]),
        ({"rewind": "999"}, list(range(10))),
        ({"rewind": "3s"}, [6, 7, 8, 9]),
        ({"rewind": "1m"}, list(range(10))),
        ({"rewind": "3s", "rewindLimit": "2"}, [8, 9]),
        ({"rewind": "3s", "rewindLimit": "0"}, []),
        ({"rewind": "5", "rewindLimit": "1"}, [9]),
    ],
)
def test_rewind_selects_the_newest_messages(params: dict[str, str], expected: list[int]) -> None:
    history = History()
    for number in range(10):
        history.append(Message(serial=f"{number:03}", timestamp=number * 1_000))
    found = rewound(params, history, Clock(lambda: 9_000.0))
    assert [message.timestamp for message in found] == [number * 1_000 for number in expected]


def test_no_more_than_a_hundred_messages_are_rewound() -> None:
    history = History()
    for number in range(300):
        history.append(Message(serial=f"{number:03}", timestamp=0))
    for rewind in ("300", "2m"):
        params = {"rewind": rewind, "rewindLimit": "200"}
        assert len(rewound(params, history, Clock(lambda: 0.0))) == 100
