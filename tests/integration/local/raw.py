"""A client that reads and writes frames by hand, so that tests see the wire and nothing else."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import secrets
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import httpx
import msgpack
from websockets.asyncio.client import ClientConnection, connect

from ably_local import LocalAbly
from ably_local.clock import Clock

HEARTBEAT, ACK, NACK, CONNECTED, DISCONNECTED, CLOSE, CLOSED, ERROR = 0, 1, 2, 4, 6, 7, 8, 9
ATTACH, ATTACHED, DETACH, DETACHED, PRESENCE, MESSAGE, SYNC, AUTH = 10, 11, 12, 13, 14, 15, 16, 17
ANNOTATION = 21

HAS_PRESENCE, HAS_BACKLOG, RESUMED = 1, 2, 4
PRESENCE_MODE, PUBLISH_MODE, SUBSCRIBE_MODE = 1 << 16, 1 << 17, 1 << 18
PRESENCE_SUBSCRIBE_MODE = 1 << 19
ANNOTATION_PUBLISH_MODE, ANNOTATION_SUBSCRIBE_MODE = 1 << 21, 1 << 22

PATIENCE = 5.0

Frame = dict[str, Any]


class Socket:
    """One WebSocket, speaking one of the two formats."""

    def __init__(self, websocket: ClientConnection, *, binary: bool) -> None:
        self.websocket = websocket
        self.binary = binary
        self.connected: Frame = {}
        self._serial = 0

    async def send(self, **frame: Any) -> None:
        data = msgpack.packb(frame) if self.binary else json.dumps(frame)
        assert data is not None
        await self.websocket.send(data)

    async def receive(self) -> Frame:
        data = await asyncio.wait_for(self.websocket.recv(), PATIENCE)
        assert isinstance(data, bytes if self.binary else str)
        frame: Frame = msgpack.unpackb(data) if self.binary else json.loads(data)
        assert isinstance(frame, dict)
        return frame

    async def expect(self, action: int) -> Frame:
        """Return the next frame, which must have this action."""
        frame = await self.receive()
        assert frame["action"] == action, frame
        return frame

    async def silent(self) -> None:
        """Check that the server has nothing more to say: the answer to a heartbeat comes next."""
        probe = secrets.token_hex(4)
        await self.send(action=HEARTBEAT, id=probe)
        frame = await self.receive()
        assert frame == {"action": HEARTBEAT, "id": probe}

    async def closed(self) -> None:
        """Wait until the server has closed the socket."""
        await asyncio.wait_for(self.websocket.wait_closed(), PATIENCE)

    async def vanish(self, server: LocalAbly) -> None:
        """Cut the connection without a closing handshake, and wait until the server knows."""
        self.websocket.transport.abort()
        await self.websocket.wait_closed()
        own = self.connected["connectionId"]
        await server.wait_until(
            lambda: not any(seen.id == own and seen.is_connected for seen in server.connections)
        )

    async def attach(self, channel: str, **fields: Any) -> Frame:
        await self.send(action=ATTACH, channel=channel, **fields)
        return await self.expect(ATTACHED)

    async def request(self, action: int, **fields: Any) -> int:
        """Send a frame that wants an ACK, with the next serial, which is returned."""
        serial, self._serial = self._serial, self._serial + 1
        await self.send(action=action, msgSerial=serial, **fields)
        return serial

    async def publish(self, channel: str, *messages: Frame) -> Frame:
        """Publish on a channel that this socket does not hear itself; return the ACK or NACK."""
        await self.request(MESSAGE, channel=channel, messages=list(messages))
        return await self.receive()


class Reachable(Protocol):
    """What there is to know about a server, in this process or another."""

    @property
    def url(self) -> str: ...

    @property
    def key(self) -> str: ...

    @property
    def ca_file(self) -> Path | None: ...

    @property
    def clock(self) -> Clock: ...


class RemoteApi:
    """The REST API of a server, by hand."""

    def __init__(self, server: Reachable, http: httpx.AsyncClient) -> None:
        self._server = server
        self.http = http

    def token_request(self, key: str | None = None, **fields: Any) -> Frame:
        """Return a signed token request."""
        name, secret = (key or self._server.key).split(":")
        request = {
            "keyName": name,
            "timestamp": self._server.clock.now(),
            "nonce": secrets.token_hex(8),
            **fields,
        }
        order = ("keyName", "ttl", "capability", "clientId", "timestamp", "nonce")
        text = "".join(f"{request.get(field, '')}\n" for field in order)
        digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
        return {**request, "mac": base64.b64encode(digest).decode()}

    async def token_details(self, key: str | None = None, **fields: Any) -> Frame:
        request = self.token_request(key, **fields)
        response = await self.http.post(f"/keys/{request['keyName']}/requestToken", json=request)
        assert response.status_code == 201, response.text
        details: Frame = response.json()
        return details

    async def token(self, key: str | None = None, **fields: Any) -> str:
        token: str = (await self.token_details(key, **fields))["token"]
        return token

    async def bearer(self, key: str | None = None, **fields: Any) -> dict[str, str]:
        """Return the headers of a request made with a new token."""
        token = await self.token(key, **fields)
        return {"Authorization": f"Bearer {base64.b64encode(token.encode()).decode()}"}

    def basic(self, key: str | None = None) -> dict[str, str]:
        text = key or self._server.key
        return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}

    @asynccontextmanager
    async def dial(self, *, binary: bool = False, **query: str) -> AsyncIterator[Socket]:
        """Open a socket with exactly this query, beside the format and the version."""
        tls = None
        if self._server.ca_file is not None:
            tls = ssl.create_default_context(cafile=self._server.ca_file)
        url = self._server.url.replace("http", "ws", 1)
        full = {"format": "msgpack" if binary else "json", "v": "6", **query}
        async with connect(
            f"{url}/?{urlencode(full)}", ssl=tls, compression=None, max_size=None
        ) as websocket:
            yield Socket(websocket, binary=binary)

    @asynccontextmanager
    async def socket(
        self, *, binary: bool = False, token: Frame | None = None, **query: str
    ) -> AsyncIterator[Socket]:
        """Open a socket with a new token, made as `token` says, and wait for CONNECTED."""
        access_token = await self.token(**(token or {}))
        async with self.dial(binary=binary, accessToken=access_token, **query) as socket:
            socket.connected = await socket.expect(CONNECTED)
            yield socket


class Api(RemoteApi):
    """The REST API of a server in this process."""

    def __init__(self, server: LocalAbly, http: httpx.AsyncClient) -> None:
        super().__init__(server, http)
        self.server = server


def error_of(response: httpx.Response) -> tuple[int, int]:
    """Return the status and code of a refused request, having checked that all places agree."""
    error = response.json()["error"]
    assert response.status_code == error["statusCode"]
    assert response.headers["X-Ably-ErrorCode"] == str(error["code"])
    assert response.headers["X-Ably-ErrorMessage"] in error["message"]
    assert str(error["code"]) in error["href"]
    return response.status_code, error["code"]


def _escaped(character: re.Match[str]) -> str:
    return character[0].encode("unicode_escape").decode()


def refusal_of(response: httpx.Response) -> tuple[int, int, str]:
    """Return the status, code and message of a refused request, in whatever format it came.

    What is the same for all of them is checked: the link, and the headers for clients that can't
    read the body.
    """
    packed = "msgpack" in response.headers["content-type"]
    error = (msgpack.unpackb(response.content) if packed else response.json())["error"]
    link = f"https://help.ably.io/error/{error['code']}"
    message: str = error["message"].removesuffix(f" (See {link})")
    assert error["href"] == link
    assert message != error["message"]
    assert error["statusCode"] == response.status_code
    assert response.headers["X-Ably-ErrorCode"] == str(error["code"])
    said = " ".join(message.split())
    assert response.headers["X-Ably-ErrorMessage"] == re.sub(r"[^ -~]", _escaped, said)
    assert response.headers["X-Ably-ServerId"]
    return response.status_code, error["code"], message
