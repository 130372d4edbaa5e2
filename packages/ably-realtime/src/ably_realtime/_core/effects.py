"""Everything the core can ask for: what `Session.handle` returns and the driver performs.

Nobody changes an effect. Those that belong to single messages and attachments, `Send`, `Resolve`,
`Deliver` and `ChannelChanged`, are not frozen all the same: a frozen dataclass takes three times as
long to make.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .._wire.error_info import ErrorInfo
from .._wire.frames import Frame
from .._wire.secret import Secret
from ..messages import Annotation, Message
from ..presence_messages import PresenceMessage
from ..states import ChannelEvent, ChannelState, ConnectionEvent, ConnectionState


@dataclass(frozen=True, slots=True)
class OpenTransport:
    """Dial `host`; answer with `Received` or `Dropped` carrying the same attempt."""

    attempt: int
    host: str
    params: Mapping[str, str | Secret] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CloseTransport:
    """Give up a transport, open or opening. Nothing it says from here on counts."""

    attempt: int


@dataclass(slots=True)
class Send:
    """Send a frame on the transport of `attempt`."""

    attempt: int
    frame: Frame


@dataclass(frozen=True, slots=True)
class RequestToken:
    """Obtain a token; answer with `TokenObtained` or `TokenFailed`.

    `refused` is a token that the server does not take or wants replaced: any other will do, the
    one that the shared Auth holds by now included.
    """

    request: int
    refused: Secret | None = None


@dataclass(frozen=True, slots=True)
class CheckConnectivity:
    """Ask the connectivity check URL; answer with `ConnectivityChecked`."""

    request: int


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """Stop working on a token or connectivity request: its answer is no longer wanted."""

    request: int


@dataclass(slots=True)
class Resolve:
    """An operation succeeded."""

    op: int
    value: object = None


@dataclass(frozen=True, slots=True)
class Reject:
    """An operation failed."""

    op: int
    error: ErrorInfo


@dataclass(frozen=True, slots=True)
class Restored:
    """What a new connection takes up again, sent right behind its announcement.

    `resent` and `queued` are frames: those that the server did not acknowledge on the connection
    before, and those that waited for this one. `attaching` are the channels that are attached.
    """

    resumed: bool
    resent: int
    queued: int
    attaching: int


@dataclass(frozen=True, slots=True)
class ConnectionChanged:
    """Tell the listeners of the connection (RTN4). `restored` is there at every new CONNECTED."""

    previous: ConnectionState
    current: ConnectionState
    event: ConnectionEvent
    reason: ErrorInfo | None = None
    retry_in: float | None = None
    restored: Restored | None = None


@dataclass(slots=True)
class ChannelChanged:
    """Tell the listeners of a channel (RTL2)."""

    channel: str
    previous: ChannelState
    current: ChannelState
    event: ChannelEvent
    reason: ErrorInfo | None = None
    resumed: bool = False
    has_backlog: bool = False


@dataclass(slots=True)
class Deliver:
    """Hand decoded messages to the subscribers of a channel, in order."""

    channel: str
    messages: Sequence[Message]


@dataclass(frozen=True, slots=True)
class DeliverPresence:
    """Hand presence messages to the subscribers of a channel, in order."""

    channel: str
    messages: Sequence[PresenceMessage]


@dataclass(frozen=True, slots=True)
class DeliverAnnotations:
    """Hand annotations to the subscribers of a channel, in order."""

    channel: str
    annotations: Sequence[Annotation]


@dataclass(frozen=True, slots=True)
class Discontinuity:
    """Messages may have been missed on a channel that had been attached before."""

    channel: str
    reason: ErrorInfo | None


@dataclass(frozen=True, slots=True)
class Forget:
    """A channel was released: drop what the driver keeps for it (RTS4)."""

    channel: str


@dataclass(frozen=True, slots=True)
class ClientIdConfirmed:
    """The server said who this client is (RTC4a); None means anonymous."""

    client_id: str | None


@dataclass(frozen=True, slots=True)
class HostInUse:
    """REST requests should prefer this host while the connection uses it (RTN17e)."""

    host: str | None


@dataclass(frozen=True, slots=True)
class Warn:
    """Something the application should see in its log; an error counts as one there."""

    message: str
    error: ErrorInfo | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """Something only a debug log should show."""

    message: str


Effect = (
    OpenTransport
    | CloseTransport
    | Send
    | RequestToken
    | CheckConnectivity
    | CancelRequest
    | Resolve
    | Reject
    | ConnectionChanged
    | ChannelChanged
    | Deliver
    | DeliverPresence
    | DeliverAnnotations
    | Discontinuity
    | Forget
    | ClientIdConfirmed
    | HostInUse
    | Warn
    | Trace
)
