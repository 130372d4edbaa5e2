"""What a client can be told, checked before anything else happens (TO3)."""

from __future__ import annotations

import difflib
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self, TypedDict

from ._core.inbound import DeltaDecoder
from ._driver.proxies import FROM_ENVIRONMENT
from .crypto import read_cipher
from .endpoints import DEFAULT_CONNECTIVITY_CHECK_URL
from .errors import AblyError
from .states import ChannelMode


class ClientOptions(TypedDict, total=False):
    """The keyword arguments of `AblyRealtime`, beside `rest`, `transport`, `clock` and `http`.

    Durations are milliseconds, but for the three that `ably` takes in seconds
    (`http_open_timeout`, `http_request_timeout`, `http_max_retry_duration`).
    """

    # credentials
    key: str
    token: str
    token_details: Any
    auth_callback: Callable[..., Any]
    auth_url: str
    auth_method: str
    auth_headers: Mapping[str, str]
    auth_params: Mapping[str, str]
    use_token_auth: bool
    query_time: bool
    default_token_params: Mapping[str, Any]
    client_id: str
    # where to
    endpoint: str
    port: int
    tls_port: int
    tls: bool
    fallback_hosts: Sequence[str]
    connectivity_check_url: str
    proxy: str
    ssl_context: ssl.SSLContext
    # how
    auto_connect: bool
    use_binary_protocol: bool
    echo_messages: bool
    queue_messages: bool
    max_queued_messages: int
    recover: str
    transport_params: Mapping[str, str | int | float | bool]
    agents: Mapping[str, str | None]
    strict_mode: bool
    vcdiff_decoder: DeltaDecoder
    idempotent_rest_publishing: bool
    add_request_ids: bool
    # timeouts
    realtime_request_timeout: float
    disconnected_retry_timeout: float
    suspended_retry_timeout: float
    channel_retry_timeout: float
    fallback_retry_timeout: float
    http_open_timeout: float
    http_request_timeout: float
    http_max_retry_count: int
    http_max_retry_duration: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options in force: what was given, and defaults for the rest.

    Credentials are left out of the repr.
    """

    key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    token_details: Any = field(default=None, repr=False)
    auth_callback: Callable[..., Any] | None = field(default=None, repr=False)
    auth_url: str | None = field(default=None, repr=False)
    auth_method: str = "GET"
    auth_headers: Mapping[str, str] | None = field(default=None, repr=False)
    auth_params: Mapping[str, str] | None = field(default=None, repr=False)
    use_token_auth: bool | None = None
    query_time: bool = False
    default_token_params: Mapping[str, Any] | None = field(default=None, repr=False)
    client_id: str | None = None
    endpoint: str | None = None
    port: int | None = None
    tls_port: int | None = None
    tls: bool = True
    fallback_hosts: Sequence[str] | None = None
    connectivity_check_url: str = DEFAULT_CONNECTIVITY_CHECK_URL
    proxy: str = field(default=FROM_ENVIRONMENT, repr=False)
    ssl_context: ssl.SSLContext | None = None
    auto_connect: bool = True
    use_binary_protocol: bool = True
    echo_messages: bool = True
    queue_messages: bool = True
    max_queued_messages: int = 65_536
    recover: str | None = field(default=None, repr=False)
    transport_params: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    agents: Mapping[str, str | None] = field(default_factory=dict)
    strict_mode: bool = False
    vcdiff_decoder: DeltaDecoder | None = None
    idempotent_rest_publishing: bool = True
    add_request_ids: bool = False
    realtime_request_timeout: float = 10_000
    disconnected_retry_timeout: float = 15_000
    suspended_retry_timeout: float = 30_000
    channel_retry_timeout: float = 15_000
    fallback_retry_timeout: float = 600_000
    http_open_timeout: float = 4
    http_request_timeout: float = 10
    http_max_retry_count: int = 3
    http_max_retry_duration: float = 15

    @classmethod
    def read(cls, given: Mapping[str, Any], of_rest: Mapping[str, Any] | None = None) -> Self:
        """Check what was given, and complete it.

        `of_rest` holds the options of the REST client given as `rest=`, if any: those that
        concern it cannot be given again. Raises `AblyError`.
        """
        check_options(given)
        own = {name: value for name, value in given.items() if value is not None}
        if of_rest is not None:
            for name in own:
                if name in OF_REST:
                    raise bad_option(
                        f"option {name!r} belongs to the REST client given as rest=",
                        f"Pass {name} to AblyRest instead.",
                    )
            return cls(**{**of_rest, **own})
        options = cls(**own)
        options._check_credentials()
        return options

    def for_rest(self) -> dict[str, Any]:
        """The options that concern REST, without those that are unset."""
        values = {name: getattr(self, name) for name in (*OF_REST, "use_binary_protocol")}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def socket_port(self) -> int:
        """The port that dials use."""
        return (self.tls_port or 443) if self.tls else (self.port or 80)

    def _check_credentials(self) -> None:
        if not (
            self.key or self.token or self.token_details or self.auth_callback or self.auth_url
        ):  # RSC1b
            raise AblyError(code=40106, status_code=401, message="there is no way to authenticate")
        if self.key is not None and (self.key.count(":") != 1 or not all(self.key.split(":"))):
            raise AblyError(
                code=40005,
                status_code=400,
                message="the API key is not of the form keyName:secret",
            )


OF_REST = (
    "key",
    "token",
    "token_details",
    "auth_callback",
    "auth_url",
    "auth_method",
    "auth_headers",
    "auth_params",
    "use_token_auth",
    "query_time",
    "default_token_params",
    "client_id",
    "endpoint",
    "port",
    "tls_port",
    "tls",
    "fallback_hosts",
    "idempotent_rest_publishing",
    "add_request_ids",
    "fallback_retry_timeout",
    "http_open_timeout",
    "http_request_timeout",
    "http_max_retry_count",
    "http_max_retry_duration",
)
"""Options that belong to the REST client: refused beside `rest=`, which has its own."""

_TYPES: dict[str, tuple[type, ...]] = {
    "key": (str,),
    "token": (str,),
    "auth_url": (str,),
    "auth_method": (str,),
    "auth_headers": (Mapping,),
    "auth_params": (Mapping,),
    "use_token_auth": (bool,),
    "query_time": (bool,),
    "default_token_params": (Mapping,),
    "client_id": (str,),
    "endpoint": (str,),
    "port": (int,),
    "tls_port": (int,),
    "tls": (bool,),
    "fallback_hosts": (list, tuple),
    "connectivity_check_url": (str,),
    "proxy": (str,),
    "ssl_context": (ssl.SSLContext,),
    "auto_connect": (bool,),
    "use_binary_protocol": (bool,),
    "echo_messages": (bool,),
    "queue_messages": (bool,),
    "max_queued_messages": (int,),
    "recover": (str,),
    "transport_params": (Mapping,),
    "agents": (Mapping,),
    "strict_mode": (bool,),
    "idempotent_rest_publishing": (bool,),
    "add_request_ids": (bool,),
    "realtime_request_timeout": (int, float),
    "disconnected_retry_timeout": (int, float),
    "suspended_retry_timeout": (int, float),
    "channel_retry_timeout": (int, float),
    "fallback_retry_timeout": (int, float),
    "http_open_timeout": (int, float),
    "http_request_timeout": (int, float),
    "http_max_retry_count": (int,),
    "http_max_retry_duration": (int, float),
}


@dataclass(frozen=True, slots=True)
class ChannelOptions:
    """What a channel can be told (TB2).

    Unset is None. `params` are channel parameters such as `{"rewind": "1"}`; `modes` what the
    channel may do, by default everything the capability allows; `attach_on_subscribe=False` stops
    `subscribe` from attaching; `cipher` encrypts payloads: `CipherParams`, or a dict of its fields.
    """

    params: Mapping[str, str] | None = None
    modes: Sequence[ChannelMode] | None = None
    attach_on_subscribe: bool = True
    cipher: Any = None

    def __post_init__(self) -> None:
        if self.params is not None and not isinstance(self.params, Mapping):
            raise bad_option(f"params is a dict, not {type(self.params).__name__}")
        if self.modes is not None:
            object.__setattr__(self, "modes", [_read_mode(mode) for mode in self.modes])
        object.__setattr__(self, "cipher", read_cipher(self.cipher))

    @classmethod
    def with_cipher_key(cls, key: bytes | str) -> Self:
        """Options for a channel encrypted with this key, bytes or base64 (TB3)."""
        return cls(cipher={"key": key})


DEFAULT_OPTIONS = ChannelOptions()
"""The options of every channel that was given none."""


class ChannelFields(TypedDict, total=False):
    """The fields of `ChannelOptions`, as keyword arguments."""

    params: Mapping[str, str] | None
    modes: Sequence[ChannelMode] | None
    attach_on_subscribe: bool
    cipher: Any


@dataclass(frozen=True, slots=True)
class DeriveOptions:
    """How a derived channel selects messages: `filter` is a JMESPath expression (DO2)."""

    filter: str


def read_channel_options(options: Any) -> ChannelOptions:
    """Our ChannelOptions from one of ours, one of the REST SDK's, or a dict of fields."""
    if isinstance(options, ChannelOptions):
        return options
    if isinstance(options, Mapping):
        try:
            return ChannelOptions(**options)
        except TypeError as error:
            raise bad_option(f"these are not channel options: {error}") from None
    if hasattr(options, "params") and hasattr(options, "cipher"):
        modes = getattr(options, "modes", None) or None
        return ChannelOptions(params=options.params, modes=modes, cipher=options.cipher)
    raise bad_option(f"channel options are ChannelOptions or a dict, not {type(options).__name__}")


