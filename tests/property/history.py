"""Histories: long lists of steps, drawn by Hypothesis, which a failing test prints.

A step is what happens, and a small number that says how: which frame, how long, to whom. One step
is quiet: it takes the place of whatever a failure does not need, and the report leaves it out.

The examples are the same in every run. `PROPERTY_EXAMPLES=1000` tries that many new ones; give
pytest `-o faulthandler_timeout=0` then, as each test may take longer than the suite allows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st

VARIANTS = 12
"""A step's number is below this."""

_MORE = os.environ.get("PROPERTY_EXAMPLES")

Steps = tuple[tuple[Enum, int], ...]
StepT = TypeVar("StepT", bound=Enum)


class History:
    """What happens, in order."""

    def __init__(self, steps: Steps, quiet: Enum) -> None:
        self.steps = steps
        self.quiet = quiet

    def __iter__(self) -> Iterator[tuple[Enum, int]]:
        return iter(self.steps)

    def __repr__(self) -> str:
        told = [
            f"{place}: {step.name} {variant}"
            for place, (step, variant) in enumerate(self.steps)
            if step is not self.quiet
        ]
        first = f"{len(self.steps)} steps, {self.quiet.name} where none is given:"
        return "\n    ".join([first, *told])


def histories(weights: Mapping[StepT, int], length: int) -> st.SearchStrategy[History]:
    """Histories of `length` steps, each step as frequent as its weight; the first is quiet."""
    steps = [step for step, weight in weights.items() for _ in range(weight)]
    step = st.tuples(st.sampled_from(steps), st.integers(0, VARIANTS - 1))
    drawn = st.lists(step, min_size=length, max_size=length)

    @st.composite
    def history(draw: st.DrawFn) -> History:  # keeps its own repr, as `map` would not
        return History(tuple(draw(drawn)), steps[0])

    return history()


def check(history: History, live_through: Callable[[History], None]) -> None:
    """Live through a history. One that fails is shortened first, then fails."""
    try:
        live_through(history)
    except Exception:
        shorter = History(_shorten(history.steps, history.quiet, live_through), history.quiet)
        note(f"The same with fewer steps: {shorter}")
        live_through(shorter)
        raise


@cache
def _shorten(steps: Steps, quiet: Enum, live_through: Callable[[History], None]) -> Steps:
    """Make whole stretches quiet, then ever smaller ones, as long as it fails all the same.

    Hypothesis would take minutes: it cannot know that one quiet step is like any other.
    """
    stretch = len(steps) // 2
    while stretch:
        for start in range(0, len(steps), stretch):
            end = min(start + stretch, len(steps))
            shorter = (*steps[:start], *[(quiet, 0)] * (end - start), *steps[end:])
            if shorter != steps and _fails(History(shorter, quiet), live_through):
                steps = shorter
        stretch //= 2
    return steps


def _fails(history: History, live_through: Callable[[History], None]) -> bool:
    try:
        live_through(history)
    except Exception:
        return True
    return False


def examples(count: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Run a property on `count` examples, or on as many as the environment asks for."""
    return settings(
        max_examples=count if _MORE is None else int(_MORE),
        derandomize=_MORE is None,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow],
    )
