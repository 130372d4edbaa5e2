"""Pings (RTN13)."""

from __future__ import annotations

from ably_realtime._core.effects import Effect, Reject, Resolve
from ably_realtime._core.pings import Pings
from ably_realtime._core.timers import TimerQueue
from ably_realtime._wire.error_info import ErrorInfo
from ably_realtime._wire.frames import Action, Frame

ERROR = ErrorInfo(80000, 400, "failed")


class Line:
    """Pings with a timeout of 10 seconds, the frames they sent, and what became of each."""

    def __init__(self) -> None:
        self.timers = TimerQueue()
        self.effects: list[Effect] = []
        self.sent: list[Frame] = []
        self.pings = Pings(10_000, self.timers, self.effects.append, self.sent.append)


def test_answered_with_the_round_trip_time() -> None:
    """RTN13a, RTN13e."""
    line = Line()
    line.pings.send(1, "a", now=100)
    line.pings.send(2, "b", now=150)
    assert line.sent == [Frame(Action.HEARTBEAT, id="a"), Frame(Action.HEARTBEAT, id="b")]
    line.pings.echoed("b", 160)
    line.pings.echoed("a", 170.5)
    assert line.effects == [Resolve(2, 10), Resolve(1, 70.5)]
    assert line.timers.next_deadline() is None


def test_only_its_own_echo_answers_a_ping() -> None:
    """RTN13e."""
    line = Line()
    line.pings.send(1, "a", 0)
    line.pings.echoed(None, 1)
    line.pings.echoed("other", 2)
    assert line.effects == []
    line.pings.echoed("a", 3)
    line.pings.echoed("a", 4)
    assert line.effects == [Resolve(1, 3)]


def test_an_answer_may_not_take_longer_than_the_timeout() -> None:
    """RTN13c."""
    line = Line()
    line.pings.send(1, "a", 0)
    line.pings.send(2, "b", 5_000)
    assert line.timers.next_deadline() == 10_000
    line.timers.fire_due(10_000)
    assert [(type(effect), effect.op) for effect in line.effects] == [(Reject, 1)]  # type: ignore[union-attr]
    line.pings.echoed("a", 10_001)
    line.pings.echoed("b", 10_002)
    assert line.effects[1:] == [Resolve(2, 5_002)]


def test_what_waited_is_sent_once_connected_and_timed_from_there() -> None:
    """RTN13d."""
    line = Line()
    line.pings.wait(1, "a")
    line.pings.wait(2, "b")
    assert (line.sent, line.timers.next_deadline()) == ([], None)
    line.pings.connected(60_000)
    line.pings.connected(60_001)
    assert [frame.id for frame in line.sent] == ["a", "b"]
    assert line.timers.next_deadline() == 70_000
    line.pings.echoed("a", 60_020)
    assert line.effects == [Resolve(1, 20)]


def test_failing_all_settles_each_once() -> None:
    """RTN13b."""
    line = Line()
    line.pings.send(1, "a", 0)
    line.pings.wait(2, "b")
    line.pings.fail_all(ERROR)
    line.pings.fail_all(ERROR)
    line.pings.connected(1)
    line.pings.echoed("a", 2)
    assert sorted(line.effects, key=lambda effect: effect.op) == [  # type: ignore[union-attr]
        Reject(1, ERROR),
        Reject(2, ERROR),
    ]
    assert len(line.sent) == 1
    assert line.timers.next_deadline() is None
