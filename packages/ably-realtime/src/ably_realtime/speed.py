"""What the client runs on: the default libraries, or the compiled ones of the `speed` extra.

`ably-realtime[speed]` brings `picows` and `msgspec`. Where they are installed, `picows` takes the
place of `websockets` for frames, and `msgspec` that of `json` and `msgpack`; nothing else differs.
They are looked for when the first client is made, as a program may import this package and make
none. `ABLY_REALTIME_SPEED=0` in the environment, read at that time, leaves them alone.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from functools import cache

from ._wire.codec import Codec, JsonCodec, MessagePackCodec
from .seams import TransportFactory

SWITCH = "ABLY_REALTIME_SPEED"


def transports(ssl_context: ssl.SSLContext | None, proxy: str | None) -> TransportFactory:
    """The transport factory of a client with this TLS context and proxy."""
    return _find_transports()(ssl_context, proxy)


def new_codec(*, binary: bool) -> Codec:
    """The codec of a client: MessagePack, or else JSON."""
    json_codec, msgpack_codec = _find_codecs()
    return msgpack_codec() if binary else json_codec()


@cache
def _find_transports() -> Callable[[ssl.SSLContext | None, str | None], TransportFactory]:
    if os.environ.get(SWITCH) != "0":
        try:
            from ._driver.picows_websocket import picows_transports
        except ImportError:
            pass
        else:
            return picows_transports
    from ._driver.websocket import websocket_transports

    return websocket_transports


@cache
def _find_codecs() -> tuple[type[Codec], type[Codec]]:
    if os.environ.get(SWITCH) != "0":
        try:
            from ._wire.typed_codec import TypedJsonCodec, TypedMessagePackCodec
        except ImportError:
            pass
        else:
            return TypedJsonCodec, TypedMessagePackCodec
    return JsonCodec, MessagePackCodec
