"""Deadlines as state."""

from __future__ import annotations

import pytest

from ably_realtime._core.timers import TimerQueue, Timers


class Fired:
    """Notes which actions ran, and when."""

    def __init__(self) -> None:
        self.log: list[tuple[str, float]] = []

    def __call__(self, name: str, timers: Timers, deadline: float) -> None:
        timers.set(name, deadline, lambda now: self.log.append((name, now)))


@pytest.fixture
def queue() -> TimerQueue:
    return TimerQueue()


@pytest.fixture
def timers(queue: TimerQueue) -> Timers:
    return Timers(queue)


@pytest.fixture
def arm() -> Fired:
    return Fired()


def test_nothing_is_due_at_first(queue: TimerQueue, timers: Timers) -> None:
    queue.fire_due(1_000)
    assert queue.next_deadline() is None
    assert timers.deadlines == {}


def test_earliest_first_and_equal_deadlines_in_order(
    queue: TimerQueue, timers: Timers, arm: Fired
) -> None:
    other = Timers(queue)
    arm("late", timers, 30)
    arm("first", other, 20)
    arm("second", timers, 20)
    arm("early", timers, 10)
    assert queue.next_deadline() == 10

    queue.fire_due(25)
    assert arm.log == [("early", 25), ("first", 25), ("second", 25)]
    assert queue.next_deadline() == 30
    assert (timers.deadlines, other.deadlines) == ({"late": 30}, {})


def test_not_before_its_deadline(queue: TimerQueue, timers: Timers, arm: Fired) -> None:
    arm("a", timers, 10)
    queue.fire_due(9.999)
    assert arm.log == []
    queue.fire_due(10)
    queue.fire_due(10)
    assert arm.log == [("a", 10)]


@pytest.mark.parametrize("again", [5, 10, 20])
def test_setting_again_replaces(
    queue: TimerQueue, timers: Timers, arm: Fired, again: float
) -> None:
    timers.set("a", 10, lambda now: pytest.fail("this action was replaced"))
    arm("a", timers, again)
    assert queue.next_deadline() == again
    queue.fire_due(100)
    assert arm.log == [("a", 100)]


def test_a_cleared_timer_does_not_fire(queue: TimerQueue, timers: Timers, arm: Fired) -> None:
    arm("a", timers, 10)
    arm("b", timers, 20)
    timers.clear("a")
    timers.clear("never set")
    assert queue.next_deadline() == 20
    queue.fire_due(100)
    assert arm.log == [("b", 100)]


def test_a_state_keeps_only_its_own_timers(queue: TimerQueue, timers: Timers, arm: Fired) -> None:
    other = Timers(queue)
    for timer, deadline in (("a", 10), ("b", 20), ("c", 30)):
        arm(timer, timers, deadline)
    arm("a", other, 40)
    timers.keep_only(frozenset({"b", "unset"}))
    assert timers.deadlines == {"b": 20}
    queue.fire_due(100)
    assert arm.log == [("b", 100), ("a", 100)]


def test_what_is_set_while_firing_counts(queue: TimerQueue, timers: Timers, arm: Fired) -> None:
    def start(now: float) -> None:
        arm("due", timers, now)
        arm("later", timers, now + 1)
        timers.clear("dropped")

    timers.set("start", 10, start)
    arm("dropped", timers, 11)
    queue.fire_due(50)
    assert arm.log == [("due", 50)]
    assert queue.next_deadline() == 51


def test_timers_that_come_and_go_leave_the_others_in_order(
    queue: TimerQueue, timers: Timers, arm: Fired
) -> None:
    for deadline in (3, 1, 2):
        arm(f"kept {deadline}", timers, deadline * 1_000)
    for number in range(10_000):
        arm("again and again", timers, 5_000 + number)
        arm(f"cleared {number}", timers, 500)
        timers.clear(f"cleared {number}")
    assert queue.next_deadline() == 1_000
    queue.fire_due(20_000)
    assert [name for name, _ in arm.log] == ["kept 1", "kept 2", "kept 3", "again and again"]
    assert queue.next_deadline() is None


def test_an_action_may_set_its_own_timer_again(queue: TimerQueue, timers: Timers) -> None:
    fired: list[float] = []

    def tick(now: float) -> None:
        fired.append(now)
        timers.set("tick", now + 10, tick)

    timers.set("tick", 10, tick)
    for now in (10, 20, 30):
        queue.fire_due(now)
    assert fired == [10, 20, 30]
    assert timers.deadlines == {"tick": 40}
