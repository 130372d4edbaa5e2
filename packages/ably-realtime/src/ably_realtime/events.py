"""Listening to state changes: `on`, `once`, `off`, and iterating over them (RTE)."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Generic, TypeVar, overload

from ._driver.listeners import Listener, Tasks
from .errors import AblyError
from .streams import Overflow, Stream
from .subscription import Subscription

Change = TypeVar("Change")
Member = TypeVar("Member", bound=StrEnum)


class _Registration(Subscription):
    """A listener with the event it is registered for, None for all."""

    def __init__(
        self, listener: Listener, end: Callable[[Any], None], event: str | None, *, once: bool
    ) -> None:
        super().__init__(listener, end)
        self.event = event
        self.once = once


class Emitter(Generic[Change]):
    """Delivers changes to listeners, each registered for all events or for one.

    Any callable is a listener. The listeners of one change are those registered before it
    (RTE6a). `last` are the events after which nothing comes by itself.
    """

    def __init__(
        self, events: type[StrEnum], tasks: Tasks, last: frozenset[str] = frozenset()
    ) -> None:
        self._events = events
        self._last = last
        self._tasks = tasks
        self._registrations: tuple[_Registration, ...] = ()
        self._watchers: tuple[Callable[[str, Change], None], ...] = ()

    @overload
    def on(self, listener: Callable[[Change], Any], /) -> Subscription: ...
    @overload
    def on(self, event: str, listener: Callable[[Change], Any], /) -> Subscription: ...
    def on(self, *args: Any) -> Subscription:
        """Call `listener` with every change, or with every change of one event (RTE3)."""
        return self._register(args, once=False)

    @overload
    def once(self, listener: Callable[[Change], Any], /) -> Subscription: ...
    @overload
    def once(self, event: str, listener: Callable[[Change], Any], /) -> Subscription: ...
    def once(self, *args: Any) -> Subscription:
        """Call `listener` with the next change, or with the next of one event (RTE4)."""
        return self._register(args, once=True)

    @overload
    def off(self) -> None: ...
    @overload
    def off(self, listener: Callable[[Change], Any], /) -> None: ...
    @overload
    def off(self, event: str, listener: Callable[[Change], Any], /) -> None: ...
    def off(self, *args: Any) -> None:
        """Remove all listeners, one listener, or one listener of one event (RTE5)."""
        event, callback = self._read(args) if args else (None, None)
        for registration in self._registrations:
            if callback is None or (
                registration.listener.callback == callback and event in (None, registration.event)
            ):
                registration.unsubscribe()

    def changes(self, *, max_pending: int = 65_536, overflow: Overflow = "error") -> Stream[Change]:
        """The changes to iterate over, from entering it on; see `Stream`.

        It ends, quietly, with the change into a state that only the application leaves again.
        """

        async def start(stream: Stream[Change]) -> Callable[[], None]:
            def take(event: str, change: Change) -> None:
                stream.put(change)
                if event in self._last:
                    stream.end(None)

            return self.watch(take)

        return Stream(start, max_pending=max_pending, overflow=overflow)

    def watch(self, watcher: Callable[[str, Change], None]) -> Callable[[], None]:
        """Tell the library's own code of every change, whatever `off` removes (RTC10).

        Returns what ends it.
        """
        self._watchers += (watcher,)

        def stop() -> None:
            self._watchers = tuple(other for other in self._watchers if other is not watcher)

        return stop

    def call_now(self, listener: Callable[[Any], Any]) -> None:
        """Call a listener that waited for what already holds, with None (RTN26a, RTL25a)."""
        Listener(listener, self._tasks)(None)

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens at all."""
        return bool(self._registrations or self._watchers)

    def emit(self, event: str, change: Change) -> None:
        """Hand a change to whoever listens now."""
        for watcher in self._watchers:
            watcher(event, change)
        called = [entry for entry in self._registrations if entry.event in (None, event)]
        if any(entry.once for entry in called):
            self._registrations = tuple(
                entry for entry in self._registrations if not (entry.once and entry in called)
            )
        for entry in called:
            entry.listener(change)

    def _register(self, args: tuple[Any, ...], *, once: bool) -> Subscription:
        event, callback = self._read(args)
        entry = _Registration(Listener(callback, self._tasks), self._end, event, once=once)
        self._registrations += (entry,)
        return entry

    def _end(self, ended: _Registration) -> None:
        self._registrations = tuple(entry for entry in self._registrations if entry is not ended)
        ended.listener.stop()

    def _read(self, args: tuple[Any, ...]) -> tuple[str | None, Callable[[Change], Any]]:
        if len(args) not in (1, 2):
            raise _bad("takes a listener, or an event and a listener")
        event = read_member(self._events, args[0]).value if len(args) == 2 else None
        callback = args[-1]
        check_listener(callback)
        return event, callback


def to_await(_: Any) -> None:
    """Stands for a listener that was not given."""


def check_listener(listener: object) -> None:
    """Raise `AblyError` for a listener that cannot be called."""
    if not callable(listener):
        raise _bad(f"a listener is callable; this is of type {type(listener).__name__}")


def read_member(members: type[Member], value: str) -> Member:
    """The state or event of that name, or `AblyError` naming those there are."""
    try:
        return members(value)
    except ValueError:
        names = ", ".join(members)
        raise _bad(f"there is no {value!r}; there are {names}") from None


def _bad(message: str) -> AblyError:
    return AblyError(code=40000, status_code=400, message=message)
