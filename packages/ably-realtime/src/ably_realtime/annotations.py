"""Annotations of a channel's messages, as the application sees them (RTAN)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

from ._wire.frames import Action, Frame
from .context import Context
from .implicit_attach import attach_if_asked
from .log import channel as log
from .messages import Annotation, AnnotationAction, Message
from .publishing import bad_argument, stringified
from .serials import serial_of
from .states import ChannelMode, ChannelState
from .subscribers import Subscribers, text_kind
from .subscription import Subscription

if TYPE_CHECKING:
    from .channel import Channel

OnAnnotation = Callable[[Annotation], Any]
Types = str | Iterable[str]


class Annotations:
    """Annotations, such as reactions, of the messages of one channel."""

    def __init__(self, channel: Channel, context: Context) -> None:
        self._channel = channel
        self._engine = context.engine
        self._subscribers = Subscribers[Annotation](
            context.engine.listener_tasks, lambda annotation: annotation.type, text_kind
        )

    async def publish(
        self,
        message: str | Message,
        annotation: Annotation | Mapping[str, Any],
        params: Mapping[str, Any] | None = None,
    ) -> None:
        """Annotate a message, given by itself or its serial (RTAN1).

        `params` go with it to the server. Returns when the server has it; raises `AblyError` as
        `Channel.publish` does.
        """
        await self._send(AnnotationAction.ANNOTATION_CREATE, message, annotation, params)

    async def delete(
        self,
        message: str | Message,
        annotation: Annotation | Mapping[str, Any],
        params: Mapping[str, Any] | None = None,
    ) -> None:
        """Take back an annotation of a message, given by itself or its serial (RTAN2)."""
        await self._send(AnnotationAction.ANNOTATION_DELETE, message, annotation, params)

    async def get(self, message: str | Message, params: Mapping[str, Any] | None = None) -> Any:
        """A page of the annotations of a message, given by itself or its serial (RTAN3)."""
        return await self._channel.rest().annotations(serial_of(message), params or {})

    @overload
    async def subscribe(self, listener: OnAnnotation, /) -> Subscription: ...
    @overload
    async def subscribe(self, types: Types, listener: OnAnnotation, /) -> Subscription: ...
    async def subscribe(self, *args: Any) -> Subscription:
        """Deliver annotations to `listener`, all or those of some types (RTAN4).

        Attaches as `Channel.subscribe` does. The channel needs the `ANNOTATION_SUBSCRIBE` mode,
        which has to be asked for in its options.
        """
        subscription = self._subscribers.add(args)
        await attach_if_asked(self._channel)
        if (
            self._channel.state is ChannelState.ATTACHED
            and ChannelMode.ANNOTATION_SUBSCRIBE not in self._channel.modes
        ):  # RTAN4e
            log.warning(
                "channel %r is attached without the ANNOTATION_SUBSCRIBE mode: no annotation will "
                "arrive. Request the mode in ChannelOptions.",
                self._channel.name,
            )
        return subscription

    @overload
    def unsubscribe(self) -> None: ...
    @overload
    def unsubscribe(self, listener: OnAnnotation, /) -> None: ...
    @overload
    def unsubscribe(self, types: Types, listener: OnAnnotation, /) -> None: ...
    def unsubscribe(self, *args: Any) -> None:
        """Remove all listeners, one, or one from some types (RTAN5)."""
        self._subscribers.remove(args)

    def deliver(self, annotations: Sequence[Annotation]) -> None:
        """Hand annotations to the subscribers; called by the client."""
        self._subscribers.deliver(annotations)

    async def _send(
        self,
        action: AnnotationAction,
        message: str | Message,
        annotation: Annotation | Mapping[str, Any],
        params: Mapping[str, Any] | None,
    ) -> None:
        stated = _read(annotation)
        if not stated.type:  # RSAN1a3
            raise bad_argument("an annotation has a type")
        complete = replace(stated, action=action, message_serial=serial_of(message))
        frame = Frame(
            Action.ANNOTATION,
            channel=self._channel.name,
            annotations=self._channel.packer().pack([complete]),
            params=stringified(params),
        )
        await self._channel.send(frame)


def _read(annotation: Any) -> Annotation:
    if isinstance(annotation, Annotation):
        return annotation
    try:
        if isinstance(annotation, Mapping):
            return Annotation(**annotation)
    except TypeError as error:
        raise bad_argument(f"this is not an annotation: {error}") from None
    if hasattr(annotation, "type"):  # the REST SDK's
        return Annotation(
            type=annotation.type,
            name=getattr(annotation, "name", None),
            client_id=getattr(annotation, "client_id", None),
            count=getattr(annotation, "count", None),
            data=getattr(annotation, "data", None),
            extras=getattr(annotation, "extras", None),
            id=getattr(annotation, "id", None),
        )
    raise bad_argument(f"an annotation is an Annotation or a dict, not {type(annotation).__name__}")
