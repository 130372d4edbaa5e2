from __future__ import annotations

from ably_local.frames import Action, Envelope, Frame
from ably_local.outbox import CAPACITY, Outbox


def test_frames_come_out_in_order_and_each_wakes_the_socket() -> None:
    woken: list[None] = []
    outbox = Outbox(lambda: woken.append(None))
    envelopes = [Envelope(Frame(action=Action.HEARTBEAT)) for _ in range(3)]
    for envelope in envelopes:
        outbox.put(envelope)
    assert len(woken) == 3
    assert [outbox.take() for _ in range(4)] == [*envelopes, None]


def test_what_was_put_before_closing_is_still_sent_and_nothing_after() -> None:
    outbox = Outbox()
    envelope = Envelope(Frame(action=Action.CLOSED))
    outbox.put(envelope)
    outbox.close()
    outbox.put(Envelope(Frame(action=Action.HEARTBEAT)))
    assert outbox.is_closed
    assert [outbox.take(), outbox.take()] == [envelope, None]


def test_a_socket_that_falls_too_far_behind_is_given_up() -> None:
    outbox = Outbox()
    envelope = Envelope(Frame(action=Action.HEARTBEAT))
    for _ in range(CAPACITY):
        outbox.put(envelope)
    assert not outbox.is_closed
    outbox.put(envelope)
    assert outbox.is_closed
    assert outbox.take() is None
