"""RTL18 to RTL21, PC3: deltas, and the way back when one cannot be applied.

The mock delta of a payload is binary, so a delta that yields text says so: `utf-8/vcdiff`.
"""

from __future__ import annotations

import base64
import sys
from typing import Any

import pytest

from tests.uts.harness import (
    Action,
    ClientFactory,
    Frame,
    MockWebSocket,
    accept,
    assert_in_order,
    record,
    states,
)
from tests.uts.harness.frames import connected, message
from tests.uts.harness.messages import (
    attach,
    attaches,
    collect,
    connect,
    send,
)

CHANNEL = "test-delta"


class MockDecoder:
    """A `vcdiff_decoder` for deltas made by `delta_from`; it knows the base each was made for."""

    def __init__(self, *, failures: int = 0) -> None:
        self.calls: list[tuple[bytes, bytes]] = []
        self._failures = failures

    def decode(self, delta: bytes, base: bytes) -> bytes:
        self.calls.append((delta, base))
        if len(self.calls) <= self._failures:
            raise ValueError("simulated vcdiff decode failure")
        made_for, value = (base64.urlsafe_b64decode(part) for part in delta.split(b"/"))
        if made_for != base:
            raise ValueError(f"the delta is for {made_for!r}, not for {base!r}")
        return value


class FailingDecoder:
    """A `vcdiff_decoder` that can decode nothing."""

    def decode(self, delta: bytes, base: bytes) -> bytes:
        raise ValueError("simulated vcdiff decode failure")


def delta_from(base: str | bytes, value: str | bytes) -> bytes:
    return b"/".join(base64.urlsafe_b64encode(as_bytes(part)) for part in (base, value))


def as_bytes(payload: str | bytes) -> bytes:
    return payload.encode() if isinstance(payload, str) else payload


def full(message_id: str, data: str, encoding: str | None = None) -> Frame:
    fields = {} if encoding is None else {"encoding": encoding}
    return {"id": message_id, "data": data, **fields}


def delta(
    message_id: str, data: str | bytes, *, based_on: str, encoding: str = "utf-8/vcdiff"
) -> Frame:
    return {
        "id": message_id,
        "data": data,
        "encoding": encoding,
        "extras": {"delta": {"from": based_on, "format": "vcdiff"}},
    }


def frame(*messages: Frame, serial: str | None = None) -> Frame:
    fields = {} if serial is None else {"channelSerial": serial}
    return message(CHANNEL, *messages, id=messages[0]["id"], **fields)


@pytest.fixture
def server() -> MockWebSocket:
    return MockWebSocket(accept(connected()), attaches)


@pytest.fixture
async def received(create_client: ClientFactory, server: MockWebSocket) -> list[Any]:
    """What a channel delivers whose client decodes the mock deltas."""
    client = await connect(create_client, server, vcdiff_decoder=MockDecoder())
    return await collect(client.channels.get(CHANNEL))


def data_of(messages: list[Any]) -> list[Any]:
    return [message.data for message in messages]


@pytest.mark.uts("realtime/unit/RTL21/ascending-index-order-0")
async def test_messages_are_decoded_in_order(received: list[Any], server: MockWebSocket) -> None:
    first_to_second = delta_from("first message", "second message")
    second_to_third = delta_from("second message", "third message")

    await send(
        server,
        frame(
            full("serial:0", "first message"),
            delta("serial:1", first_to_second, based_on="serial:0"),
            delta("serial:2", second_to_third, based_on="serial:1"),
        ),
    )

    assert data_of(received) == ["first message", "second message", "third message"]


@pytest.mark.uts("realtime/unit/RTL19b/stores-base-payload-0")
async def test_a_full_message_is_a_base(received: list[Any], server: MockWebSocket) -> None:
    await send(server, frame(full("msg-1:0", "base payload")))
    assert data_of(received) == ["base payload"]

    patch = delta_from("base payload", "updated payload")
    await send(server, frame(delta("msg-2:0", patch, based_on="msg-1:0")))

    assert data_of(received) == ["base payload", "updated payload"]


@pytest.mark.uts("realtime/unit/RTL19b/json-wire-form-base-1")
async def test_the_base_of_json_is_its_text(received: list[Any], server: MockWebSocket) -> None:
    old, new = '{"foo":"bar","count":1}', '{"foo":"baz","count":2}'
    await send(server, frame(full("msg-1:0", old, "json")))
    assert data_of(received) == [{"foo": "bar", "count": 1}]

    await send(server, frame(delta("msg-2:0", delta_from(old, new), based_on="msg-1:0")))

    assert data_of(received) == [{"foo": "bar", "count": 1}, new]


@pytest.mark.uts("realtime/unit/RTL19a/base64-decoded-before-store-0")
async def test_the_base_of_base64_is_binary(received: list[Any], server: MockWebSocket) -> None:
    await send(server, frame(full("msg-1:0", "SGVsbG8=", "base64")))
    assert data_of(received) == [b"Hello"]

    patch = base64.b64encode(delta_from(b"Hello", b"World")).decode()
    await send(
        server,
        frame(delta("msg-2:0", patch, based_on="msg-1:0", encoding="vcdiff/base64")),
    )

    assert data_of(received) == [b"Hello", b"World"]


@pytest.mark.uts("realtime/unit/RTL19c/delta-result-becomes-base-0")
async def test_a_decoded_delta_is_a_base(received: list[Any], server: MockWebSocket) -> None:
    a_to_b, b_to_c = delta_from("value-A", "value-B"), delta_from("value-B", "value-C")

    await send(server, frame(full("msg-1:0", "value-A")))
    await send(server, frame(delta("msg-2:0", a_to_b, based_on="msg-1:0")))
    await send(server, frame(delta("msg-3:0", b_to_c, based_on="msg-2:0")))

    assert data_of(received) == ["value-A", "value-B", "value-C"]


