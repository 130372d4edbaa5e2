"""Where the examples connect to, and how they start and stop.

Without anything set, an example starts an Ably-compatible server inside itself and needs no
network. `ABLY_API_KEY` takes it to the Ably service, or with `ABLY_ENDPOINT=localhost:PORT` to the
server of another example, or of `ably-local serve`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from ably_local import LocalAbly
from ably_realtime import AblyError


@asynccontextmanager
async def ably_options(*, local: bool = False) -> AsyncIterator[dict[str, Any]]:
    """The options for clients, for as long as the block runs."""
    key = os.environ.get("ABLY_API_KEY")
    if key and not local:
        yield from_environment(key, os.environ.get("ABLY_ENDPOINT"))
    else:
        async with LocalAbly() as server:
            yield server.client_options()


def from_environment(key: str, endpoint: str | None) -> dict[str, Any]:
    """Options for the service, or for a server on this machine, which has a port and no TLS."""
    host, _, port = (endpoint or "").partition(":")
    if port:
        return {
            "key": key,
            "endpoint": host,
            "port": int(port),
            "tls": False,
            "use_token_auth": True,
        }
    return {"key": key, "endpoint": host or None}


def how_to_join(options: dict[str, Any]) -> str:
    """What another terminal has to set to reach the same server."""
    where = f" ABLY_ENDPOINT={options['endpoint']}:{options['port']}" if "port" in options else ""
    return f"ABLY_API_KEY={options['key']}{where}"


def run(program: Coroutine[Any, Any, None]) -> None:
    """Run a program to its end; Ctrl-C stops it in order, and is exit code 130."""
    try:
        asyncio.run(program)
    except KeyboardInterrupt:
        sys.exit(130)
    except AblyError as error:
        sys.exit(f"error: {error}")
