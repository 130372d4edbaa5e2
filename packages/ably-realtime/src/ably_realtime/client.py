"""The realtime client."""

from __future__ import annotations

import platform
import random
import warnings
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, Unpack

from . import speed
from ._core import effects as fx
from ._core.config import Config
from ._core.recovery import RecoveryKey
from ._core.session import Session
from ._driver.clock import LoopClock
from ._driver.engine import Engine
from ._driver.observer import MeteredCodec, ObservedSession, tell, watch_connection
from ._driver.story import Story
from ._driver.surroundings import Network
from ._rest.access import Access, options_of_rest
from ._rest.http import HttpxClient, close_http
from ._rest.requests import ably_errors, request
from ._wire.secret import Secret
from .channels import Channels
from .connection import Connection
from .context import Context
from .debug import Diagnostics, stack_of
from .delta import default_decoder
from .endpoints import fallback_hosts, primary_host
from .errors import AblyError
from .log import auth as auth_log
from .log import connection as log
from .metrics import Metrics
from .options import ClientOptions, Options, bad_option, stringify
from .seams import Clock, HttpClient, TransportFactory
from .states import ConnectionState
from .version import PROTOCOL_VERSION, __version__

_UNUSED = frozenset({ConnectionState.INITIALIZED, ConnectionState.CLOSED, ConnectionState.FAILED})


