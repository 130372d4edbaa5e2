"""What OpenTelemetry's own SDK receives from a client."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import messaging_attributes
from opentelemetry.semconv._incubating.metrics import messaging_metrics
from opentelemetry.trace import SpanKind, StatusCode, get_current_span

from ably_realtime import AblyError, AblyRealtime, Channel, Message
from ably_realtime.opentelemetry import OpenTelemetry, context_of
from tests.faults import FaultProxy
from tests.integration.live import eventually
from tests.integration.sandbox import Sandbox, unique


class Telemetry:
    """An SDK that keeps what it is told."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._reader = InMemoryMetricReader()
        self.meters = MeterProvider([self._reader])

    def hooks(self, **options: Any) -> OpenTelemetry:
        return OpenTelemetry(tracer_provider=self.tracers, meter_provider=self.meters, **options)

    def spans(self, name: str) -> list[ReadableSpan]:
        """The spans of that name that have ended."""
        return [span for span in self._exporter.get_finished_spans() if span.name == name]

    def points(self, name: str) -> list[Any]:
        """The data points of a metric right now."""
        data = self._reader.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data is not None else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def values(self, name: str, attribute: str) -> dict[Any, Any]:
        """The values of a counter, by one attribute."""
        return {point.attributes.get(attribute): point.value for point in self.points(name)}

    def shutdown(self) -> None:
        self.tracers.shutdown()
        self.meters.shutdown()


@pytest.fixture
async def telemetry() -> AsyncIterator[Telemetry]:
    telemetry = Telemetry()
    yield telemetry
    telemetry.shutdown()


async def attached(client: AblyRealtime, received: list[Message]) -> Channel:
    channel = client.channels.get(unique("telemetry"))
    await channel.subscribe(received.append)
    return channel


async def test_a_publish_is_a_producer_span_under_the_callers_own(
    sandbox: Sandbox, telemetry: Telemetry
) -> None:
    client = await sandbox.connected(metrics=telemetry.hooks())
    received: list[Message] = []
    channel = await attached(client, received)
    with telemetry.tracers.get_tracer("test").start_as_current_span("request") as request:
        await channel.publish([{"name": "a"}, {"name": "b"}])
    (span,) = telemetry.spans(f"publish {channel.name}")
    assert span.kind is SpanKind.PRODUCER
    assert span.parent is not None
    assert span.parent.span_id == request.get_span_context().span_id
    assert span.attributes == {
        messaging_attributes.MESSAGING_SYSTEM: "ably",
        messaging_attributes.MESSAGING_OPERATION_NAME: "publish",
        messaging_attributes.MESSAGING_OPERATION_TYPE: "send",
        messaging_attributes.MESSAGING_DESTINATION_NAME: channel.name,
        messaging_attributes.MESSAGING_BATCH_MESSAGE_COUNT: 2,
    }
    await eventually(lambda: len(received) == 2)
    assert received[0].extras is None, "nothing is propagated unless asked for"


async def test_the_trace_goes_on_at_the_subscriber_where_it_is_propagated(
    sandbox: Sandbox, telemetry: Telemetry
) -> None:
    client = await sandbox.connected(metrics=telemetry.hooks(propagate=True))
    received: list[Message] = []
    channel = await attached(client, received)
    await channel.publish("a", "b")
    await eventually(lambda: received)
    (span,) = telemetry.spans(f"publish {channel.name}")
    there = get_current_span(context_of(received[0])).get_span_context()
    assert span.context is not None
    assert (there.trace_id, there.span_id) == (span.context.trace_id, span.context.span_id)
    assert there.is_remote


@pytest.mark.parametrize("extras", [None, {}, {"headers": {}}, {"headers": "odd"}])
def test_a_message_without_a_trace_has_an_empty_context(extras: Any) -> None:
    assert not get_current_span(context_of(Message("a", extras=extras))).get_span_context().is_valid


async def test_a_connection_is_a_root_span_with_its_dial_and_its_token_below(
    sandbox: Sandbox, telemetry: Telemetry
) -> None:
    with telemetry.tracers.get_tracer("test").start_as_current_span("request"):
        await sandbox.connected(metrics=telemetry.hooks())
    (connect,), (dial,), (token,) = map(telemetry.spans, ("connect", "dial", "token"))
    assert connect.parent is None
    assert connect.context is not None
    assert dial.parent is not None
    assert token.parent is not None
    assert {dial.parent.span_id, token.parent.span_id} == {connect.context.span_id}
    assert dial.attributes is not None
    assert dial.attributes["server.address"] == sandbox.server.host
    assert {span.kind for span in (connect, dial, token)} == {SpanKind.CLIENT}


