"""The handle of a registered listener."""

# Written by `nox -s sync` from ../subscription.py: change that and run it again.
from __future__ import annotations

from ..subscription import Subscription as AsyncSubscription
from .facade import Facade


class Subscription(Facade[AsyncSubscription]):
    """A registered listener; `unsubscribe()` ends it (SUB)."""

    def unsubscribe(self) -> None:
        """Deliver nothing more to this listener. Calling it again does nothing."""
        self._call(self._source.unsubscribe)
