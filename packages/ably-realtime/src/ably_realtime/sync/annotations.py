"""Annotations of a channel's messages, as the application sees them (RTAN)."""

# Written by `nox -s sync` from ../annotations.py: change that and run it again.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, overload

from ..annotations import Annotations as AsyncAnnotations
from ..annotations import OnAnnotation, Types
from ..messages import Annotation, Message
from .facade import Facade
from .subscription import Subscription


class Annotations(Facade[AsyncAnnotations]):
    """Annotations, such as reactions, of the messages of one channel."""

    def publish(
        self,
        message: str | Message,
        annotation: Annotation | Mapping[str, Any],
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Annotate a message, given by itself or its serial (RTAN1).

        `params` go with it to the server. Returns when the server has it; raises `AblyError` as
        `Channel.publish` does.

        Waits `timeout` milliseconds at most, if given.
        """
        self._wait(lambda: self._source.publish(message, annotation, params), timeout)

    def delete(
        self,
        message: str | Message,
        annotation: Annotation | Mapping[str, Any],
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> None:
        """Take back an annotation of a message, given by itself or its serial (RTAN2).

        Waits `timeout` milliseconds at most, if given.
        """
        self._wait(lambda: self._source.delete(message, annotation, params), timeout)

    def get(
        self,
        message: str | Message,
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> Any:
        """A page of the annotations of a message, given by itself or its serial (RTAN3).

        Waits `timeout` milliseconds at most, if given.
        """
        return self._wait(lambda: self._source.get(message, params), timeout)

    @overload
    def subscribe(
        self, listener: OnAnnotation, /, *, timeout: float | None = ...
    ) -> Subscription: ...

    @overload
    def subscribe(
        self, types: Types, listener: OnAnnotation, /, *, timeout: float | None = ...
    ) -> Subscription: ...

    def subscribe(self, *args: Any, timeout: float | None = None) -> Subscription:
        """Deliver annotations to `listener`, all or those of some types (RTAN4).

        Attaches as `Channel.subscribe` does. The channel needs the `ANNOTATION_SUBSCRIBE` mode,
        which has to be asked for in its options.

        Waits `timeout` milliseconds at most, if given.
        """
        heard = self._listener_last(args)
        return self._facade(
            Subscription, self._wait(lambda: self._source.subscribe(*heard), timeout)
        )

    @overload
    def unsubscribe(self) -> None: ...

    @overload
    def unsubscribe(self, listener: OnAnnotation, /) -> None: ...

    @overload
    def unsubscribe(self, types: Types, listener: OnAnnotation, /) -> None: ...

    def unsubscribe(self, *args: Any) -> None:
        """Remove all listeners, one, or one from some types (RTAN5)."""
        heard = self._listener_last(args)
        self._call(lambda: self._source.unsubscribe(*heard))
