"""The work done by the realtime client of `ably` 3.x."""

from __future__ import annotations

from ably import AblyRealtime, AblyVCDiffDecoder

from .sdk_work import SdkWork
from .worker import serve


def new_client(port: int, binary: bool) -> AblyRealtime:
    """A client that connects to a port of this machine.

    It leaves `port` out of the URL of its WebSocket, so the host brings the port along.
    """
    return AblyRealtime(
        token="app.any:token",  # noqa: S106  # the stub server takes any
        endpoint=f"localhost:{port}",
        tls=False,
        use_binary_protocol=binary,
        vcdiff_decoder=AblyVCDiffDecoder(),
    )


if __name__ == "__main__":
    serve(SdkWork(new_client, ("ably",)))
