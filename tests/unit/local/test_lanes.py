from __future__ import annotations

from ably_local.clock import Clock
from ably_local.frames import Action, Envelope, Frame
from ably_local.lanes import Lanes
from ably_local.policy import DelayFrames, Policy


class Scene:
    def __init__(self) -> None:
        self.clock = Clock(lambda: 1_000.0)
        self.policy = Policy(self.clock)
        self.delivered: list[str] = []
        self.lanes = Lanes(
            self.policy, lambda envelope: self.delivered.append(str(envelope.frame.id))
        )
        self.delay = self.policy.add(DelayFrames(milliseconds=10))

    def put(self, lane: str, name: str, *, delayed: bool = False) -> None:
        envelope = Envelope(Frame(action=Action.MESSAGE, id=name))
        self.lanes.put(lane, envelope, self.delay if delayed else None)


def test_without_delay_frames_go_on_at_once() -> None:
    scene = Scene()
    scene.put("a", "1")
    scene.put("b", "2")
    assert scene.delivered == ["1", "2"]
    assert scene.lanes.are_empty


def test_a_frame_never_overtakes_another_of_its_lane() -> None:
    scene = Scene()
    scene.put("a", "1", delayed=True)
    scene.clock.advance(5)
    scene.put("a", "2")
    scene.put("b", "other lane")
    scene.put("a", "3", delayed=True)
    assert scene.delivered == ["other lane"]
    scene.clock.advance(5)
    assert scene.delivered == ["other lane", "1", "2"]
    scene.clock.advance(5)
    assert scene.delivered == ["other lane", "1", "2", "3"]
    assert scene.lanes.are_empty


def test_lifting_the_delay_lets_everything_go_in_order() -> None:
    scene = Scene()
    for name in "123":
        scene.put("a", name, delayed=name != "2")
    scene.delay.lift()
    assert scene.delivered == ["1", "2", "3"]
    assert scene.lanes.are_empty


def test_flushing_hands_everything_on_once() -> None:
    scene = Scene()
    scene.put("a", "1", delayed=True)
    scene.put("a", "2", delayed=True)
    scene.lanes.flush()
    scene.clock.advance(100)
    assert scene.delivered == ["1", "2"]


def test_what_is_forgotten_is_not_handed_on_and_holds_nothing_up() -> None:
    scene = Scene()
    scene.put("a", "1", delayed=True)
    scene.lanes.clear()
    scene.put("a", "2")
    scene.clock.advance(100)
    assert scene.delivered == ["2"]