def _read_mode(mode: object) -> ChannelMode:
    """One of our modes, from one of ours or one of the REST SDK's."""
    if isinstance(mode, Enum) and mode.name in ChannelMode.__members__:
        return ChannelMode[mode.name]
    raise bad_option(f"modes are of ChannelMode; {mode!r} is not")


_INSTEAD = {
    "environment": "Name the environment by endpoint=.",
    "realtime_host": "Name the host by endpoint=.",
    "rest_host": "Name the host by endpoint=.",
    "loop": "Leave it out: the client belongs to the event loop that first uses it.",
    "log_level": "Set the level of the logger: logging.getLogger('ably_realtime').setLevel(…).",
    "key_name": "Give both parts of the key as one: key='keyName:secret'.",
    "key_secret": "Give both parts of the key as one: key='keyName:secret'.",
}
"""Options that `ably` takes and this client does not: what to write instead."""


def _closest(name: str) -> str:
    close = difflib.get_close_matches(name, ClientOptions.__annotations__, n=1)
    return f"Did you mean {close[0]!r}?" if close else "See ClientOptions for what exists."


def check_options(options: Mapping[str, Any]) -> None:
    """Raise `AblyError` for an option that does not exist or has a value of the wrong kind."""
    for name, value in options.items():
        if name not in ClientOptions.__annotations__:
            raise bad_option(f"there is no option {name!r}", _INSTEAD.get(name) or _closest(name))
        if value is None:
            continue
        _check_kind(name, value)
        if name == "fallback_hosts" and not all(isinstance(host, str) for host in value):
            raise bad_option("option 'fallback_hosts' takes host names")
        if (name.endswith(("_timeout", "_duration"))) and not value > 0:
            raise bad_option(f"option {name!r} is a duration, so it must be above 0")
    if options.get("client_id") == "*":  # RSA7c
        raise AblyError(
            code=40012,
            status_code=400,
            message="client_id cannot be '*': that value is reserved",
            hint="Leave client_id out; a token issued for '*' may act for any client.",
        )


def _check_kind(name: str, value: object) -> None:
    expected = _TYPES.get(name)
    if expected and (
        not isinstance(value, expected) or (isinstance(value, bool) and bool not in expected)
    ):
        kinds = " or ".join(kind.__name__ for kind in expected)
        raise bad_option(f"option {name!r} takes {kinds}, not {type(value).__name__}")
    if name == "auth_callback" and not callable(value):
        raise bad_option(f"option {name!r} takes a callable, not {type(value).__name__}")


def bad_option(message: str, hint: str | None = None) -> AblyError:
    """The error for an option or argument that cannot work."""
    return AblyError(code=40000, status_code=400, message=message, hint=hint)


def stringify(value: object) -> str:
    """A query parameter's value: booleans as `true` and `false` (RTC1f)."""
    return str(value).lower() if isinstance(value, bool) else str(value)
