"""What a client tells about itself, for gauges and bug reports: no credentials, no payloads."""

from __future__ import annotations

import dataclasses
import platform
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ._core.channel import Channel
from ._core.timers import Timers
from ._driver.engine import Engine
from ._driver.story import PastError, Story
from ._rest.access import Access
from ._wire.codec import Codec
from ._wire.error_info import ErrorInfo
from ._wire.secret import REDACTED
from .metrics import Gauges
from .options import Options
from .seams import TransportFactory
from .version import PROTOCOL_VERSION, __version__

_LIBRARIES = ("ably", "httpx", "msgpack", "msgspec", "picows", "websockets")

_SERIAL_TAIL = 32
"""Characters of a serial, enough to tell two positions apart."""

_SHORTEST_SECRET = 6
"""Characters; a header may well be "1", which would redact half of a text."""


def stack_of(transports: TransportFactory, codec: Codec) -> str:
    """The libraries that a client runs on, in a few words."""
    return f"{_library(transports)}, {codec.library} for {codec.name}"


class Diagnostics:
    """Describes one client."""

    def __init__(
        self,
        engine: Engine,
        access: Access,
        options: Options,
        story: Story,
        transports: TransportFactory,
        codec: Codec,
    ) -> None:
        self._engine = engine
        self._session = engine.session
        self._access = access
        self._options = options
        self._story = story
        self._transport = _library(transports)
        self._codec = codec

    def gauges(self) -> Gauges:
        """How much there is right now."""
        session = self._session
        return Gauges(
            connection=session.connection.state,
            queued=session.publisher.queued,
            unacknowledged=session.publisher.unacknowledged,
            busy_listeners=len(self._engine.listener_tasks.running),
            channels=Counter(channel.state for channel in session.channels.values()),
        )

    def snapshot(self) -> dict[str, Any]:
        """The state of the client, as values that JSON can hold."""
        gauges = self.gauges()
        told: dict[str, Any] = {
            "versions": _versions(),
            "transport": self._transport,
            "codec": {
                "format": self._codec.name,
                "library": self._codec.library,
            },
            "options": _options(self._options),
            "connection": self._connection(),
            "queues": {
                "queued": gauges.queued,
                "unacknowledged": gauges.unacknowledged,
                "busy_listeners": gauges.busy_listeners,
            },
            "channels": {
                name: self._channel(channel) for name, channel in self._session.channels.items()
            },
            "errors": [_past(error) for error in self._story.errors],
        }
        redacted: dict[str, Any] = _without(told, sorted(self._secrets(), key=len, reverse=True))
        return redacted

    def _connection(self) -> dict[str, Any]:
        connection = self._session.connection
        return {
            "state": str(connection.state),
            "id": connection.id,
            "host": connection.host,
            "attempts": self._story.attempts(),
            "attempts_ever": connection.attempt,
            "resumed": connection.resumed,
            "error": _error(connection.error_reason),
            "timers": self._timers(connection.timers),
        }

    def _channel(self, channel: Channel) -> dict[str, Any]:
        return {
            "state": str(channel.state),
            "attach_serial": _tail(channel.attach_serial),
            "channel_serial": _tail(channel.channel_serial),
            "members": channel.presence.member_count,
            "members_complete": channel.presence.sync_complete,
            "error": _error(channel.error_reason),
            "timers": self._timers(channel.timers),
        }

    def _timers(self, timers: Timers) -> dict[str, float]:
        """The milliseconds left to each deadline."""
        if not timers.deadlines:  # before a client has a loop there is no time either
            return {}
        now = self._engine.clock.now()
        return {
            getattr(timer, "name", str(timer)).lower(): round(deadline - now)
            for timer, deadline in timers.deadlines.items()
        }

    def _secrets(self) -> Iterator[str]:
        """Every credential this client knows of, in case that an error quotes one."""
        options = self._options
        given = [options.key, options.token, options.recover]
        given += (options.key or "").partition(":")[2:]
        for values in (options.auth_headers, options.auth_params):
            given += [str(value) for value in (values or {}).values()]
        key = self._session.connection.key
        given.append(None if key is None else key.reveal())
        for details in (options.token_details, self._access.auth.token_details):
            given.append(getattr(details, "token", None))
        return (secret for secret in given if secret and len(secret) >= _SHORTEST_SECRET)


def _library(transports: TransportFactory) -> str:
    library: str = getattr(transports, "library", type(transports).__qualname__)
    return library


def _versions() -> dict[str, Any]:
    versions: dict[str, Any] = {
        "ably-realtime": __version__,
        "protocol": PROTOCOL_VERSION,
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    for library in _LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            versions[library] = None
    return versions


def _options(options: Options) -> dict[str, Any]:
    """The options that differ from the defaults; what is not for the eye only as being there."""
    told: dict[str, Any] = {}
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        if value != default:
            told[field.name] = _plain(value) if field.repr else REDACTED
    return told


def _plain(value: object) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {str(name): _plain(item) for name, item in value.items()}
        case Sequence():
            return [_plain(item) for item in value]
    return type(value).__qualname__


def _error(error: ErrorInfo | None) -> dict[str, Any] | None:
    if error is None:
        return None
    causes: list[str] = []
    cause = error.cause
    while cause is not None:
        causes.append(
            f"{cause.message} (code {cause.code})"
            if isinstance(cause, ErrorInfo)
            else f"{type(cause).__name__}: {cause}"
        )
        cause = cause.cause if isinstance(cause, ErrorInfo) else cause.__cause__
    return {
        "code": error.code,
        "status_code": error.status_code,
        "message": error.message,
        "causes": causes,
    }


def _past(past: PastError) -> dict[str, Any]:
    at = datetime.fromtimestamp(past.at / 1000, UTC).isoformat(timespec="milliseconds")
    return {"at": at, "where": past.where, "state": past.state, "error": _error(past.error)}


def _tail(serial: str | None) -> str | None:
    if serial is None or len(serial) <= _SERIAL_TAIL:
        return serial
    return f"…{serial[-_SERIAL_TAIL:]}"


def _without(value: Any, secrets: Sequence[str]) -> Any:
    """The same value, with every text that quotes a secret redacted."""
    match value:
        case str():
            for secret in secrets:
                value = value.replace(secret, REDACTED)
            return value
        case dict():
            return {_without(name, secrets): _without(v, secrets) for name, v in value.items()}
        case list():
            return [_without(item, secrets) for item in value]
    return value
