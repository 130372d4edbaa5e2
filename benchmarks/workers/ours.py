"""The work done by `ably_realtime`."""

from __future__ import annotations

from ably_realtime import AblyRealtime

from .sdk_work import SdkWork
from .worker import serve


def new_client(port: int, binary: bool) -> AblyRealtime:
    """A client that connects to a port of this machine."""
    return AblyRealtime(
        token="app.any:token",  # noqa: S106  # the stub server takes any
        endpoint="localhost",
        port=port,
        tls=False,
        use_binary_protocol=binary,
    )


if __name__ == "__main__":
    serve(SdkWork(new_client, ("ably", "ably_realtime")))
