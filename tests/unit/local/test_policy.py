from __future__ import annotations

import pytest

from ably_local.clock import Clock
from ably_local.policy import (
    DelayFrames,
    FailRequests,
    Fault,
    Nack,
    Policy,
    RefuseConnections,
    Stall,
    WithholdAcks,
)


def standing() -> tuple[Policy, Clock]:
    clock = Clock(lambda: 1_000.0)
    return Policy(clock), clock


def test_without_faults_nothing_strikes() -> None:
    policy, _ = standing()
    assert policy.is_empty
    assert policy.strike(Nack, "one", "orders") is None


def test_a_fault_strikes_until_it_is_lifted() -> None:
    policy, _ = standing()
    fault = policy.add(RefuseConnections())
    assert [policy.strike(RefuseConnections) for _ in range(3)] == [fault] * 3
    assert fault.struck == 3
    fault.lift()
    assert policy.strike(RefuseConnections) is None
    fault.lift()


def test_a_fault_strikes_as_often_as_asked() -> None:
    policy, _ = standing()
    fault = policy.add(FailRequests(times=2))
    assert [policy.strike(FailRequests) for _ in range(3)] == [fault, fault, None]
    assert list(policy) == []


def test_only_one_fault_of_a_kind_strikes_at_a_time_the_oldest_first() -> None:
    policy, _ = standing()
    first = policy.add(Nack(times=1))
    second = policy.add(Nack(times=1))
    policy.add(WithholdAcks())
    assert [policy.strike(Nack) for _ in range(3)] == [first, second, None]


def test_a_fault_concerns_one_connection_and_one_channel() -> None:
    policy, _ = standing()
    fault = policy.add(WithholdAcks(connection_id="one", channel="orders"))
    assert policy.strike(WithholdAcks, "two", "orders") is None
    assert policy.strike(WithholdAcks, "one", "others") is None
    assert policy.strike(WithholdAcks, "one", None) is None
    assert policy.strike(WithholdAcks, "one", "orders") is fault
    assert policy.strike(WithholdAcks, "one", "[?rewind=1]orders") is fault
    assert policy.strike(WithholdAcks, "one", "[broken") is None
    assert fault.struck == 2


def test_a_fault_ends_with_its_block() -> None:
    policy, _ = standing()
    with policy.add(Nack()) as fault:
        assert list(policy) == [fault]
    assert list(policy) == []


def test_watchers_hear_of_every_change() -> None:
    policy, _ = standing()
    seen: list[int] = []

    def changed() -> None:
        seen.append(len(list(policy)))

    policy.watch(changed)
    policy.add(Nack(times=2))
    policy.add(Stall())
    policy.strike(Nack)
    policy.strike(Nack)
    policy.reset()
    assert seen == [1, 2, 2, 1, 0]
    policy.unwatch(changed)
    policy.add(Nack())
    assert seen == [1, 2, 2, 1, 0]


def test_what_is_held_goes_on_after_the_delay() -> None:
    policy, clock = standing()
    released: list[str] = []
    policy.hold(policy.add(DelayFrames(milliseconds=10)), lambda: released.append("it"))
    clock.advance(9)
    assert released == []
    clock.advance(1)
    assert released == ["it"]


def test_what_is_held_goes_on_when_its_delay_is_lifted() -> None:
    policy, clock = standing()
    released: list[str] = []
    one = policy.add(DelayFrames(milliseconds=10))
    other = policy.add(DelayFrames(milliseconds=10))
    policy.hold(one, lambda: released.append("one"))
    policy.hold(other, lambda: released.append("other"))
    one.lift()
    assert released == ["one"]
    policy.reset()
    assert released == ["one", "other"]
    clock.advance(100)
    assert released == ["one", "other"]


def test_what_a_spent_delay_holds_goes_on_at_its_time_or_at_a_reset() -> None:
    policy, clock = standing()
    released: list[str] = []
    policy.add(DelayFrames(milliseconds=10, times=1))
    delay = policy.strike(DelayFrames)
    assert delay is not None
    policy.hold(delay, lambda: released.append("it"))
    clock.advance(5)
    assert (list(policy), released) == ([], [])
    policy.reset()
    assert released == ["it"]


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (Nack, {"times": 0}, "times is a positive integer"),
        (Nack, {"times": True}, "times is a positive integer"),
        (Stall, {"reading": False, "writing": False}, "reading, writing or both"),
        (DelayFrames, {"milliseconds": -1}, "milliseconds is a non-negative integer"),
        (DelayFrames, {"milliseconds": 1.5}, "milliseconds is a non-negative integer"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    kind: type[Fault], settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**settings)  # type: ignore[arg-type]
