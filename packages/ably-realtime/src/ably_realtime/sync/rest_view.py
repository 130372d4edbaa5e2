"""The REST half, which belongs to `ably`, as blocking calls."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast

from .bridge import Bridge
from .callbacks import off_the_loop

T = TypeVar("T")

_WITH_METHODS = ("ably.rest.", "ably.http.")
"""Where `ably` keeps what talks to the server; the values it returns are elsewhere."""


def of_rest(bridge: Bridge, value: T) -> T:
    """A blocking view of what `ably` would have awaited, anything else as it is."""
    classes = type(value).__mro__
    if any(f"{each.__module__}.".startswith(_WITH_METHODS) for each in classes):
        return cast("T", RestView(bridge, value))  # T is Any: `ably` says no more
    return value


class RestView:
    """An object of `ably` whose methods return what `ably`'s have to be awaited for.

    Every method also takes `timeout`, in milliseconds. A page has `items`, `has_next()` and
    `next()`, which returns the next page or None. Errors are those of `ably`.
    """

    def __init__(self, bridge: Bridge, target: Any) -> None:
        self._bridge = bridge
        self._target = target

    def __getattr__(self, name: str) -> Any:
        self._bridge.check_process()
        value = getattr(self._target, name)
        if not inspect.isroutine(value):
            return of_rest(self._bridge, value)

        def method(*args: Any, timeout: float | None = None, **named: Any) -> Any:
            given = [_may_block(arg) for arg in args]
            given_by_name = _may_block({name: _may_block(arg) for name, arg in named.items()})

            async def called() -> Any:
                result = value(*given, **given_by_name)
                return await result if inspect.isawaitable(result) else result

            return of_rest(self._bridge, self._bridge.wait(called, timeout))

        method.__name__, method.__doc__ = name, value.__doc__
        return method

    def __getitem__(self, key: Any) -> Any:
        return of_rest(self._bridge, self._target[key])

    def __iter__(self) -> Iterator[Any]:
        return (of_rest(self._bridge, each) for each in self._target)

    def __contains__(self, key: object) -> bool:
        return key in self._target

    def __len__(self) -> int:
        return len(self._target)

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RestView) and other._target is self._target

    def __hash__(self) -> int:
        return hash(id(self._target))

    def __repr__(self) -> str:
        return repr(self._target)


def _may_block(given: Any) -> Any:
    """Options with an `auth_callback` that blocks no loop; anything else as it is."""
    if isinstance(given, Mapping) and callable(given.get("auth_callback")):
        return {**given, "auth_callback": off_the_loop(given["auth_callback"])}
    return given
