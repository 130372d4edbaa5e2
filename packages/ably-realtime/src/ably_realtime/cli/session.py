"""What a command works with: its settings, its output, and a client."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Concatenate, ParamSpec

import click

from ..client import AblyRealtime
from ..states import ConnectionState, ConnectionStateChange
from .logs import to_stderr
from .output import Output
from .problems import Failure, problem_of
from .settings import Settings, read_settings

P = ParamSpec("P")

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--api-key", envvar="ABLY_API_KEY", metavar="KEY", help="API key.  [env: ABLY_API_KEY]"
    ),
    click.option(
        "--token", envvar="ABLY_TOKEN", metavar="TOKEN", help="Token or JWT.  [env: ABLY_TOKEN]"
    ),
    click.option(
        "--endpoint",
        "--url",
        "endpoint",
        envvar=["ABLY_URL", "ABLY_ENDPOINT"],
        metavar="HOST|URL",
        help="Server, such as http://localhost:8081.  [env: ABLY_ENDPOINT]",
    ),
    click.option("--port", type=click.IntRange(1, 65535), help="Port, if not the usual one."),
    click.option("--tls/--no-tls", default=None, help="Encrypt the connection, or do not."),
    click.option("--client-id", metavar="ID", help="Client id to act as."),
    click.option("--json", is_flag=True, help="Print one JSON object a line."),
    click.option("-v", "--verbose", is_flag=True, help="Log to stderr what the client does."),
)


class Session:
    """One run of a command."""

    def __init__(self, settings: Settings, output: Output) -> None:
        self.settings = settings
        self.output = output

    @asynccontextmanager
    async def client(self, **options: Any) -> AsyncIterator[AblyRealtime]:
        """A client that does not connect by itself: for REST requests."""
        client = AblyRealtime(**self.settings.client_options(auto_connect=False, **options))
        async with client:
            yield client

    @asynccontextmanager
    async def connected(self, **options: Any) -> AsyncIterator[AblyRealtime]:
        """A connected client; it tells when the connection is lost and when it is back.

        Raises `AblyError` if the first attempt fails, rather than trying on.
        """
        async with self.client(**options) as client:
            await connect(client)
            subscription = client.connection.on(self._tell)
            try:
                yield client
            finally:
                subscription.unsubscribe()

    def _tell(self, change: ConnectionStateChange) -> None:
        if change.current is change.previous:
            return
        match change.current:
            case ConnectionState.DISCONNECTED | ConnectionState.SUSPENDED:
                why = "" if change.reason is None else f": {problem_of(change.reason).message}"
                self.output.warn(f"connection {change.current}{why}; trying again")
            case ConnectionState.CONNECTED:
                self.output.warn("connected again")


def command_with_session(
    function: Callable[Concatenate[Session, P], Coroutine[Any, Any, None]],
) -> Callable[..., None]:
    """Make an async function a command's callback, with the options that every command has."""
    start: Callable[..., Coroutine[Any, Any, None]] = function
    parameters = inspect.signature(function).parameters

    @functools.wraps(function)
    def callback(**given: Any) -> None:
        context = click.get_current_context()
        settings = read_settings(context)
        context.obj.settings = settings
        if not (settings.key or settings.token):
            raise click.UsageError(
                "there are no credentials: set ABLY_API_KEY or ABLY_TOKEN, "
                "or use --api-key or --token"
            )
        session = Session(settings, Output(as_json=settings.json))
        own = {name: given[name] for name in parameters if name in given}
        with to_stderr(settings) if settings.verbose else contextlib.nullcontext():
            asyncio.run(_until_told(start(session, **own)))

    for option in reversed(_OPTIONS):
        callback = option(callback)
    return callback


async def connect(client: AblyRealtime) -> None:
    """Connect; raises `AblyError` if the first attempt fails."""
    settled: asyncio.Future[ConnectionStateChange] = asyncio.get_running_loop().create_future()

    def changed(change: ConnectionStateChange) -> None:
        if change.current is not ConnectionState.CONNECTING and not settled.done():
            settled.set_result(change)

    subscription = client.connection.on(changed)
    try:
        client.connect()
        change = await settled
    finally:
        subscription.unsubscribe()
    if change.current is not ConnectionState.CONNECTED:
        raise change.reason or Failure(f"the connection is {change.current}")


def identity(client: AblyRealtime) -> str:
    """Who a client is, in words."""
    return "any client" if client.client_id in (None, "*") else str(client.client_id)


class Terminated(Exception):
    """The process was told to end by SIGTERM."""


async def _until_told(work: Coroutine[Any, Any, None]) -> None:
    """Carry out `work`; on SIGTERM, let it end in good order, as Ctrl-C does."""
    task = asyncio.current_task()
    assert task is not None
    told = False

    def terminate() -> None:
        nonlocal told
        told = True
        task.cancel()

    with contextlib.suppress(NotImplementedError):  # Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)
    try:
        await work
    except asyncio.CancelledError:
        if told:
            raise Terminated from None
        raise
