"""Everything that can happen to the client: what the driver hands to `Session.handle`.

Nobody changes an input; `Received` and `Publish` are not frozen for the reason given in `effects`.
"""

from __future__ import annotations

from dataclasses import dataclass

from .._wire.error_info import ErrorInfo
from .._wire.frames import Frame
from .._wire.secret import Secret
from .channel_settings import ChannelSettings

# What happens on a transport; `attempt` names the transport, so that a stale one is ignored.


@dataclass(slots=True)
class Received:
    """A frame arrived."""

    attempt: int
    frame: Frame


@dataclass(frozen=True, slots=True)
class Alive:
    """A sign of life that is no frame: a WebSocket ping (RTN23b)."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """The transport could not be opened, or is gone.

    `try_elsewhere` says that another host may do better (RTN17f).
    """

    attempt: int
    error: ErrorInfo
    try_elsewhere: bool = False


# Answers to what the core asked for; `request` is the id it asked with.


@dataclass(frozen=True, slots=True)
class ConnectivityChecked:
    """Whether the internet is there at all (RTN17j)."""

    request: int
    online: bool


@dataclass(frozen=True, slots=True)
class TokenObtained:
    request: int
    token: Secret


@dataclass(frozen=True, slots=True)
class TokenFailed:
    """No token came. `final` says that trying again is pointless (RSA4d, RSA15c)."""

    request: int
    error: ErrorInfo
    final: bool = False


# What the application asks for; `op` names the answer that it waits for.


@dataclass(frozen=True, slots=True)
class Connect:
    pass


@dataclass(frozen=True, slots=True)
class Close:
    pass


@dataclass(frozen=True, slots=True)
class Ping:
    """Measure a round trip. `token` is the random id that the answer must echo (RTN13e)."""

    op: int
    token: str


@dataclass(frozen=True, slots=True)
class Attach:
    op: int
    channel: str


@dataclass(frozen=True, slots=True)
class Detach:
    op: int
    channel: str


@dataclass(frozen=True, slots=True)
class Configure:
    """Set the options of a channel, re-attaching where they change the attachment (RTL16)."""

    op: int
    channel: str
    settings: ChannelSettings


@dataclass(frozen=True, slots=True)
class Release:
    """Detach a channel and forget it (RTS4)."""

    op: int
    channel: str


@dataclass(slots=True)
class Publish:
    """Send a frame that the server acknowledges (RTL6, RTN7)."""

    op: int
    frame: Frame


@dataclass(frozen=True, slots=True)
class ChangePresence:
    """Send a presence frame, now or when the channel is attached (RTP16)."""

    op: int
    frame: Frame


@dataclass(frozen=True, slots=True)
class GetPresence:
    """The members of a channel; `wait` until they are all known (RTP11)."""

    op: int
    channel: str
    client_id: str | None = None
    connection_id: str | None = None
    wait: bool = True


# What happens around the client.


@dataclass(frozen=True, slots=True)
class NetworkLost:
    """The operating system lost its network (RTN20a)."""


@dataclass(frozen=True, slots=True)
class NetworkAvailable:
    """The operating system has a network again (RTN20b, RTN20c)."""


@dataclass(frozen=True, slots=True)
class TokenChanged:
    """A token was obtained elsewhere, by a REST call or another client on the same Auth."""

    token: Secret


@dataclass(frozen=True, slots=True)
class Authorize:
    """The application called `authorize()`; `Authorized` or `AuthorizeFailed` follows (RTC8)."""

    op: int


@dataclass(frozen=True, slots=True)
class Authorized:
    """`authorize()` has its token, which the server has yet to judge."""

    op: int
    token: Secret


@dataclass(frozen=True, slots=True)
class AuthorizeFailed:
    """`authorize()` obtained no token; `final` as in `TokenFailed`."""

    op: int
    error: ErrorInfo
    final: bool = False


@dataclass(frozen=True, slots=True)
class TimersDue:
    """The earliest deadline of the session may have passed."""


Input = (
    Received
    | Alive
    | Dropped
    | ConnectivityChecked
    | TokenObtained
    | TokenFailed
    | Connect
    | Close
    | Ping
    | Attach
    | Detach
    | Configure
    | Release
    | Publish
    | ChangePresence
    | GetPresence
    | NetworkLost
    | NetworkAvailable
    | TokenChanged
    | Authorize
    | Authorized
    | AuthorizeFailed
    | TimersDue
)
