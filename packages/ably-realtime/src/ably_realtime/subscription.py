"""The handle of a registered listener."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._driver.listeners import Listener


class Subscription:
    """A registered listener; `unsubscribe()` ends it (SUB)."""

    def __init__(self, listener: Listener, end: Callable[[Any], None]) -> None:
        self.listener = listener
        self._end = end

    def __repr__(self) -> str:
        return f"<Subscription of {self.listener.callback!r}>"

    def unsubscribe(self) -> None:
        """Deliver nothing more to this listener. Calling it again does nothing."""
        self._end(self)
