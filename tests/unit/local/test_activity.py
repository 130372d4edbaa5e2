from __future__ import annotations

import asyncio

import pytest

from ably_local.activity import CAPACITY, Activity


async def test_observers_hear_what_happens_from_then_on() -> None:
    activity = Activity()
    activity.tell("frame", lambda: {"n": 0})
    with activity.observe() as one, activity.observe() as other:
        assert activity.is_watched
        activity.tell("frame", lambda: {"n": 1})
        activity.tell("message", lambda: {"n": 2})
        for observer in (one, other):
            heard = await observer.take()
            assert heard is not None
            happenings, missed = heard
            assert [(each.kind, each.describe()) for each in happenings] == [
                ("frame", {"n": 1}),
                ("message", {"n": 2}),
            ]
            assert missed == 0
    assert not activity.is_watched


async def test_nothing_is_described_that_nobody_hears() -> None:
    def describe() -> dict[str, object]:
        pytest.fail("described in vain")

    Activity().tell("frame", describe)


async def test_an_observer_that_falls_behind_learns_how_much_it_missed() -> None:
    activity = Activity()
    with activity.observe() as observer:
        for number in range(CAPACITY + 3):
            activity.tell("frame", lambda number=number: {"n": number})  # type: ignore[misc]
        heard = await observer.take()
        assert heard is not None
        happenings, missed = heard
        assert (len(happenings), missed) == (CAPACITY, 3)
        assert happenings[0].describe() == {"n": 3}


async def test_observers_finish_when_the_server_stops() -> None:
    activity = Activity()
    with activity.observe() as observer:
        waiting = asyncio.create_task(observer.take())
        await asyncio.sleep(0)
        activity.close()
        assert await waiting is None
    with activity.observe() as late:
        assert await late.take() is None
