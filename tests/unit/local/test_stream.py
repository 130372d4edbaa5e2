from __future__ import annotations

from ably_local.clock import Clock
from ably_local.frames import Action, Flag, Frame
from ably_local.stream import Serials, Stream


def frame(stream: Stream) -> Frame:
    return Frame(action=Action.MESSAGE, channel_serial=stream.next_serial())


def emit(stream: Stream) -> str:
    return stream.append(frame(stream), Flag.SUBSCRIBE).serial


def test_serials_increase_whatever_the_clock_does() -> None:
    clock = Clock(lambda: 1_000.0)
    serials = Serials(clock)
    drawn = [serials.current]
    for step in range(3_000):
        if step % 700 == 0:
            clock.advance(1)
        drawn.append(serials.advance())
    assert drawn == sorted(set(drawn))
    assert {len(serial) for serial in drawn} == {len(drawn[0])}


def test_two_series_differ() -> None:
    clock = Clock(lambda: 1_000.0)
    assert Serials(clock).current != Serials(clock).current


def test_events_can_be_continued_from_any_position() -> None:
    stream = Stream(Clock(lambda: 1_000.0), 100)
    beginning = stream.position
    serials = [emit(stream) for _ in range(3)]

    def after(position: str) -> list[str] | None:
        events = stream.since(position)
        return None if events is None else [event.serial for event in events]

    assert after(beginning) == serials
    assert after(serials[0]) == serials[1:]
    assert after(serials[-1]) == []
    assert stream.position == serials[-1]


def test_what_was_dropped_cannot_be_continued() -> None:
    clock = Clock(lambda: 1_000.0)
    stream = Stream(clock, 100)
    beginning = stream.position
    first, second = emit(stream), emit(stream)
    clock.advance(60)
    third = emit(stream)
    clock.advance(60)
    assert stream.since(beginning) is None
    assert stream.since(first) is None
    following = stream.since(second)
    assert following is not None
    assert [event.serial for event in following] == [third]
    assert not stream.is_empty
    clock.advance(60)
    assert stream.since(third) == []
    assert stream.is_empty


def test_foreign_and_future_positions_cannot_be_continued() -> None:
    clock = Clock(lambda: 1_000.0)
    stream, other = Stream(clock, 100), Stream(clock, 100)
    assert stream.since(other.position) is None
    assert stream.since("") is None
    assert stream.since("99999999999999-000@" + stream.position.partition("@")[2]) is None


def test_a_restarted_stream_continues_from_nowhere() -> None:
    stream = Stream(Clock(lambda: 1_000.0), 100)
    serial = emit(stream)
    stream.restart()
    assert stream.is_empty
    assert stream.since(serial) is None
    assert stream.since(stream.position) == []
