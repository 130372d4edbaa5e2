"""Which host next: the primary domain first, then the fallbacks in random order (RTN17)."""

from __future__ import annotations

from collections.abc import Callable, Sequence


class Hosts:
    """The hosts of one connection sequence."""

    def __init__(self, primary: str, fallbacks: Sequence[str], random: Callable[[], float]) -> None:
        self._primary = primary
        self._fallbacks = fallbacks
        self._random = random
        self._untried: list[str] = []
        self.current = primary

    @property
    def on_fallback(self) -> bool:
        return self.current != self._primary

    @property
    def has_next(self) -> bool:
        """Whether a host is left that this sequence has not tried."""
        return bool(self._untried)

    def restart(self) -> None:
        """Begin again at the primary domain (RTN17i)."""
        self.current = self._primary
        self._untried = list(self._fallbacks)

    def advance(self) -> None:
        """Move to a fallback that was not tried yet, chosen at random (RTN17j)."""
        self.current = self._untried.pop(int(self._random() * len(self._untried)))