class AblyRealtime:
    """A connection to Ably and the channels on it (RTC).

        async with AblyRealtime(key="appId.keyId:secret") as client:
            channel = client.channels.get("orders")
            await channel.subscribe(print)
            await channel.publish("created", {"id": 1})

    Takes the options of `ClientOptions`, or `rest=`: an `ably.AblyRest` whose Auth it then
    shares. `transport`, `clock` and `http` are the seams of `ably_realtime.seams`, `metrics` the
    hooks of `ably_realtime.metrics`. A client can be made anywhere; it belongs to the event loop
    that first uses it, and connects there by itself unless `auto_connect=False`. Raises
    `AblyError` for options that cannot work.
    """

    def __init__(
        self,
        key_or_token: str | None = None,
        /,
        *,
        rest: Any = None,
        transport: TransportFactory | None = None,
        clock: Clock | None = None,
        http: HttpClient | None = None,
        metrics: Metrics | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        self._engine: Engine | None = None
        given: dict[str, Any] = dict(options)
        if key_or_token is not None:  # RSC1a
            given["key" if ":" in key_or_token else "token"] = key_or_token
        given_metrics: object = metrics
        if not isinstance(given_metrics, Metrics | None):
            raise bad_option(
                f"metrics= takes an ably_realtime.metrics.Metrics, not {type(metrics).__name__}",
                "Derive the class of the hooks from Metrics, and pass an object of it.",
            )
        self._options = Options.read(given, None if rest is None else options_of_rest(rest))
        self._http = http or HttpxClient(self._options.ssl_context)
        agent = _agent(self._options.agents)
        self._access = Access(rest, self._options, self._http, agent)
        transports = transport or speed.transports(
            self._options.ssl_context, self._options.proxy or None
        )
        self._network = Network(
            self._access,
            self._http,
            scheme="wss" if self._options.tls else "ws",
            port=self._options.socket_port,
            headers={"Ably-Agent": agent},
            connectivity_check_url=self._options.connectivity_check_url,
        )
        config = _config(self._options, self._access, sees_pings=transports.sees_pings)
        codec = speed.new_codec(binary=self._options.use_binary_protocol)
        time = clock or LoopClock()
        if metrics is None:
            session = Session(config, random.random, time.time)
        else:
            session = ObservedSession(config, random.random, time.time, time.now, metrics)
        self._engine = Engine(
            session,
            codec if metrics is None else MeteredCodec(codec, metrics),
            transports,
            time,
            self._network,
            request_timeout=config.realtime_request_timeout,
            auto_connect=self._options.auto_connect,
        )
        self._connection = Connection(self._engine)
        self._channels = Channels(Context(self._engine, self._access, self._options, metrics))
        if config.recovery is not None:
            for name in config.recovery.channel_serials:  # RTN16j
                self._channels.get(name)
        story = Story(session.connection, time, stack_of(transports, codec))
        self._diagnostics = Diagnostics(
            self._engine, self._access, self._options, story, transports, codec
        )
        self._engine.announce_to(_Audience(self._connection, self._channels, story, metrics))
        if metrics is not None:
            watch_connection(self._connection, metrics)
            tell(metrics.client_made, self._diagnostics.gauges)
        self._network.join(self._engine)
        self._engine.bind_if_running()

    def __repr__(self) -> str:
        return f"<AblyRealtime {self._connection.state} to {primary_host(self._options.endpoint)}>"

    @property
    def connection(self) -> Connection:
        """The connection (RTC2)."""
        return self._connection

    @property
    def channels(self) -> Channels:
        """The channels on this connection (RTC3)."""
        return self._channels

    @property
    def rest(self) -> Any:
        """The `ably.AblyRest` for history, stats, push and the like; made at the first use."""
        return self._access.rest

    @property
    def auth(self) -> Any:
        """The Auth shared with `rest`; raises what `ably` raises (RTC4)."""
        return self._access.auth

    @property
    def client_id(self) -> str | None:
        """Who this client is, as far as it knows (RTC17)."""
        return self._access.client_id

    @property
    def options(self) -> Options:
        """The options in force, defaults included."""
        return self._options

    def connect(self) -> None:
        """Connect. Returns immediately (RTC15)."""
        self._connection.connect()

    async def close(self) -> None:
        """Close the connection and what this client opened (RTC16).

        A REST client that was handed in stays open. The client can `connect()` again.
        """
        await self._connection.close()
        self._network.leave()
        await self._access.close()
        await close_http(self._http)

    async def time(self) -> int:
        """The server's time, in milliseconds since the epoch (RTC6)."""
        with ably_errors():
            return int(await (await self._access.ready_rest()).time())

    async def stats(self, **params: Any) -> Any:
        """The application's statistics, a page at a time, as `AblyRest.stats` gives them (RTC5)."""
        with ably_errors():
            return await (await self._access.ready_rest()).stats(**params)

    async def request(
        self,
        method: str,
        path: str,
        version: str,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Any request to Ably's REST API, with the client's authentication (RTC9).

        Returns an `HttpPaginatedResponse` of `ably`, whatever its status; raises `AblyError`
        where no answer came.
        """
        with ably_errors():
            return await request(
                await self._access.ready_rest(), method, path, version, params, body, headers
            )

    def debug_snapshot(self) -> dict[str, Any]:
        """The client's state for a bug report: versions, options, connection, channels, errors.

        It holds no credentials and no payloads, but it does hold the names of channels; it can be
        encoded as JSON.
        """
        return self._diagnostics.snapshot()

    @property
    def push(self) -> Any:
        """Push notifications, as `AblyRest.push` has them (RTC13)."""
        return self.rest.push

    async def __aenter__(self) -> Self:
        assert self._engine is not None
        self._engine.bind()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __del__(self) -> None:
        engine = self._engine
        if engine is not None and warn_unless_closed(self, self._connection):
            self._network.leave()
            engine.abandon()


def warn_unless_closed(client: object, connection: Connection) -> bool:
    """Warn of a client that nobody holds any more while it is connected; says whether it is."""
    if connection.state in _UNUSED:
        return False
    warnings.warn(
        "an AblyRealtime client was not closed: call `close()`, or make it in a `with`",
        ResourceWarning,
        source=client,
        stacklevel=3,
    )
    return True


class _Audience:
    """Passes on what the core announces."""

    def __init__(
        self, connection: Connection, channels: Channels, story: Story, metrics: Metrics | None
    ) -> None:
        self._connection = connection
        self._channels = channels
        self._story = story
        self._metrics = metrics

    def connection_changed(self, change: fx.ConnectionChanged) -> None:
        connected = self._story.connection_changed(change)
        if connected is not None and self._metrics is not None:
            tell(self._metrics.connected, connected)
        self._connection.announce(change)

    def channel_changed(self, change: fx.ChannelChanged) -> None:
        self._story.channel_changed(change)
        if (channel := self._channels.find(change.channel)) is not None:
            channel.announce(change)

    def deliver(self, news: fx.Deliver) -> None:
        if (channel := self._channels.find(news.channel)) is not None:
            channel.deliver(news.messages)

    def deliver_presence(self, news: fx.DeliverPresence) -> None:
        if (channel := self._channels.find(news.channel)) is not None:
            channel.presence.deliver(news.messages)

    def deliver_annotations(self, news: fx.DeliverAnnotations) -> None:
        if (channel := self._channels.find(news.channel)) is not None:
            channel.annotations.deliver(news.annotations)

    def discontinued(self, news: fx.Discontinuity) -> None:
        self._story.discontinued(news.channel)
        if (channel := self._channels.find(news.channel)) is not None:
            reason = news.reason
            channel.discontinued(None if reason is None else AblyError.from_info(reason))

    def forget(self, released: fx.Forget) -> None:
        self._channels.forget(released.channel)


def _config(options: Options, access: Access, *, sees_pings: bool) -> Config:
    """What the core has to know."""
    key = access.key
    if key is not None and not options.tls:  # RSC18
        raise AblyError(
            code=40103,
            status_code=401,
            message="an API key cannot be used without TLS",
            hint="Use TLS, or add use_token_auth=True.",
        )
    if access.uses_token and not access.can_renew:  # RSA4a1
        auth_log.info(
            "code 40171: there is no way to renew the token of this client. "
            "See https://help.ably.io/error/40171"
        )
    query = {
        "v": str(PROTOCOL_VERSION),
        "format": "msgpack" if options.use_binary_protocol else "json",
        "heartbeats": stringify(not sees_pings),
        "echo": stringify(options.echo_messages),
    }
    if options.client_id is not None:
        query["clientId"] = options.client_id
    return Config(
        primary_host=primary_host(options.endpoint),
        fallback_hosts=fallback_hosts(options.endpoint, options.fallback_hosts),
        query=query,
        transport_params={n: stringify(value) for n, value in options.transport_params.items()},
        key=Secret(key) if key is not None else None,
        can_renew_token=lambda: access.can_renew,
        client_id=options.client_id,
        recovery=_recovery(options.recover),
        queue_messages=options.queue_messages,
        max_queued_messages=options.max_queued_messages,
        binary=options.use_binary_protocol,
        delta_decoder=options.vcdiff_decoder or default_decoder(),
        realtime_request_timeout=options.realtime_request_timeout,
        disconnected_retry_timeout=options.disconnected_retry_timeout,
        suspended_retry_timeout=options.suspended_retry_timeout,
        channel_retry_timeout=options.channel_retry_timeout,
    )


def _recovery(recover: str | None) -> RecoveryKey | None:
    """RTN16f1: a key that cannot be read is an error in the log, and no recovery."""
    if recover is None:
        return None
    try:
        return RecoveryKey.decode(recover)
    except ValueError as error:
        log.error("recover= is ignored: %s", error)
        return None


def _agent(agents: Mapping[str, str | None]) -> str:
    """Who this is, for the server's statistics (RSC7d)."""
    products = {
        "ably-python-realtime": __version__,
        "python": platform.python_version(),
        **agents,
    }
    return " ".join(
        name if version is None else f"{name}/{version}" for name, version in products.items()
    )
