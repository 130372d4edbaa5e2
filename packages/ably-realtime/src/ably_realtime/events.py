"""Listening to state changes: `on`, `once`, `off`, and awaiting a state (RTE)."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Generic, TypeVar, overload

from ._driver.listeners import Listener, Tasks

Change = TypeVar("Change")


class Emitter(Generic[Change]):
    """Delivers changes to listeners, each registered for all events or for one.

    Any callable is a listener. The listeners of one change are those registered before it
    (RTE6a).
    """

    def __init__(self, events: type[StrEnum], tasks: Tasks) -> None:
        self._events = events
        self._tasks = tasks
        self._registrations: list[tuple[str | None, Listener, bool]] = []

    @overload
    def on(self, listener: Callable[[Change], Any], /) -> None: ...
    @overload
    def on(self, event: str, listener: Callable[[Change], Any], /) -> None: ...
    def on(self, *args: Any) -> None:
        """Call `listener` with every change, or with every change of one event (RTE3)."""
        self._register(args, once=False)

    @overload
    def once(self, listener: Callable[[Change], Any], /) -> None: ...
    @overload
    def once(self, event: str, listener: Callable[[Change], Any], /) -> None: ...
    def once(self, *args: Any) -> None:
        """Call `listener` with the next change, or with the next of one event (RTE4)."""
        self._register(args, once=True)

    @overload
    def off(self) -> None: ...
    @overload
    def off(self, listener: Callable[[Change], Any], /) -> None: ...
    @overload
    def off(self, event: str, listener: Callable[[Change], Any], /) -> None: ...
    def off(self, *args: Any) -> None:
        """Remove all listeners, one listener, or one listener of one event (RTE5)."""
        if not args:
            self._registrations = []
            return
        event, callback = self._read(args)
        self._registrations = [
            registration
            for registration in self._registrations
            if registration[1].callback != callback
            or (event is not None and registration[0] != event)
        ]

    def call_now(self, listener: Callable[[Any], Any]) -> None:
        """Call a listener that waited for what already holds, with None (RTN26a, RTL25a)."""
        Listener(listener, self._tasks)(None)

    def emit(self, event: str, change: Change) -> None:
        """Hand a change to whoever listens now."""
        called = [entry for entry in self._registrations if entry[0] in (None, event)]
        if any(once for _, _, once in called):
            gone = {id(entry) for entry in called if entry[2]}
            self._registrations = [entry for entry in self._registrations if id(entry) not in gone]
        for _, listener, _ in called:
            listener(change)

    def _register(self, args: tuple[Any, ...], *, once: bool) -> None:
        event, callback = self._read(args)
        entry = (event, Listener(callback, self._tasks), once)
        self._registrations = [*self._registrations, entry]

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
