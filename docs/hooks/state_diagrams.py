"""State diagrams as SVG, with the arrows of the tables that the client itself obeys.

Only where a box stands is said here: which arrows there are, the tables decide.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from html import escape
from typing import Any, Generic, TypeVar

from ably_realtime._core import channel, connection
from ably_realtime.states import ChannelState, ConnectionState

Point = tuple[float, float]
State = TypeVar("State", bound=StrEnum)

BOX = (132, 38)
"""Width and height of a state's box."""
BEND = 0.13
"""How far an arrow swings out to its right, so that it is apart from the one that returns."""
SAMPLES = 400
"""Steps along a curve in the search for where it leaves a box."""


@dataclass(frozen=True, slots=True)
class Diagram(Generic[State]):
    """The states of a machine, where each is drawn, and where each may lead."""

    name: str
    legal: Mapping[State, frozenset[State]]
    places: Mapping[State, Point]
    ends: frozenset[State]
    """States that hardly any other follows; the arrows to them are dashed."""
    size: Point

    def arrows(self) -> Iterator[tuple[State, State]]:
        """From where to where the machine may go, in the order of its states."""
        order = list(self.places)
        for start in order:
            for end in sorted(self.legal[start], key=order.index):
                yield start, end

    def figure(self) -> str:
        """The diagram as a block of HTML, on lines without a gap, for a Markdown page."""
        width, height = self.size
        arrow = f"to-{self.name}"
        text = "; ".join(
            f"{start} to {', '.join(end for begin, end in self.arrows() if begin is start)}"
            for start in self.places
        )
        return "\n".join(
            [
                f'<figure class="states" tabindex="0" aria-label="States of a {self.name}">',
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
                f'role="img" aria-labelledby="{self.name}-title {self.name}-text">',
                f'<title id="{self.name}-title">States of a {self.name}</title>',
                f'<desc id="{self.name}-text">{escape(text)}</desc>',
                f'<defs><marker id="{arrow}" viewBox="0 0 10 10" refX="9" refY="5" '
                'markerWidth="8" markerHeight="8" orient="auto">'
                '<path d="M0 0L10 5L0 10z"/></marker></defs>',
                *(self._arrow(start, end, arrow) for start, end in self.arrows()),
                *(self._box(state) for state in self.places),
                "</svg>",
                "</figure>",
            ]
        )

    def _box(self, state: State) -> str:
        (x, y), (width, height) = self.places[state], BOX
        return (
            f'<g><rect x="{x - width / 2:g}" y="{y - height / 2:g}" '
            f'width="{width}" height="{height}" rx="8"/>'
            f'<text x="{x:g}" y="{y + 5:g}">{state}</text></g>'
        )

    def _arrow(self, start: State, end: State, marker: str) -> str:
        begin, goal = self.places[start], self.places[end]
        across, down = goal[0] - begin[0], goal[1] - begin[1]
        middle = (
            (begin[0] + goal[0]) / 2 - down * BEND,
            (begin[1] + goal[1]) / 2 + across * BEND,
        )
        curve = [_on_curve(begin, middle, goal, step / SAMPLES) for step in range(SAMPLES + 1)]
        outside = [point for point in curve if not (_in_box(point, begin) or _in_box(point, goal))]
        (x1, y1), (x2, y2) = outside[0], outside[-1]
        # The part of the curve between the boxes, as a curve of its own.
        first, last = curve.index(outside[0]) / SAMPLES, curve.index(outside[-1]) / SAMPLES
        bend = _control(begin, middle, goal, first, last)
        kind = "end" if end in self.ends else "step"
        return (
            f'<path class="{kind}" data-arrow="{start} {end}" marker-end="url(#{marker})" '
            f'd="M{x1:.1f} {y1:.1f}Q{bend[0]:.1f} {bend[1]:.1f} {x2:.1f} {y2:.1f}"/>'
        )


def _on_curve(begin: Point, middle: Point, goal: Point, at: float) -> Point:
    back = 1 - at
    x, y = (
        back * back * a + 2 * back * at * b + at * at * c
        for a, b, c in zip(begin, middle, goal, strict=True)
    )
    return x, y


def _control(begin: Point, middle: Point, goal: Point, first: float, last: float) -> Point:
    """The control point of the part of a quadratic curve between two of its parameters."""
    x, y = (
        (1 - first) * (1 - last) * a + (first + last - 2 * first * last) * b + first * last * c
        for a, b, c in zip(begin, middle, goal, strict=True)
    )
    return x, y


def _in_box(point: Point, centre: Point) -> bool:
    return all(
        math.fabs(at - of) <= side / 2 + 1 for at, of, side in zip(point, centre, BOX, strict=True)
    )


DIAGRAMS: dict[str, Diagram[Any]] = {
    "connection": Diagram(
        "connection",
        connection.LEGAL,
        {
            ConnectionState.INITIALIZED: (70, 190),
            ConnectionState.CONNECTING: (430, 213),
            ConnectionState.CONNECTED: (690, 190),
            ConnectionState.DISCONNECTED: (560, 30),
            ConnectionState.SUSPENDED: (230, 30),
            ConnectionState.CLOSING: (690, 360),
            ConnectionState.CLOSED: (490, 480),
            ConnectionState.FAILED: (90, 480),
        },
        frozenset({ConnectionState.CLOSED, ConnectionState.FAILED}),
        (760, 510),
    ),
    "channel": Diagram(
        "channel",
        channel.LEGAL,
        {
            ChannelState.INITIALIZED: (70, 190),
            ChannelState.ATTACHING: (440, 240),
            ChannelState.ATTACHED: (610, 30),
            ChannelState.DETACHING: (690, 270),
            ChannelState.DETACHED: (500, 460),
            ChannelState.SUSPENDED: (230, 30),
            ChannelState.FAILED: (90, 440),
        },
        frozenset({ChannelState.FAILED}),
        (760, 490),
    ),
}
