"""Listening to state changes: `on`, `once`, `off`, and iterating over them (RTE)."""

# Written by `nox -s sync` from ../events.py: change that and run it again.
from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

from ..events import Emitter as AsyncEmitter
from ..streams import Overflow
from .facade import Facade
from .streams import Stream
from .subscription import Subscription

Source = TypeVar("Source", bound=AsyncEmitter[Any])
Change = TypeVar("Change")


class Emitter(Facade[Source], Generic[Source, Change]):
    """Delivers changes to listeners, each registered for all events or for one.

    Any callable is a listener. The listeners of one change are those registered before it
    (RTE6a). `last` are the events after which nothing comes by itself.
    """

    @overload
    def on(self, listener: Callable[[Change], Any], /) -> Subscription: ...

    @overload
    def on(self, event: str, listener: Callable[[Change], Any], /) -> Subscription: ...

    def on(self, *args: Any) -> Subscription:
        """Call `listener` with every change, or with every change of one event (RTE3)."""
        heard = self._listener_last(args)
        return self._facade(Subscription, self._call(lambda: self._source.on(*heard)))

    @overload
    def once(self, listener: Callable[[Change], Any], /) -> Subscription: ...

    @overload
    def once(self, event: str, listener: Callable[[Change], Any], /) -> Subscription: ...

    def once(self, *args: Any) -> Subscription:
        """Call `listener` with the next change, or with the next of one event (RTE4)."""
        heard = self._listener_last(args)
        return self._facade(Subscription, self._call(lambda: self._source.once(*heard)))

    @overload
    def off(self) -> None: ...

    @overload
    def off(self, listener: Callable[[Change], Any], /) -> None: ...

    @overload
    def off(self, event: str, listener: Callable[[Change], Any], /) -> None: ...

    def off(self, *args: Any) -> None:
        """Remove all listeners, one listener, or one listener of one event (RTE5)."""
        heard = self._listener_last(args)
        self._call(lambda: self._source.off(*heard))

    def changes(
        self,
        *,
        max_pending: int = 65536,
        overflow: Overflow = "error",
        timeout: float | None = None,
    ) -> Stream[Change]:
        """The changes to iterate over, from entering it on; see `Stream`.

        It ends, quietly, with the change into a state that only the application leaves again.

        Each item is waited for `timeout` milliseconds at most, if given.
        """
        return Stream(
            self._bridge,
            self._call(lambda: self._source.changes(max_pending=max_pending, overflow=overflow)),
            timeout,
        )
