"""Encrypted payloads, as every SDK encrypts them (RSL5)."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass
from typing import Any

import msgpack
import pytest
from Crypto.Cipher import AES
from Crypto.Util.Padding import unpad

from ably_realtime import AblyRealtime, ChannelOptions, CipherParams, Message
from tests.vectors.conftest import DEADLINE, RawRest
from tests.vectors.resources import vectors

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True, slots=True)
class Case:
    """One message, in the clear and encrypted, with how it was encrypted."""

    key: bytes
    iv: bytes
    name: str
    data: Any
    plain: bytes
    in_json: dict[str, Any]
    packed: bytes

    @property
    def in_msgpack(self) -> dict[str, Any]:
        message: dict[str, Any] = msgpack.unpackb(self.packed)
        return message

    @property
    def options(self) -> ChannelOptions:
        return ChannelOptions(cipher=CipherParams(self.key))


def cases(content: Any) -> list[tuple[str, Case]]:
    key, iv = base64.b64decode(content["key"]), base64.b64decode(content["iv"])
    found = []
    for number, item in enumerate(content["items"]):
        data, plain = read(item["encoded"])
        case = Case(
            key=key,
            iv=iv,
            name=item["encoded"]["name"],
            data=data,
            plain=plain,
            in_json=item["encrypted"],
            packed=base64.b64decode(item["msgpack"]),
        )
        found.append((f"AES-{content['keylength']}-{number}", case))
    return found


def read(encoded: dict[str, Any]) -> tuple[Any, bytes]:
    """The payload of a message in the clear, and the bytes to encrypt for it."""
    text: str = encoded["data"]
    match encoded.get("encoding"):
        case "base64":
            data = base64.b64decode(text)
            return data, data
        case "json":
            return json.loads(text), text.encode()
        case None:
            return text, text.encode()
    raise AssertionError(f"a new encoding: {encoded}")


every_case = pytest.mark.parametrize(
    "case", vectors("crypto-data-128.json", cases) + vectors("crypto-data-256.json", cases)
)


@every_case
async def test_what_json_carries_is_decrypted(
    client: AblyRealtime, json_rest: RawRest, channel: str, case: Case
) -> None:
    await decrypts(client, json_rest, channel, case, json.dumps(case.in_json))


@every_case
async def test_what_msgpack_carries_is_decrypted(
    client: AblyRealtime, msgpack_rest: RawRest, channel: str, case: Case
) -> None:
    await decrypts(client, msgpack_rest, channel, case, case.packed)


async def decrypts(
    client: AblyRealtime, rest: RawRest, channel: str, case: Case, body: str | bytes
) -> None:
    received: asyncio.Queue[Message] = asyncio.Queue()
    target = client.channels.get(channel, case.options)
    await target.subscribe(received.put_nowait)
    await rest.publish(channel, body)
    async with asyncio.timeout(DEADLINE):
        message = await received.get()
    page = await target.history()
    for one in (message, *page.items):
        assert (one.name, one.data, one.encoding) == (case.name, case.data, None)
    assert len(page.items) == 1


@every_case
async def test_with_the_same_vector_it_is_encrypted_alike(
    client: AblyRealtime,
    json_rest: RawRest,
    msgpack_rest: RawRest,
    channel: str,
    case: Case,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new: Any = AES.new

    def new_with_vector(key: bytes, mode: int, iv: bytes = case.iv) -> Any:
        return new(key, mode, iv=iv)

    monkeypatch.setattr(AES, "new", new_with_vector)
    await client.channels.get(channel, case.options).publish(case.name, case.data)
    for stored, expected in (
        (await json_rest.newest(channel), case.in_json),
        (await msgpack_rest.newest(channel), case.in_msgpack),
    ):
        assert {field: stored[field] for field in ("name", "data", "encoding")} == expected


@every_case
async def test_what_is_encrypted_can_be_decrypted(
    client: AblyRealtime, msgpack_rest: RawRest, channel: str, case: Case
) -> None:
    await client.channels.get(channel, case.options).publish(case.name, case.data)
    stored = await msgpack_rest.newest(channel)
    assert stored["encoding"] == case.in_msgpack["encoding"]
    iv, encrypted = stored["data"][:16], stored["data"][16:]
    assert iv != case.iv
    decrypted = AES.new(case.key, AES.MODE_CBC, iv=iv).decrypt(encrypted)
    assert unpad(decrypted, AES.block_size) == case.plain
