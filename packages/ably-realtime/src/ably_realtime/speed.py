"""What the client runs on: the default libraries, or the compiled ones of the `speed` extra.

`ably-realtime[speed]` brings `picows` and `msgspec`. Where they are installed, `picows` takes the
place of `websockets` for frames, and `msgspec` that of `json` and `msgpack`; nothing else differs.
`ABLY_REALTIME_SPEED=0` in the environment, read when this package is imported, leaves them alone.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable

from ._driver.websocket import websocket_transports
from ._wire.codec import Codec, JsonCodec, MessagePackCodec
from .seams import TransportFactory

SWITCH = "ABLY_REALTIME_SPEED"


def _find_transports() -> Callable[[ssl.SSLContext | None, str | None], TransportFactory]:
    if os.environ.get(SWITCH) != "0":
        try:
            from ._driver.picows_websocket import picows_transports
        except ImportError:
            pass
        else:
            return picows_transports
    return websocket_transports


def _find_codecs() -> tuple[type[Codec], type[Codec]]:
    if os.environ.get(SWITCH) != "0":
        try:
            from ._wire.typed_codec import TypedJsonCodec, TypedMessagePackCodec
        except ImportError:
            pass
        else:
            return TypedJsonCodec, TypedMessagePackCodec
    return JsonCodec, MessagePackCodec


transports: Callable[[ssl.SSLContext | None, str | None], TransportFactory] = _find_transports()
"""Makes the transport factory of a client, from its TLS context and proxy."""

_json_codec, _msgpack_codec = _find_codecs()


def new_codec(*, binary: bool) -> Codec:
    """The codec of a client: MessagePack, or else JSON."""
    return _msgpack_codec() if binary else _json_codec()