@pytest.mark.uts("realtime/unit/RTL20/mismatched-id-triggers-recovery-0")
async def test_a_delta_for_another_message_starts_recovery(
    create_client: ClientFactory, server: MockWebSocket
) -> None:
    client = await connect(create_client, server, vcdiff_decoder=MockDecoder())
    channel = await attach(client, CHANNEL)
    await send(server, frame(full("msg-1:0", "base payload"), serial="serial-1"))
    changes = record(channel)

    patch = delta_from("base payload", "new payload")
    await send(server, frame(delta("msg-2:0", patch, based_on="msg-999:0")))

    _, recovery = server.sent_with(Action.ATTACH)
    assert recovery["channelSerial"] == "serial-1"
    assert states(changes)[0] == "attaching"
    assert changes[0].reason.code == 40018


@pytest.mark.uts("realtime/unit/RTL20/last-id-updated-on-decode-1")
async def test_the_last_id_is_remembered(received: list[Any], server: MockWebSocket) -> None:
    await send(server, frame(full("serial:0", "first"), full("serial:1", "second")))
    assert data_of(received) == ["first", "second"]

    patch = delta_from("second", "third")
    await send(server, frame(delta("msg-2:0", patch, based_on="serial:1")))

    assert data_of(received) == ["first", "second", "third"]


@pytest.mark.uts("realtime/unit/PC3/vcdiff-plugin-decodes-0")
async def test_the_decoder_gets_bytes(create_client: ClientFactory, server: MockWebSocket) -> None:
    decoder = MockDecoder()
    client = await connect(create_client, server, vcdiff_decoder=decoder)
    received = await collect(client.channels.get(CHANNEL))
    patch = delta_from("hello world", "goodbye world")

    await send(server, frame(full("msg-1:0", "hello world")))
    await send(server, frame(delta("msg-2:0", patch, based_on="msg-1:0")))

    assert decoder.calls == [(patch, b"hello world")]
    assert data_of(received) == ["hello world", "goodbye world"]


@pytest.mark.uts("realtime/unit/PC3/no-plugin-fails-1")
async def test_a_delta_without_a_decoder_fails_the_channel(
    create_client: ClientFactory, server: MockWebSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No decoder is given, and the one that the client would find by itself is not installed."""
    monkeypatch.setitem(sys.modules, "vcdiff_decoder", None)
    channel = await attach(await connect(create_client, server), CHANNEL)

    await send(
        server,
        frame(delta("msg-1:0", "some-delta-data", based_on="msg-0:0", encoding="vcdiff")),
    )

    assert channel.state == "failed"
    assert channel.error_reason is not None
    assert channel.error_reason.code == 40019


@pytest.mark.uts("realtime/unit/RTL18/decode-failure-recovery-0")
async def test_a_failed_delta_starts_recovery(
    create_client: ClientFactory, server: MockWebSocket, caplog: pytest.LogCaptureFixture
) -> None:
    client = await connect(create_client, server, vcdiff_decoder=FailingDecoder())
    channel = client.channels.get(CHANNEL)
    received = await collect(channel)
    await send(server, frame(full("msg-1:0", "base payload"), serial="serial-100"))
    changes = record(channel)

    await send(
        server,
        frame(delta("msg-2:0", b"fake-delta-payload", based_on="msg-1:0"), serial="serial-200"),
    )

    assert any("40018" in entry.getMessage() for entry in caplog.records)  # RTL18a
    assert data_of(received) == ["base payload"]  # RTL18b
    _, recovery = server.sent_with(Action.ATTACH)  # RTL18c
    assert recovery["channelSerial"] == "serial-100"
    assert states(changes)[0] == "attaching"
    assert changes[0].reason.code == 40018


@pytest.mark.uts("realtime/unit/RTL18c/recovery-completes-on-attached-0")
async def test_recovery_ends_with_attached(
    create_client: ClientFactory, server: MockWebSocket
) -> None:
    client = await connect(create_client, server, vcdiff_decoder=MockDecoder(failures=1))
    channel = client.channels.get(CHANNEL)
    received = await collect(channel)
    await send(server, frame(full("msg-1:0", "original base"), serial="serial-1"))
    changes = record(channel)

    await send(server, frame(delta("msg-2:0", b"bad-delta", based_on="msg-1:0"), serial="serial-2"))
    assert_in_order(states(changes), ["attaching", "attached"])
    await send(server, frame(full("msg-3:0", "fresh after recovery"), serial="serial-3"))

    assert channel.state == "attached"
    assert data_of(received) == ["original base", "fresh after recovery"]


@pytest.mark.uts("realtime/unit/RTL18/single-recovery-at-time-1")
async def test_one_recovery_at_a_time(create_client: ClientFactory, server: MockWebSocket) -> None:
    client = await connect(create_client, server, vcdiff_decoder=FailingDecoder())
    channel = await attach(client, CHANNEL)
    server.on_message = None
    await send(server, frame(full("msg-1:0", "base"), serial="serial-1"))

    await send(server, frame(delta("msg-2:0", b"bad-delta-1", based_on="msg-1:0")))
    assert channel.state == "attaching"
    await send(server, frame(delta("msg-3:0", b"bad-delta-2", based_on="msg-2:0")))

    assert len(server.sent_with(Action.ATTACH)) == 2  # the first and one to recover
