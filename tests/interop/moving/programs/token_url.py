"""Tokens from a URL, with headers and parameters of one's own.

Prints:
    GET /auth?param1=value1 Bearer session
    connected
"""

import asyncio

from ably import AblyRealtime
from ably import AblyRest


async def main(key, **local):
    async with AblyRest(key, **local) as signer:

        async def answer(reader, writer):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            headers = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:-1])
            print(" ".join(head.split(" ")[:2]), headers["authorization"].replace("b", "B", 1))
            token = (await signer.auth.request_token()).token.encode()
            status = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n"
            writer.write(status + b"content-length: %d\r\n\r\n" % len(token) + token)
            await writer.drain()
            writer.close()

        token_server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = token_server.sockets[0].getsockname()[1]
        async with AblyRealtime(
            auth_url=f"http://127.0.0.1:{port}/auth",
            auth_method="GET",
            auth_headers={"Authorization": "Bearer session"},
            auth_params={"param1": "value1"},
            **local,
        ) as client:
            await client.connection.once_async("connected")
            print(client.connection.state.value)
        token_server.close()
