"""The command line: `ably-local serve`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

from .server import LocalAbly

DEFAULT_PORT = 8081


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        server = LocalAbly(host=options.host, port=options.port, key=options.key, tls=options.tls)
        asyncio.run(_serve(server))
    except ValueError as error:
        print(f"ably-local: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        where = f"{options.host}:{options.port}"
        print(f"ably-local: cannot listen on {where}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ably-local", description="An Ably-compatible server on this machine."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    serve = commands.add_parser("serve", help="serve until interrupted")
    serve.add_argument("--host", default="localhost", help="address to listen on")
    serve.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 picks a free one")
    serve.add_argument("--key", metavar="APP.KEY:SECRET", help="the API key; generated if omitted")
    serve.add_argument(
        "--tls", action="store_true", help="serve with TLS and a certificate made on the spot"
    )
    return parser


async def _serve(server: LocalAbly) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(name, stop.set)
        except NotImplementedError:  # Windows: Ctrl-C raises KeyboardInterrupt instead.
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(stop.set))
    async with server:
        print(f"URL      {server.url}")
        print(f"Key      {server.key}")
        if server.ca_file is not None:
            print(f"CA file  {server.ca_file}")
        sys.stdout.flush()
        await stop.wait()
