"""The work done by `ably_realtime`."""

from __future__ import annotations

import time

from ably import AblyRest

from ably_realtime import AblyRealtime

from .sdk_work import SdkWork
from .worker import milliseconds_since, resident_bytes, serve


def new_client(port: int, binary: bool) -> AblyRealtime:
    """A client that connects to a port of this machine."""
    return AblyRealtime(
        token="app.any:token",  # noqa: S106  # the stub server takes any
        endpoint="localhost",
        port=port,
        tls=False,
        use_binary_protocol=binary,
    )


class OurWork(SdkWork):
    """What only this client can be asked to do."""

    async def shared_rest(self, port: int, count: int) -> dict[str, float]:
        """What a client costs that shares one `AblyRest` with the others: memory, and time."""
        rest = AblyRest(token="app.any:token", endpoint="localhost", port=port, tls=False)  # noqa: S106
        async with rest, AblyRealtime(rest=rest) as first:
            await first.connection.once_async("connected")
            before = resident_bytes()
            began = time.perf_counter()
            clients = [AblyRealtime(rest=rest) for _ in range(count)]
            for client in clients:
                await client.connection.once_async("connected")
            took = milliseconds_since(began)
            added = resident_bytes() - before
            for client in clients:
                await client.close()
        return {"time": took, "each": added / count / 1024}


if __name__ == "__main__":
    serve(OurWork(new_client, ("ably", "ably_realtime")))
