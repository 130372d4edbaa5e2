"""Deltas: ably-js and our client rebuild the same payloads from what the server leaves out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest
import pytest_asyncio
from ably import AblyRest
from ably.types.message import Message

from ably_local import LocalAbly
from tests.interop.conftest import Peers
from tests.interop.payloads import exact
from tests.interop.peer_types import Inbox, Outgoing, Peer, PeerKind, Received, Sdk

pytestmark = pytest.mark.asyncio(loop_scope="module")

KINDS = [PeerKind(sdk, binary) for sdk in (Sdk.OURS, Sdk.JAVASCRIPT) for binary in (False, True)]

ATTACH, MESSAGE = 10, 15

TEXT = " ".join(f"{n} is what stays the same" for n in range(200))
BYTES = bytes(n * n % 251 for n in range(5_000))
ROWS = [{"id": n, "name": f"row {n}", "tags": ["a", "b"]} for n in range(150)]

# Each has its beginning or its end in common with the one before.
SEQUENCES: dict[str, list[Any]] = {
    "text": [
        TEXT,
        TEXT.replace("100 is", "100 was"),
        "before " + TEXT,
        TEXT,
        TEXT + " after",
        TEXT[:2_000] + TEXT[3_000:],
        TEXT[3_000:],
        TEXT * 2,
    ],
    # 日 and 旦 have their first byte in common, Ω and Ϊ the second.
    "unicode": ["日本語 Ω " * 300 + end for end in ("日", "旦", "", "Ω", "Ϊ", "日旦" * 50)],
    "the same again": [TEXT, TEXT, TEXT],
    "objects": [
        {"rows": ROWS, "page": 1},
        {"rows": ROWS, "page": 2},
        {"rows": [*ROWS, {"id": "new", "name": "ünï"}], "page": 2},
        {"rows": [*ROWS[75:], {"id": "new", "name": "ünï"}], "page": 2},
        {"rows": ROWS[75:], "page": None},
    ],
    "arrays": [ROWS, ROWS[1:], [*ROWS[1:-1], "last"]],
    "bytes": [
        BYTES,
        BYTES + b"\x00\xff",
        b"\xff\x00" + BYTES + b"\x00\xff",
        BYTES[:1_000] + b"between" + BYTES[1_000:] + b"\x00\xff",
        BYTES[2_000:] + b"\x00\xff",
    ],
    # A delta knows bytes alone: that of a text may lead to an array or to bytes.
    "one kind after the other": [f'["{TEXT}"]', [TEXT], f'["{TEXT}"]'.encode(), [TEXT, "more"]],
}

PUBLISHERS = [*map(str, KINDS), "rest-json", "rest-msgpack"]

Publish = Callable[..., Awaitable[None]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rests(server: LocalAbly) -> AsyncIterator[dict[str, AblyRest]]:
    """REST clients with nothing of ours in them."""
    options = server.client_options()
    async with (
        AblyRest(**options, use_binary_protocol=False) as in_json,
        AblyRest(**options, use_binary_protocol=True) as in_msgpack,
    ):
        yield {"rest-json": in_json, "rest-msgpack": in_msgpack}


@pytest_asyncio.fixture(loop_scope="module", params=PUBLISHERS)
async def publish(
    request: pytest.FixtureRequest,
    channel: str,
    rests: dict[str, AblyRest],
    subscribers: dict[Peer, Inbox[Received]],
) -> Publish:
    """Publishes payloads, in one go, over REST or as one of those who also subscribe."""
    if request.param in rests:
        rest = rests[request.param]

        async def over_rest(*payloads: Any) -> None:
            await rest.channels.get(channel).publish([Message(data=data) for data in payloads])

        return over_rest

    [publisher] = [peer for peer in subscribers if peer.client_id == request.param]

    async def over_realtime(*payloads: Any) -> None:
        await publisher.publish(channel, *(Outgoing(data=data) for data in payloads))

    return over_realtime


@pytest_asyncio.fixture(loop_scope="module")
async def subscribers(peers: Peers, server: LocalAbly, channel: str) -> dict[Peer, Inbox[Received]]:
    """A peer of each kind, subscribed to deltas."""
    server.clear_frames()
    inboxes = {}
    for kind in KINDS:
        peer = await peers.get(kind)
        await peer.configure(channel, params={"delta": "vcdiff"})
        inboxes[peer] = await peer.subscribe(channel)
    return inboxes


@pytest.mark.parametrize("sequence", SEQUENCES.values(), ids=SEQUENCES.keys())
async def test_everyone_rebuilds_what_was_published(
    publish: Publish,
    subscribers: dict[Peer, Inbox[Received]],
    server: LocalAbly,
    channel: str,
    sequence: list[Any],
) -> None:
    for data in sequence:
        await publish(data)
    for peer, inbox in subscribers.items():
        await expect(inbox, sequence)
        assert deltas_told(server, peer, channel) == [False] + [True] * (len(sequence) - 1)


async def test_messages_published_together_build_on_each_other(
    publish: Publish, subscribers: dict[Peer, Inbox[Received]], server: LocalAbly, channel: str
) -> None:
    sequence = SEQUENCES["one kind after the other"]
    await publish(sequence[0])
    await publish(*sequence[1:])
    for peer, inbox in subscribers.items():
        await expect(inbox, sequence)
        assert deltas_told(server, peer, channel) == [False] + [True] * (len(sequence) - 1)


async def test_who_attaches_again_begins_with_a_whole_payload(
    publish: Publish, subscribers: dict[Peer, Inbox[Received]], server: LocalAbly, channel: str
) -> None:
    await publish(TEXT)
    for peer, inbox in subscribers.items():
        await expect(inbox, [TEXT])
        await peer.detach(channel)
        await peer.attach(channel)
    server.clear_frames()
    sequence = [TEXT + " and", TEXT + " on"]
    for data in sequence:
        await publish(data)
    for peer, inbox in subscribers.items():
        await expect(inbox, sequence)
        assert deltas_told(server, peer, channel) == [False, True]


async def test_who_has_lost_the_base_attaches_again_and_misses_nothing(
    publish: Publish, subscribers: dict[Peer, Inbox[Received]], server: LocalAbly, channel: str
) -> None:
    await publish(TEXT)
    for inbox in subscribers.values():
        await expect(inbox, [TEXT])
    [serial] = {frame["channelSerial"] for frame in frames(server, "sent", MESSAGE, channel)}

    # The server knows nothing of this one: its next delta still builds on the message before.
    stray = {"id": "stray:0", "channelSerial": serial, "messages": [{"data": "stray"}]}
    server.faults.inject({"action": MESSAGE, **stray}, channel=channel)
    for inbox in subscribers.values():
        await expect(inbox, ["stray"])

    server.clear_frames()
    sequence = [TEXT + " and", TEXT + " on"]
    await publish(sequence[0])
    for inbox in subscribers.values():
        await expect(inbox, sequence[:1])
    await publish(sequence[1])
    for peer, inbox in subscribers.items():
        await expect(inbox, sequence[1:])
        assert deltas_told(server, peer, channel) == [True, False, True]
        [attach] = frames(server, "received", ATTACH, channel, peer)
        assert attach["channelSerial"] == serial


async def expect(inbox: Inbox[Received], payloads: list[Any]) -> None:
    """Receive these payloads, in this order."""
    for data in payloads:
        received = await inbox.get()
        assert (exact(received.data), received.encoding) == (exact(data), None)


def deltas_told(server: LocalAbly, peer: Peer, channel: str) -> list[bool]:
    """Whether it was a delta, for each message that was sent to a peer."""
    return [
        (message.get("encoding") or "").endswith("vcdiff/base64")
        for frame in frames(server, "sent", MESSAGE, channel, peer)
        for message in frame["messages"]
    ]


def frames(
    server: LocalAbly, direction: str, action: int, channel: str, peer: Peer | None = None
) -> list[Mapping[str, Any]]:
    """The frames that the server recorded."""
    return [
        recorded.frame
        for recorded in server.frames
        if recorded.direction == direction
        and (peer is None or recorded.connection_id == peer.connection_id)
        and (recorded.frame["action"], recorded.frame.get("channel")) == (action, channel)
    ]
