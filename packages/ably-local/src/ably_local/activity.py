"""What happens on the server, told as it happens to whoever watches."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

CAPACITY = 2_000


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened; `describe` is called only if somebody gets to hear of it."""

    kind: str
    describe: Callable[[], Mapping[str, Any]]


class Observer:
    """What one watcher has not heard yet. It misses the oldest if it falls too far behind."""

    def __init__(self) -> None:
        self._waiting: deque[Happening] = deque(maxlen=CAPACITY)
        self._ready = asyncio.Event()
        self._missed = 0
        self._is_over = False

    def tell(self, happening: Happening) -> None:
        self._missed += len(self._waiting) == CAPACITY
        self._waiting.append(happening)
        self._ready.set()

    def finish(self) -> None:
        """Let `take()` return None from now on."""
        self._is_over = True
        self._ready.set()

    async def take(self) -> tuple[list[Happening], int] | None:
        """Wait for something to happen; return it with the number missed before, or None."""
        await self._ready.wait()
        if self._is_over:
            return None
        self._ready.clear()
        happenings, missed = list(self._waiting), self._missed
        self._waiting.clear()
        self._missed = 0
        return happenings, missed


class Activity:
    """Tells every observer what happens."""

    def __init__(self) -> None:
        self._observers: dict[Observer, None] = {}
        self._is_closed = False

    @property
    def is_watched(self) -> bool:
        return bool(self._observers)

    def tell(self, kind: str, describe: Callable[[], Mapping[str, Any]]) -> None:
        """Tell what happened, if anybody watches."""
        if self._observers:
            happening = Happening(kind, describe)
            for observer in self._observers:
                observer.tell(happening)

    @contextmanager
    def observe(self) -> Iterator[Observer]:
        """Return an observer that hears what happens until the block ends."""
        observer = Observer()
        if self._is_closed:
            observer.finish()
        self._observers[observer] = None
        try:
            yield observer
        finally:
            del self._observers[observer]

    def close(self) -> None:
        """Let every observer finish, those that come later too."""
        self._is_closed = True
        for observer in self._observers:
            observer.finish()
