"""Encrypted channels: who has the key reads what others wrote with it, and nobody else does."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from itertools import product
from typing import Any

import pytest
import pytest_asyncio
from ably import AblyRest
from ably.util.crypto import CipherParams

from ably_local import LocalAbly
from tests.interop.conftest import Peers
from tests.interop.our_peer import OurPeer
from tests.interop.payloads import PAYLOADS, exact
from tests.interop.peer_types import Act, Outgoing, Peer, PeerKind, Sdk

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEYS = {bits: bytes(range(bits // 8)) for bits in (128, 256)}

# Encrypting no payload at all gives the text "undefined" in ably-js and a TypeError in `ably`.
ENCRYPTED_ALIKE = {name: data for name, data in PAYLOADS.items() if data is not None}

OURS = [PeerKind(Sdk.OURS, binary) for binary in (False, True)]
OTHERS = [PeerKind(sdk, binary) for sdk in (Sdk.JAVASCRIPT, Sdk.PYTHON) for binary in (False, True)]
TO_US = list(product(OTHERS, OURS))
FROM_US = list(product(OURS, OTHERS))
# `ably` loses a message that it cannot decrypt, and all that came with it.
TO_THE_FORGIVING = [pair for pair in TO_US + FROM_US if pair[1].sdk is not Sdk.PYTHON]


def pairs(kinds: list[tuple[PeerKind, PeerKind]]) -> pytest.MarkDecorator:
    """Run a test for each of these pairs of a publisher and a subscriber."""
    return pytest.mark.parametrize(
        ("publisher", "subscriber"),
        kinds,
        ids=[f"{one} to {other}" for one, other in kinds],
        indirect=True,
    )


every_key = pytest.mark.parametrize("key", KEYS.values(), ids=[f"AES-{bits}" for bits in KEYS])


@pytest_asyncio.fixture(loop_scope="module")
async def publisher(request: pytest.FixtureRequest, peers: Peers) -> Peer:
    return await peers.get(request.param)


@pytest_asyncio.fixture(loop_scope="module")
async def subscriber(request: pytest.FixtureRequest, peers: Peers) -> Peer:
    return await peers.get(request.param)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rest(server: LocalAbly) -> AsyncIterator[AblyRest]:
    """A REST client with nothing of ours in it."""
    async with AblyRest(**server.client_options(), use_binary_protocol=False) as rest:
        yield rest


async def stored(rest: AblyRest, channel: str) -> dict[str, Any]:
    """The only message of a channel as the server has it."""
    page = await rest.request("GET", f"/channels/{channel}/messages", version="6")
    [message] = page.items
    assert isinstance(message, dict)
    return message


@pytest.mark.parametrize("data", ENCRYPTED_ALIKE.values(), ids=ENCRYPTED_ALIKE.keys())
@every_key
@pairs(TO_US)
async def test_our_client_reads_what_others_encrypted(
    publisher: Peer, subscriber: Peer, channel: str, key: bytes, data: Any
) -> None:
    assert await exchanged(publisher, subscriber, channel, key, data) == (exact(data), None)


@pytest.mark.parametrize("data", PAYLOADS.values(), ids=PAYLOADS.keys())
@every_key
@pairs(FROM_US)
async def test_others_read_what_our_client_encrypted(
    publisher: Peer, subscriber: Peer, channel: str, key: bytes, data: Any
) -> None:
    assert await exchanged(publisher, subscriber, channel, key, data) == (exact(data), None)


async def exchanged(
    publisher: Peer, subscriber: Peer, channel: str, key: bytes, data: Any
) -> tuple[Any, str | None]:
    """The payload as the subscriber gets it, and what remains of its encoding."""
    await publisher.configure(channel, cipher_key=key)
    await subscriber.configure(channel, cipher_key=key)
    inbox = await subscriber.subscribe(channel)
    await publisher.publish(channel, Outgoing("greeting", data))
    received = await inbox.get()
    return exact(received.data), received.encoding


@pairs(TO_US + FROM_US)
async def test_the_data_of_members_is_encrypted_too(
    publisher: Peer, subscriber: Peer, rest: AblyRest, channel: str
) -> None:
    await publisher.configure(channel, cipher_key=KEYS[128])
    await subscriber.configure(channel, cipher_key=KEYS[128])
    inbox = await subscriber.watch(channel)
    await publisher.present(channel, Act.ENTER, {"status": "hier, ü"})
    assert (await inbox.get()).data == {"status": "hier, ü"}
    page = await rest.request("GET", f"/channels/{channel}/presence", version="6")
    assert [one["encoding"] for one in page.items] == ["json/utf-8/cipher+aes-128-cbc/base64"]


@every_key
@pytest.mark.parametrize("publisher", OURS + OTHERS, ids=str, indirect=True)
async def test_the_server_has_no_plain_text(
    publisher: Peer, rest: AblyRest, channel: str, key: bytes
) -> None:
    await publisher.configure(channel, cipher_key=key)
    await publisher.publish(channel, Outgoing("visible", "plain text"))
    message = await stored(rest, channel)
    assert message["name"] == "visible"
    assert message["encoding"] == f"utf-8/cipher+aes-{len(key) * 8}-cbc/base64"
    encrypted = base64.b64decode(message["data"])
    assert len(encrypted) == 32  # initialisation vector and one block
    assert b"plain text" not in encrypted


@every_key
@pairs(TO_US)
async def test_our_client_reads_encrypted_history(
    publisher: Peer, subscriber: Peer, channel: str, key: bytes
) -> None:
    await publisher.configure(channel, cipher_key=key)
    assert isinstance(subscriber, OurPeer)
    await subscriber.configure(channel, cipher_key=key)
    batch = [Outgoing(name, data) for name, data in ENCRYPTED_ALIKE.items() if "long" not in name]
    await publisher.publish(channel, *batch)
    expected = [(one.name, exact(one.data)) for one in batch]

    page = await subscriber.client.channels.get(channel).history(direction="forwards")
    assert [(one.name, exact(one.data)) for one in page.items] == expected
    assert {one.encoding for one in page.items} == {None}


@every_key
@pairs(TO_US)
async def test_the_rest_of_our_client_reads_encrypted_history(
    publisher: Peer, subscriber: Peer, channel: str, key: bytes
) -> None:
    await publisher.configure(channel, cipher_key=key)
    assert isinstance(subscriber, OurPeer)
    await publisher.publish(channel, Outgoing("object", {"a": ["ü", 1.5]}))
    rest = subscriber.client.rest
    page = await rest.channels.get(channel, cipher=CipherParams(secret_key=key)).history()
    assert [(one.name, one.data) for one in page.items] == [("object", {"a": ["ü", 1.5]})]


@pytest.mark.parametrize("wrong", [KEYS[256], None], ids=["a longer key", "no key"])
@pairs(TO_THE_FORGIVING)
async def test_without_the_right_key_a_payload_stays_encrypted(
    publisher: Peer, subscriber: Peer, rest: AblyRest, channel: str, wrong: bytes | None
) -> None:
    await publisher.configure(channel, cipher_key=KEYS[128])
    await subscriber.configure(channel, cipher_key=wrong)
    inbox = await subscriber.subscribe(channel)
    await publisher.publish(channel, Outgoing("secret", "plain text"))
    received = await inbox.get()
    assert (received.name, received.encoding) == ("secret", "utf-8/cipher+aes-128-cbc")
    assert received.data == base64.b64decode((await stored(rest, channel))["data"])

    await subscriber.configure(channel, cipher_key=KEYS[128])
    await publisher.publish(channel, Outgoing("secret", "plain text"))
    received = await inbox.get()
    assert (received.name, received.data, received.encoding) == ("secret", "plain text", None)


OTHER_KEY = bytes(16)
FROM_OTHER_KEY = "AAECAwQFBgcICQoLDA0OD4lN82LbRJWLTCqWjILgUYk="
"""The text "plain text", encrypted with the other key.

It is the same in every run: one in 256 payloads, decrypted with a key that is not theirs, happens
to end in what passes for padding.
"""


@pytest.mark.parametrize("subscriber", OURS, ids=str, indirect=True)
async def test_with_another_key_of_that_length_our_client_leaves_a_payload_encrypted(
    subscriber: Peer, rest: AblyRest, channel: str
) -> None:
    steps = "utf-8/cipher+aes-128-cbc"
    message = {"data": FROM_OTHER_KEY, "encoding": f"{steps}/base64"}
    await subscriber.configure(channel, cipher_key=KEYS[128])
    inbox = await subscriber.subscribe(channel)
    await rest.request("POST", f"/channels/{channel}/messages", version="6", body=message)
    received = await inbox.get()
    assert (received.data, received.encoding) == (base64.b64decode(FROM_OTHER_KEY), steps)

    await subscriber.configure(channel, cipher_key=OTHER_KEY)
    await rest.request("POST", f"/channels/{channel}/messages", version="6", body=message)
    received = await inbox.get()
    assert (received.data, received.encoding) == ("plain text", None)
