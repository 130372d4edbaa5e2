"""What the proxy remembers of the traffic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from tests.uts.harness.frames import Frame


class Direction(Enum):
    TO_SERVER = auto()
    TO_CLIENT = auto()

    @property
    def opposite(self) -> Direction:
        return Direction.TO_CLIENT if self is Direction.TO_SERVER else Direction.TO_SERVER


class Fate(Enum):
    """What became of a frame."""

    FORWARDED = auto()
    DROPPED = auto()
    """It never reached the other side."""
    MADE = auto()
    """No peer sent it: the proxy did."""


@dataclass(frozen=True, slots=True)
class Record:
    """One decoded frame; `at` is the loop's time, in seconds, `relay` the number of its socket."""

    at: float
    relay: int
    direction: Direction
    frame: Frame
    fate: Fate


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A client's request for a WebSocket, whether or not it was granted."""

    at: float
    params: Mapping[str, str] = field(repr=False)  # credentials are among them
    headers: Mapping[str, str] = field(repr=False)


@dataclass(slots=True)
class Request:
    """A plain HTTP request; `status` is that of the answer, None while there is none."""

    at: float
    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    status: int | None = None
