"""Subscribing to what a channel delivers: messages, presence, annotations (RTL7, RTP6, RTAN4)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, TypeVar

from ._driver.listeners import Listener, Tasks
from .messages import MessageFilter
from .publishing import bad_argument
from .subscription import Subscription

Item = TypeVar("Item")

Wanted = frozenset[Hashable] | MessageFilter | None
"""What a subscriber asked for: some kinds, those that a filter matches, or everything."""


class _Selection(Subscription):
    """A listener with what it asked for."""

    def __init__(
        self, listener: Listener, end: Callable[[Any], None], wanted: Wanted, is_stream: bool
    ) -> None:
        super().__init__(listener, end)
        self.wanted = wanted
        self.is_stream = is_stream

    def lose(self, unwanted: Wanted) -> bool:
        """Ask for less from here on; returns whether nothing is left."""
        if unwanted is None or unwanted == self.wanted:
            return True
        if isinstance(unwanted, frozenset) and isinstance(self.wanted, frozenset):
            self.wanted = self.wanted - unwanted
            return not self.wanted
        return False

    def wants(self, kind: Hashable, item: Any) -> bool:
        """Whether this subscriber asked for an item of that kind."""
        if self.wanted is None:
            return True
        if isinstance(self.wanted, frozenset):
            return kind in self.wanted
        return self.wanted.matches(item)


class Subscribers(Generic[Item]):
    """The subscribers of one source of items; `kind` says what an item is filtered by.

    `read_kind` turns what a caller may write for a kind into the kind itself.
    """

    __slots__ = ("_kind", "_read_kind", "_subscriptions", "_tasks")

    def __init__(
        self,
        tasks: Tasks,
        kind: Callable[[Item], Hashable],
        read_kind: Callable[[Any], Hashable],
    ) -> None:
        self._tasks = tasks
        self._kind = kind
        self._read_kind = read_kind
        self._subscriptions: tuple[_Selection, ...] = ()

    def add(self, args: tuple[Any, ...], *, is_stream: bool = False) -> Subscription:
        """Register `listener`, or `wanted, listener`."""
        wanted, callback = self._read(args)
        subscription = _Selection(Listener(callback, self._tasks), self._end, wanted, is_stream)
        self._subscriptions = (*self._subscriptions, subscription)
        return subscription

    def remove(self, args: tuple[Any, ...]) -> None:
        """Remove every listener, one, or one's registration for some kinds (RTL8).

        A stream is no listener: it ends when it is left.
        """
        if not args:
            ended = [s for s in self._subscriptions if not s.is_stream]
        else:
            wanted, callback = self._read(args)
            ended = [
                subscription
                for subscription in self._subscriptions
                if subscription.listener.callback == callback and subscription.lose(wanted)
            ]
        for subscription in ended:
            subscription.unsubscribe()

    def _end(self, subscription: _Selection) -> None:
        self._subscriptions = tuple(s for s in self._subscriptions if s is not subscription)
        subscription.listener.stop()

    def deliver(self, items: Iterable[Item]) -> None:
        """Hand items to whoever subscribes at the moment of each, in order."""
        for item in items:
            for subscription in self._subscriptions:
                if subscription.wanted is None or subscription.wants(self._kind(item), item):
                    subscription.listener(item)

    def _read(self, args: tuple[Any, ...]) -> tuple[Wanted, Callable[[Item], Any]]:
        match args:
            case (callback,) if callable(callback):
                return None, callback
            case (MessageFilter() as criteria, callback) if callable(callback):
                return criteria, callback
            case (Iterable() as kinds, callback) if callable(callback) and not isinstance(
                kinds, str
            ):
                wanted = frozenset(self._read_kind(kind) for kind in kinds)
                if not wanted:
                    raise bad_argument("there is nothing to listen for")
                return wanted, callback
            case (kind, callback) if callable(callback):
                return frozenset({self._read_kind(kind)}), callback
        raise bad_argument("takes a callable, or what to listen for and a callable")


def text_kind(kind: object) -> Hashable:
    """A kind that is text, as message names and annotation types are."""
    if not isinstance(kind, str):
        raise bad_argument(f"what to listen for is text, not of type {type(kind).__name__}")
    return kind
