"""A plain client of the REST API: one connection, one request at a time, nothing checked twice."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

import msgpack

from ..stub import wire as w
from .process import Address


class Rest:
    """A connection that is kept alive."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, binary: bool, token: str
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._binary = binary
        kind = "application/x-msgpack" if binary else "application/json"
        self._headers = f"Host: localhost\r\nContent-Type: {kind}\r\nAccept: {kind}\r\n"
        if token:
            encoded = base64.b64encode(token.encode()).decode()
            self._headers += f"Authorization: Bearer {encoded}\r\n"

    @classmethod
    async def open(cls, port: int, *, binary: bool, token: str = "") -> Rest:
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", port), binary, token)

    async def post(self, path: str, body: object) -> Any:
        """Return the decoded answer, which has to be 201."""
        payload = w.pack(body) if self._binary else json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\n{self._headers}Content-Length: {len(payload)}\r\n\r\n"
        self._writer.write(head.encode("ascii") + payload)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(answer.partition(b"content-length:")[2].partition(b"\r\n")[0])
        content = await self._reader.readexactly(length)
        if not answer.startswith(b"http/1.1 201"):
            raise ConnectionError(f"POST {path}: {answer[:40]!r} {content[:200]!r}")
        return msgpack.unpackb(content) if self._binary else json.loads(content)

    async def close(self) -> None:
        """Disconnect."""
        self._writer.close()
        await self._writer.wait_closed()


async def request_token(
    server: Address, *, ttl: int | None = None, client_id: str | None = None
) -> str:
    """A new token, good for `ttl` milliseconds, for one client."""
    name, _, secret = server.key.partition(":")
    request: dict[str, object] = {
        "keyName": name,
        "timestamp": int(time.time() * 1000),
        "nonce": secrets.token_hex(8),
    }
    request |= {} if ttl is None else {"ttl": ttl}
    request |= {} if client_id is None else {"clientId": client_id}
    order = ("keyName", "ttl", "capability", "clientId", "timestamp", "nonce")
    text = "".join(f"{request.get(field, '')}\n" for field in order)
    mac = hmac.digest(secret.encode(), text.encode(), hashlib.sha256)
    signed = {**request, "mac": base64.b64encode(mac).decode()}
    details = await post_once(server.port, f"/keys/{name}/requestToken", signed)
    return str(details["token"])


async def post_once(port: int, path: str, body: object, *, token: str = "") -> Any:
    """Return the answer to one request, over a connection of its own, in JSON."""
    rest = await Rest.open(port, binary=False, token=token)
    try:
        return await rest.post(path, body)
    finally:
        await rest.close()
