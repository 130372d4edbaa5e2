"""Metrics and spans for OpenTelemetry; comes with `ably-realtime[otel]`.

    client = AblyRealtime(key="…", metrics=OpenTelemetry())

Names follow OpenTelemetry's semantic conventions for messaging; what those have no name for begins
with `ably.client.`. Only the API of OpenTelemetry is needed: which SDK receives it, if any, is for
the application to say.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .errors import AblyError
from .messages import Message
from .metrics import Connected, Gauges, Metrics, Operation, OperationName
from .version import __version__

try:
    from opentelemetry import context, propagate, trace
    from opentelemetry.metrics import (
        CallbackOptions,
        MeterProvider,
        Observation,
        get_meter_provider,
    )
except ImportError:
    raise ImportError(
        "ably_realtime.opentelemetry needs OpenTelemetry's API: install 'ably-realtime[otel]'"
    ) from None

SYSTEM = "ably"

_NAME = "ably_realtime"

_TYPES: dict[OperationName, str] = {"publish": "send", "annotate": "send", "presence": "send"}
"""The operations that `messaging.operation.type` has a value for."""

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Seconds, as the conventions give them for `messaging.client.operation.duration`."""

_TRANSMIT = {"network.io.direction": "transmit"}
_RECEIVE = {"network.io.direction": "receive"}

Attributes = dict[str, str | int]


