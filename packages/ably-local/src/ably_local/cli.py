"""The command line: `ably-local serve` and `ably-local token`."""

from __future__ import annotations

import argparse
import asyncio
import errno
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .banner import banner
from .logs import log_event, log_failure, to_terminal
from .server import LocalAbly
from .storage import StorageError
from .tokens import signed_jwt

DEFAULT_PORT = 8081
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 1 if it failed, 2 if it was asked wrongly."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    return run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ably-local", description="An Ably-compatible server on this machine."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    serve = commands.add_parser("serve", help="serve until interrupted")
    serve.set_defaults(run=_run_serve)
    serve.add_argument("--host", default="localhost", help="address to listen on")
    serve.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 picks a free one")
    serve.add_argument(
        "--key",
        metavar="APP.KEY:SECRET",
        help="the API key; if omitted, that of the data file's first start, or a new one",
    )
    serve.add_argument(
        "--tls", action="store_true", help="serve with TLS and a certificate made on the spot"
    )
    serve.add_argument(
        "--data",
        metavar="FILE",
        type=Path,
        help="keep apps, history and mutable messages in this file; in memory if omitted",
    )
    serve.add_argument(
        "--json", action="store_true", help="log to stdout, one JSON object a line, no banner"
    )
    token = commands.add_parser("token", help="print a JWT, for tools that can't make one")
    token.set_defaults(run=_run_token)
    token.add_argument("key", metavar="APP.KEY:SECRET", help="the API key that signs it")
    token.add_argument("--client-id", help="the client it identifies; any if omitted")
    token.add_argument("--ttl", type=int, default=3600, help="seconds it is valid for")
    return parser


def _run_serve(options: argparse.Namespace) -> int:
    with to_terminal(as_json=options.json):
        try:
            server = LocalAbly(
                host=options.host,
                port=options.port,
                key=options.key,
                tls=options.tls,
                data=options.data,
            )
            asyncio.run(_serve(server, as_json=options.json))
        except ValueError as error:
            return _failed(str(error), 2, as_json=options.json)
        except StorageError as error:
            return _failed(str(error), 1, as_json=options.json)
        except OSError as error:
            where = f"{options.host}:{options.port}"
            message = f"cannot listen on {where}: {error.strerror}"
            if error.errno == errno.EADDRINUSE:
                message += "; name another --port, 0 picks a free one"
            return _failed(message, 1, as_json=options.json)
    return 0


def _run_token(options: argparse.Namespace) -> int:
    name, _, secret = options.key.partition(":")
    if not secret:
        return _failed("a key has the form app.key:secret", 2, as_json=False)
    print(signed_jwt(name, secret, int(time.time()), options.ttl, options.client_id))
    return 0


def _failed(message: str, status: int, *, as_json: bool) -> int:
    if as_json:
        log_failure(message)
    else:
        print(f"ably-local: {message}", file=sys.stderr)
    return status


async def _serve(server: LocalAbly, *, as_json: bool) -> None:
    stop = asyncio.Event()
    _once_signalled(stop.set)
    async with server:
        if as_json:
            log_event(
                "listening",
                url=server.url,
                key=server.key,
                port=server.port,
                caFile=server.ca_file,
                data=server.data,
            )
        else:
            print(banner(server), flush=True)
        await stop.wait()
        log_event("stopping", connections=len(server.connections))
    log_event("stopped")


def _once_signalled(callback: Callable[[], None]) -> None:
    """Call `callback` at the first signal to end. The second ends the process at once."""
    loop = asyncio.get_running_loop()

    def signalled() -> None:
        for name in SIGNALS:
            loop.remove_signal_handler(name)
            signal.signal(name, signal.SIG_DFL)
        callback()

    def signalled_on_windows(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        loop.call_soon_threadsafe(callback)

    for name in SIGNALS:
        try:
            loop.add_signal_handler(name, signalled)
        except NotImplementedError:  # Windows
            signal.signal(name, signalled_on_windows)
