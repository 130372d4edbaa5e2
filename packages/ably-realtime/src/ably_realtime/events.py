"""Listening to state changes: `on`, `once`, `off`, and iterating over them (RTE)."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Generic, TypeVar, overload

from ._driver.listeners import Listener, Tasks
from .streams import Overflow, Stream

Change = TypeVar("Change")


class Registration:
    """A registered listener; `unsubscribe()` ends it."""

    def __init__(
        self, emitter: Emitter[Any], event: str | None, listener: Listener, *, once: bool
    ) -> None:
        self._emitter = emitter
        self.event = event
        self.listener = listener
        self.once = once

    def unsubscribe(self) -> None:
        """Deliver nothing more to this listener. Calling it again does nothing."""
        self._emitter.end([self])


class Emitter(Generic[Change]):
    """Delivers changes to listeners, each registered for all events or for one.

    Any callable is a listener. The listeners of one change are those registered before it
    (RTE6a).
    """

    def __init__(self, events: type[StrEnum], tasks: Tasks) -> None:
        self._events = events
        self._tasks = tasks
        self._registrations: list[Registration] = []
        self._watchers: list[Callable[[Change], None]] = []

    @overload
    def on(self, listener: Callable[[Change], Any], /) -> Registration: ...
    @overload
    def on(self, event: str, listener: Callable[[Change], Any], /) -> Registration: ...
    def on(self, *args: Any) -> Registration:
        """Call `listener` with every change, or with every change of one event (RTE3)."""
        return self._register(args, once=False)

    @overload
    def once(self, listener: Callable[[Change], Any], /) -> Registration: ...
    @overload
    def once(self, event: str, listener: Callable[[Change], Any], /) -> Registration: ...
    def once(self, *args: Any) -> Registration:
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
        self.end(
            [
                registration
                for registration in self._registrations
                if callback is None
                or (
                    registration.listener.callback == callback
                    and event in (None, registration.event)
                )
            ]
        )

    def changes(self, *, max_pending: int = 65_536, overflow: Overflow = "error") -> Stream[Change]:
        """The changes to iterate over, from entering it on; see `Stream`."""

        async def start(stream: Stream[Change]) -> Callable[[], None]:
            return self.watch(stream.put)

        return Stream(start, max_pending=max_pending, overflow=overflow)

    def watch(self, watcher: Callable[[Change], None]) -> Callable[[], None]:
        """Tell the library's own code of every change, whatever `off` removes (RTC10).

        Returns what ends it.
        """
        self._watchers = [*self._watchers, watcher]

        def stop() -> None:
            self._watchers = [other for other in self._watchers if other is not watcher]

        return stop

    def call_now(self, listener: Callable[[Any], Any]) -> None:
        """Call a listener that waited for what already holds, with None (RTN26a, RTL25a)."""
        Listener(listener, self._tasks)(None)

    def emit(self, event: str, change: Change) -> None:
        """Hand a change to whoever listens now."""
        for watcher in self._watchers:
            watcher(change)
        called = [entry for entry in self._registrations if entry.event in (None, event)]
        if any(entry.once for entry in called):
            self._registrations = [
                entry for entry in self._registrations if not (entry.once and entry in called)
            ]
        for entry in called:
            entry.listener(change)

    def end(self, ended: list[Registration]) -> None:
        """Remove registrations, with what still waits for their listeners."""
        self._registrations = [entry for entry in self._registrations if entry not in ended]
        for entry in ended:
            entry.listener.stop()

    def _register(self, args: tuple[Any, ...], *, once: bool) -> Registration:
        event, callback = self._read(args)
        entry = Registration(self, event, Listener(callback, self._tasks), once=once)
        self._registrations = [*self._registrations, entry]
        return entry

    def _read(self, args: tuple[Any, ...]) -> tuple[str | None, Callable[[Change], Any]]:
        if len(args) == 2:
            event, callback = self._events(args[0]).value, args[1]
        elif len(args) == 1:
            event, callback = None, args[0]
        else:
            raise TypeError("takes a listener, or an event and a listener")
        if not callable(callback):
            raise TypeError(f"a listener is callable; this is a {type(callback).__name__}")
        return event, callback
