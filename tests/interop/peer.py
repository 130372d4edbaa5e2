"""The realtime client of `ably` 3.x as a peer; peer_process.py describes the lines.

It has a process of its own because it leaves tasks and warnings behind, which would fail a test
that has nothing to do with them.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from typing import Any

from ably import AblyException, AblyRealtime, AblyRest
from ably.types.channeloptions import ChannelOptions
from ably.types.connectionstate import ConnectionState, ConnectionStateChange
from ably.types.message import Message
from ably.types.presence import PresenceAction, PresenceMessage
from ably.types.tokendetails import TokenDetails
from ably.util.crypto import CipherParams

from tests.interop.payloads import pack, unpack

ACTIONS: dict[Any, str] = {
    PresenceAction.PRESENT: "present",
    PresenceAction.ENTER: "enter",
    PresenceAction.LEAVE: "leave",
    PresenceAction.UPDATE: "update",
}
LOST = (ConnectionState.DISCONNECTED, ConnectionState.SUSPENDED, ConnectionState.FAILED)


class Operations:
    """What a line can ask for."""

    client: AblyRealtime

    async def connect(self, *, port: int, client_id: str, binary: bool, **credentials: str) -> str:
        async def token(_params: dict[str, Any]) -> TokenDetails:
            if (key := credentials.get("key")) is not None:
                return await obtain_token(key, port, client_id)
            # A bare token fails here with 40102 as soon as there is a client id beside it.
            return TokenDetails(token=credentials["token"], client_id=client_id)

        settled: asyncio.Future[ConnectionStateChange] = asyncio.get_running_loop().create_future()

        def watch(change: ConnectionStateChange) -> None:
            if settled.done() and change.current in LOST:
                say({"lost": {**describe(change.reason), "state": change.current}})
            elif not settled.done() and change.current != ConnectionState.CONNECTING:
                settled.set_result(change)

        # This client leaves `port` out of the URL of its WebSocket, which is the host alone: so the
        # host brings the port along. Its REST requests would then have two ports in their URL, and
        # the callback uses a REST client of its own.
        self.client = AblyRealtime(
            auth_callback=token,
            client_id=client_id,
            use_binary_protocol=binary,
            endpoint=f"localhost:{port}",
            tls=False,
            auto_connect=False,
        )
        self.client.connection.on(watch)
        self.client.connect()
        change = await settled
        if change.current != ConnectionState.CONNECTED:
            raise change.reason or RuntimeError(f"the connection is {change.current}")
        return str(self.client.connection.connection_manager.connection_id)

    async def configure(
        self, *, channel: str, cipher_key: str | None, params: dict[str, str] | None
    ) -> None:
        cipher = None
        if cipher_key is not None:
            cipher = CipherParams(secret_key=base64.b64decode(cipher_key))
        options = ChannelOptions(cipher=cipher, params=params)
        await self.client.channels.get(channel).set_options(options)

    async def subscribe(self, *, channel: str) -> None:
        def receive(message: Message) -> None:
            wire = {
                "name": message.name,
                "data": pack(message.data),
                "encoding": message.encoding or None,
                "client_id": message.client_id,
                "connection_id": message.connection_id,
                "serial": message.serial,
                "extras": message.extras,
            }
            say({"received": channel, "message": wire})

        await self.client.channels.get(channel).subscribe(receive)

    async def publish(self, *, channel: str, messages: list[dict[str, Any]]) -> list[str | None]:
        unpacked = [Message(**{**message, "data": unpack(message["data"])}) for message in messages]
        result = await self.client.channels.get(channel).publish(unpacked)
        return list(result.serials)

    async def watch(self, *, channel: str) -> None:
        await self.client.channels.get(channel).presence.subscribe(
            lambda event: say({"seen": channel, "member": member(event)})
        )

    async def present(self, *, channel: str, act: str, data: dict[str, Any]) -> None:
        presence = self.client.channels.get(channel).presence
        acts = {"enter": presence.enter, "update": presence.update, "leave": presence.leave}
        await acts[act](unpack(data))

    async def members(self, *, channel: str) -> list[dict[str, Any]]:
        return [member(one) for one in await self.client.channels.get(channel).presence.get()]

    async def attach(self, *, channel: str) -> None:
        await self.client.channels.get(channel).attach()

    async def detach(self, *, channel: str) -> None:
        await self.client.channels.get(channel).detach()

    async def close(self) -> None:
        await self.client.close()


async def obtain_token(key: str, port: int, client_id: str) -> TokenDetails:
    rest = AblyRest(key, endpoint="localhost", port=port, tls=False, use_token_auth=True)
    async with rest:
        token: TokenDetails = await rest.auth.request_token({"client_id": client_id})
    return token


def member(message: PresenceMessage) -> dict[str, Any]:
    return {
        "action": ACTIONS[message.action],
        "client_id": message.client_id,
        "connection_id": message.connection_id,
        "data": pack(message.data),
    }


def describe(error: object) -> dict[str, Any]:
    if isinstance(error, AblyException):
        return {"code": error.code, "status_code": error.status_code, "message": error.message}
    return {"code": None, "status_code": None, "message": repr(error)}


def say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def handle(operations: Operations, asked: dict[str, Any]) -> None:
    number, operation = asked.pop("id"), asked.pop("do")
    try:
        say({"id": number, "result": await getattr(operations, operation)(**asked)})
    except Exception as error:
        say({"id": number, "error": describe(error)})


async def main() -> None:
    operations = Operations()
    running: set[asyncio.Task[None]] = set()
    while line := await asyncio.to_thread(sys.stdin.readline):
        task = asyncio.create_task(handle(operations, json.loads(line)))
        running.add(task)
        task.add_done_callback(running.discard)


asyncio.run(main())