async def test_what_happens_by_itself_belongs_to_no_request(
    sandbox: Sandbox, telemetry: Telemetry, proxy: FaultProxy
) -> None:
    with telemetry.tracers.get_tracer("test").start_as_current_span("request") as request:
        client = await sandbox.connected(through=proxy, metrics=telemetry.hooks())
        channel = await attached(client, [])
    proxy.relay.reset()
    name = f"attach {channel.name}"
    await eventually(lambda: len(telemetry.spans(name)) == 2)
    asked, automatic = telemetry.spans(name)
    assert asked.parent is not None
    assert asked.parent.span_id == request.get_span_context().span_id
    assert automatic.parent is None
    (outage,) = telemetry.points("ably.client.outage.duration")
    assert (outage.count, outage.attributes["ably.resumed"]) == (1, True)


async def test_a_failure_has_its_code(sandbox: Sandbox, telemetry: Telemetry) -> None:
    client = await sandbox.connected(
        metrics=telemetry.hooks(), auth_callback=lambda _: sandbox.jwt(sandbox.keys[3])
    )
    channel = client.channels.get("not-for-publishing")
    with pytest.raises(AblyError) as caught:
        await channel.publish("a", "b")
    (span,) = telemetry.spans(f"publish {channel.name}")
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None
    assert span.attributes["error.type"] == str(caught.value.code)
    sent = telemetry.values(messaging_metrics.MESSAGING_CLIENT_SENT_MESSAGES, "error.type")
    assert sent == {str(caught.value.code): 1}


async def test_metrics_count_messages_bytes_and_time(
    sandbox: Sandbox, telemetry: Telemetry
) -> None:
    client = await sandbox.connected(metrics=telemetry.hooks())
    received: list[Message] = []
    channel = await attached(client, received)
    await channel.publish([{"name": "a"}, {"name": "b"}])
    await channel.publish("c", None)
    await eventually(lambda: len(received) == 3)

    operation = messaging_attributes.MESSAGING_OPERATION_NAME
    sent = telemetry.values(messaging_metrics.MESSAGING_CLIENT_SENT_MESSAGES, operation)
    consumed = telemetry.values(messaging_metrics.MESSAGING_CLIENT_CONSUMED_MESSAGES, operation)
    assert (sent, consumed) == ({"publish": 3}, {"deliver": 3})
    durations = telemetry.points(messaging_metrics.MESSAGING_CLIENT_OPERATION_DURATION)
    counts = {point.attributes[operation]: point.count for point in durations}
    assert counts == {"connect": 1, "dial": 1, "token": 1, "attach": 1, "publish": 2}
    directions = telemetry.values("ably.client.io", "network.io.direction")
    assert directions.keys() == {"transmit", "receive"}
    assert min(directions.values()) > 0


async def test_channel_names_are_in_metrics_only_where_asked_for(
    sandbox: Sandbox, telemetry: Telemetry
) -> None:
    name = messaging_attributes.MESSAGING_DESTINATION_NAME
    sent = messaging_metrics.MESSAGING_CLIENT_SENT_MESSAGES
    plain = await sandbox.connected(metrics=telemetry.hooks())
    await plain.channels.get("a").publish("a", None)
    assert telemetry.values(sent, name) == {None: 1}
    named = await sandbox.connected(metrics=telemetry.hooks(channel_names=True))
    await named.channels.get("b").publish("a", None)
    assert telemetry.values(sent, name) == {None: 1, "b": 1}


async def test_what_is_observed_is_the_sum_of_the_clients_that_are_there(
    sandbox: Sandbox, telemetry: Telemetry
) -> None:
    hooks = telemetry.hooks()
    one = await sandbox.connected(metrics=hooks)
    await attached(one, [])
    other = sandbox.untracked_client(metrics=hooks)
    other.channels.get("a")
    states = telemetry.values("ably.client.connections", "ably.connection.state")
    assert states == {"connected": 1, "initialized": 1}
    channels = telemetry.values("ably.client.channels", "ably.channel.state")
    assert channels == {"attached": 1, "initialized": 1}
    for name in ("ably.client.queued.publishes", "ably.client.unacknowledged.publishes"):
        assert [point.value for point in telemetry.points(name)] == [0]

    await other.close()
    del other
    await asyncio.sleep(0)
    gc.collect()
    states = telemetry.values("ably.client.connections", "ably.connection.state")
    assert states["connected"] == 1
    assert not states.get("initialized")


def test_without_opentelemetry_the_error_says_what_to_install() -> None:
    program = """
        import sys
        sys.modules["opentelemetry"] = None
        import ably_realtime
        try:
            import ably_realtime.opentelemetry
        except ImportError as error:
            print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert "install 'ably-realtime[otel]'" in run.stdout
