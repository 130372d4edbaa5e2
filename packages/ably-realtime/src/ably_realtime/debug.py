"""What a client tells about itself, for logs and bug reports: no credentials, no payloads."""

from __future__ import annotations

import platform
from collections import Counter
from typing import Any

from ._wire.codec import Codec
from .channels import Channels
from .connection import Connection
from .seams import TransportFactory
from .version import PROTOCOL_VERSION, __version__


class Diagnostics:
    """Describes one client."""

    def __init__(
        self,
        connection: Connection,
        channels: Channels,
        transports: TransportFactory,
        codec: Codec,
    ) -> None:
        self._connection = connection
        self._channels = channels
        self._transport = getattr(transports, "library", type(transports).__qualname__)
        self._codec = codec

    @property
    def stack(self) -> str:
        """The libraries in use, in a few words."""
        return f"{self._transport}, {self._codec.library} for {self._codec.name}"

    def snapshot(self) -> dict[str, Any]:
        """The state of the client, as values that JSON can hold."""
        error = self._connection.error_reason
        return {
            "versions": {
                "ably-realtime": __version__,
                "protocol": PROTOCOL_VERSION,
                "python": platform.python_version(),
            },
            "transport": self._transport,
            "codec": {"format": self._codec.name, "library": self._codec.library},
            "connection": {
                "state": str(self._connection.state),
                "error_code": None if error is None else error.code,
            },
            "channels": dict(Counter(str(channel.state) for channel in self._channels)),
        }