class OpenTelemetry(Metrics):
    """Metrics and spans of one client or several.

    The providers are the global ones unless given. `propagate` puts the trace context of a publish
    into `extras.headers` of its messages, where every subscriber can read it and `context_of` finds
    it. `channel_names` adds the channel to metrics; spans always have it.
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        propagate: bool = False,
        channel_names: bool = False,
    ) -> None:
        tracers = tracer_provider or trace.get_tracer_provider()
        self._tracer = tracers.get_tracer(_NAME, __version__)
        self._propagate = propagate
        self._channel_names = channel_names
        self._spans: dict[Operation, trace.Span] = {}
        self._clients: list[weakref.WeakMethod[Callable[[], Gauges]]] = []

        meter = (meter_provider or get_meter_provider()).get_meter(_NAME, __version__)
        self._duration = meter.create_histogram(
            "messaging.client.operation.duration",
            unit="s",
            description="How long an operation took; a publish ends with the server's ACK.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self._sent = meter.create_counter(
            "messaging.client.sent.messages",
            unit="{message}",
            description="Messages that were to be published, by outcome.",
        )
        self._consumed = meter.create_counter(
            "messaging.client.consumed.messages",
            unit="{message}",
            description="Messages that arrived for subscribers.",
        )
        self._outages = meter.create_histogram(
            "ably.client.outage.duration",
            unit="s",
            description="The time from losing a connection to having one again.",
        )
        self._io = meter.create_counter(
            "ably.client.io", unit="By", description="Bytes of frames sent and received."
        )
        self._dropped = meter.create_counter(
            "ably.client.dropped.items",
            unit="{item}",
            description="What streams had no room for.",
        )
        for name, unit, observe in (
            ("ably.client.connections", "{connection}", self._observe_connections),
            ("ably.client.channels", "{channel}", self._observe_channels),
            ("ably.client.queued.publishes", "{publish}", self._observe_queued),
            ("ably.client.unacknowledged.publishes", "{publish}", self._observe_unacknowledged),
        ):
            meter.create_observable_up_down_counter(name, [observe], unit=unit)

    # -- hooks

    def client_made(self, gauges: Callable[[], Gauges]) -> None:
        """Count this client in what is observed, for as long as it is there."""
        self._clients.append(weakref.WeakMethod(gauges))

    def connected(self, connected: Connected) -> None:
        """Record how long the client was without a connection."""
        if connected.again:
            attributes: Attributes = {
                "ably.resumed": connected.resumed,
                "server.address": connected.host,
            }
            self._outages.record(connected.milliseconds / 1000, attributes)

    def operation_started(self, operation: Operation) -> None:
        """Start a span."""
        self._spans[operation] = self._tracer.start_span(
            " ".join(filter(None, (operation.name, operation.channel))),
            self._parent(operation),
            trace.SpanKind.PRODUCER if operation.name in _TYPES else trace.SpanKind.CLIENT,
            _attributes(operation, with_channel=True),
        )

    def message_headers(self, operation: Operation) -> Mapping[str, str]:
        """The trace context of a publish, if it is to be propagated."""
        headers: dict[str, str] = {}
        span = self._spans.get(operation)
        if self._propagate and span is not None:
            propagate.inject(headers, trace.set_span_in_context(span))
        return headers

    def operation_ended(
        self, operation: Operation, milliseconds: float, error: AblyError | None
    ) -> None:
        """End the span, and record what the operation took."""
        attributes = _attributes(operation, with_channel=self._channel_names)
        attributes.pop("messaging.batch.message_count", None)
        if error is not None:
            attributes["error.type"] = str(error.code)
        self._duration.record(milliseconds / 1000, attributes)
        if operation.name == "publish":
            self._sent.add(operation.messages, attributes)
        span = self._spans.pop(operation, None)
        if span is not None:
            if error is not None:
                span.set_attribute("error.type", str(error.code))
                span.set_status(trace.StatusCode.ERROR, error.message)
            span.end()

    def messages_received(self, channel: str, messages: Sequence[Message]) -> None:
        """Count messages."""
        attributes: Attributes = {
            "messaging.system": SYSTEM,
            "messaging.operation.name": "deliver",
        }
        if self._channel_names:
            attributes["messaging.destination.name"] = channel
        self._consumed.add(len(messages), attributes)

    def items_dropped(self, channel: str, count: int) -> None:
        """Count what was dropped."""
        attributes = {"messaging.destination.name": channel} if self._channel_names else {}
        self._dropped.add(count, attributes)

    def bytes_sent(self, count: int) -> None:
        """Count bytes."""
        self._io.add(count, _TRANSMIT)

    def bytes_received(self, count: int) -> None:
        """Count bytes."""
        self._io.add(count, _RECEIVE)

    # --

    def _parent(self, operation: Operation) -> context.Context | None:
        """The span that an operation belongs under; None for the one of the calling task.

        What happens by itself belongs to no task, least of all to the one that happened to use the
        client first.
        """
        if operation.parent is not None and operation.parent in self._spans:
            return trace.set_span_in_context(self._spans[operation.parent], context.Context())
        return context.Context() if operation.automatic else None

    def _gauges(self) -> list[Gauges]:
        """Of every client that is still there."""
        self._clients = [client for client in self._clients if client() is not None]
        return [gauges() for client in self._clients if (gauges := client()) is not None]

    def _observe_connections(self, _: CallbackOptions) -> Iterable[Observation]:
        states = Counter(str(gauges.connection) for gauges in self._gauges())
        return [
            Observation(count, {"ably.connection.state": state}) for state, count in states.items()
        ]

    def _observe_channels(self, _: CallbackOptions) -> Iterable[Observation]:
        states: Counter[str] = Counter()
        for gauges in self._gauges():
            states.update({str(state): count for state, count in gauges.channels.items()})
        return [
            Observation(count, {"ably.channel.state": state}) for state, count in states.items()
        ]

    def _observe_queued(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(sum(gauges.queued for gauges in self._gauges()))]

    def _observe_unacknowledged(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(sum(gauges.unacknowledged for gauges in self._gauges()))]


def context_of(message: Message) -> context.Context:
    """The trace context that a message was published in, for spans of what is done with it.

        with tracer.start_as_current_span("handle order", context_of(message)): ...

    Without one in the message, as the publisher did not propagate any, it is an empty context.
    """
    headers: Any = (message.extras or {}).get("headers")
    carrier = headers if isinstance(headers, Mapping) else {}
    return propagate.extract(carrier, context.Context())


def _attributes(operation: Operation, *, with_channel: bool) -> Attributes:
    attributes: Attributes = {
        "messaging.system": SYSTEM,
        "messaging.operation.name": operation.name,
    }
    if (kind := _TYPES.get(operation.name)) is not None:
        attributes["messaging.operation.type"] = kind
    if operation.channel is not None and with_channel:
        attributes["messaging.destination.name"] = operation.channel
    if operation.host is not None:
        attributes["server.address"] = operation.host
    if operation.messages > 1:
        attributes["messaging.batch.message_count"] = operation.messages
    return attributes
