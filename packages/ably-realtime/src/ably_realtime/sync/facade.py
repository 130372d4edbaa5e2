"""What every facade of the synchronous client is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from ..events import to_await
from .bridge import Bridge
from .rest_view import of_rest

Source = TypeVar("Source")
T = TypeVar("T")
F = TypeVar("F", bound="Facade[Any]")


class Facade(Generic[Source]):
    """Stands for an object of the asynchronous client, and does on its loop what it is asked."""

    def __init__(self, bridge: Bridge, source: Source) -> None:
        self._bridge = bridge
        self._object = source

    def __repr__(self) -> str:
        return repr(self._object)

    @property
    def _source(self) -> Source:
        self._bridge.check_process()
        return self._object

    def _call(self, make: Callable[[], T]) -> T:
        """What `make` returns, called on the loop."""
        return of_rest(self._bridge, self._bridge.call(make))

    def _wait(self, make: Callable[[], Awaitable[T]], timeout: float | None) -> T:
        """The outcome of what `make` returns on the loop; see `Bridge.wait`."""
        return of_rest(self._bridge, self._bridge.wait(make, timeout))

    def _facade(self, kind: Callable[[Bridge, Any], F], source: object) -> F:
        """What stands for `source`: one object, for as long as somebody holds it."""
        known: F = self._bridge.facades.setdefault(source, kind(self._bridge, source))
        return known

    def _listener(self, listener: Any) -> Any:
        """What the asynchronous client calls in place of a listener; anything else as it is."""
        if not callable(listener) or listener is to_await:
            return listener
        return self._bridge.callbacks.callback(listener)

    def _listener_last(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The same for arguments that end with the listener."""
        return (*args[:-1], *map(self._listener, args[-1:]))
