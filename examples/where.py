"""Where the examples connect to, and how they start and stop.

Without anything set, an example starts an Ably-compatible server inside itself and needs no
network. `ABLY_API_KEY` takes it to the Ably service, or with `ABLY_ENDPOINT=http://localhost:PORT`
to the server of another example, or of `ably-local serve`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

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
    """Options for the service; an endpoint with `http://` is a server without TLS, as ours are."""
    if endpoint is None or not endpoint.startswith("http://"):
        return {"key": key, "endpoint": endpoint}
    url = urlsplit(endpoint)
    return {
        "key": key,
        "endpoint": url.hostname,
        "port": url.port,
        "tls": False,
        "use_token_auth": True,
    }


def how_to_join(options: dict[str, Any]) -> str:
    """What another terminal has to set to reach the same server."""
    key = f"ABLY_API_KEY={options['key']}"
    if "port" not in options:
        return key
    return f"{key} ABLY_ENDPOINT=http://{options['endpoint']}:{options['port']}"


def run(program: Coroutine[Any, Any, None]) -> None:
    """Run a program to its end; Ctrl-C stops it in order, and is exit code 130."""
    try:
        asyncio.run(program)
    except KeyboardInterrupt:
        sys.exit(130)
    except AblyError as error:
        sys.exit(f"error: {error}")
