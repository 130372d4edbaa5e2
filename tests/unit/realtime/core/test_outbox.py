"""What the server must acknowledge: order, serials, outcome (RTN7, RTN19)."""

from __future__ import annotations

import pytest

from ably_realtime._core.effects import Effect, Reject, Resolve
from ably_realtime._core.outbox import Outbox
from ably_realtime._wire.error_info import ErrorInfo
from ably_realtime._wire.frames import Action, Frame
from ably_realtime.messages import PublishResult

ERROR = ErrorInfo(40160, 401, "not allowed")


class Line:
    """An outbox, the frames it sent as (channel, msgSerial), and what became of each op."""

    def __init__(self, next_serial: int = 0) -> None:
        self.sent: list[tuple[str | None, int | None]] = []
        self.effects: list[Effect] = []
        self.outbox = Outbox(
            self.effects.append,
            lambda frame: self.sent.append((frame.channel, frame.msg_serial)),
            next_serial,
        )

    def send(self, *ops: int) -> None:
        for op in ops:
            self.outbox.send(op, message(op))

    def queue(self, *ops: int) -> None:
        for op in ops:
            self.outbox.queue(op, message(op))

    def settled(self) -> list[tuple[int, object]]:
        """Each settled op with its serials or the code of its error."""
        settled: list[tuple[int, object]] = []
        for effect in self.effects:
            if isinstance(effect, Resolve):
                assert isinstance(effect.value, PublishResult)
                settled.append((effect.op, effect.value.serials))
            elif isinstance(effect, Reject):
                settled.append((effect.op, effect.error.code))
        return settled


def message(op: int) -> Frame:
    return Frame(Action.MESSAGE, channel=f"c{op}")


@pytest.fixture
def line() -> Line:
    return Line()


def test_serials_are_consecutive_in_order_of_sending(line: Line) -> None:
    """RTN7b."""
    line.queue(1, 2)
    assert line.sent == []
    line.send(3)
    line.outbox.flush()
    line.outbox.flush()
    assert line.sent == [("c3", 0), ("c1", 1), ("c2", 2)]


def test_numbering_continues_from_a_recovery_key() -> None:
    """RTN16f."""
    line = Line(next_serial=7)
    line.send(1)
    assert line.sent == [("c1", 7)]
    assert line.outbox.next_serial == 8


def test_an_ack_carries_the_serials_of_each_frame(line: Line) -> None:
    """RTL6j."""
    line.send(1, 2, 3)
    line.outbox.acknowledged(0, 1, [["s1"]])
    line.outbox.acknowledged(1, 2, [["s2", None]])
    assert line.settled() == [(1, ("s1",)), (2, ("s2", None)), (3, ())]


def test_a_nack_carries_one_error_for_all(line: Line) -> None:
    line.send(1, 2)
    line.outbox.refused(0, 2, ERROR)
    assert line.effects == [Reject(1, ERROR), Reject(2, ERROR)]


def test_a_nack_without_an_error_is_still_an_error(line: Line) -> None:
    line.send(1)
    line.outbox.refused(0, 1, None)
    assert line.settled() == [(1, 50000)]


@pytest.mark.parametrize("refused", [False, True])
def test_skipped_serials_are_refused(line: Line, refused: bool) -> None:
    line.send(1, 2, 3, 4)
    if refused:
        line.outbox.refused(2, 1, ERROR)
        outcome: object = 40160
    else:
        line.outbox.acknowledged(2, 1, [["s3"]])
        outcome = ("s3",)
    assert line.settled() == [(1, 50000), (2, 50000), (3, outcome)]
    line.outbox.acknowledged(3, 1, [])
    assert line.settled()[3:] == [(4, ())]


def test_what_was_settled_before_is_ignored(line: Line) -> None:
    line.send(1, 2, 3)
    line.outbox.acknowledged(0, 2, [])
    line.outbox.refused(0, 2, ERROR)
    line.outbox.acknowledged(0, 3, [["ignored"], ["ignored"], ["s3"]])
    line.outbox.acknowledged(2, 100, [])
    assert line.settled() == [(1, ()), (2, ()), (3, ("s3",))]


def test_what_is_only_queued_cannot_be_acknowledged(line: Line) -> None:
    line.queue(1)
    line.outbox.acknowledged(0, 100, [])
    assert line.settled() == []


def test_a_resumed_connection_keeps_the_serials(line: Line) -> None:
    """RTN19a2."""
    line.send(1, 2, 3)
    line.outbox.acknowledged(0, 1, [])
    line.queue(4)
    line.sent.clear()
    line.outbox.resend(renumber=False)
    line.outbox.flush()
    assert line.sent == [("c2", 1), ("c3", 2), ("c4", 3)]
    line.outbox.acknowledged(1, 3, [])
    assert [op for op, _ in line.settled()] == [1, 2, 3, 4]


def test_any_other_connection_numbers_again_from_zero(line: Line) -> None:
    """RTN15c7, RTN19a2."""
    line.send(1, 2, 3)
    line.outbox.acknowledged(0, 1, [])
    line.queue(4)
    line.sent.clear()
    line.outbox.forget_serials()
    line.outbox.resend(renumber=True)
    line.outbox.flush()
    assert line.sent == [("c2", 0), ("c3", 1), ("c4", 2)]
    line.outbox.acknowledged(0, 3, [["s2"], ["s3"], ["s4"]])
    assert line.settled() == [(1, ()), (2, ("s2",)), (3, ("s3",)), (4, ("s4",))]


def test_queued_frames_may_be_taken_to_wait_elsewhere(line: Line) -> None:
    """RTL3d2."""
    line.queue(1, 2, 3)
    taken = line.outbox.take_queued(lambda frame: frame.channel in ("c1", "c3"))
    assert [(op, frame.channel) for op, frame in taken] == [(1, "c1"), (3, "c3")]
    line.outbox.flush()
    assert line.sent == [("c2", 0)]


def test_failing_all_settles_each_once_in_order(line: Line) -> None:
    """RTN7e."""
    line.queue(3)
    line.send(1, 2)
    line.outbox.fail_all(ERROR)
    assert line.effects == [Reject(1, ERROR), Reject(2, ERROR), Reject(3, ERROR)]

    line.sent.clear()
    line.outbox.fail_all(ERROR)
    line.outbox.acknowledged(0, 2, [])
    line.outbox.resend(renumber=False)
    line.outbox.flush()
    assert len(line.effects) == 3
    assert line.sent == []
