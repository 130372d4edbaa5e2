"""The Ably realtime client for Python."""

from .annotations import Annotations
from .channel import Channel
from .channels import Channels
from .client import AblyRealtime
from .connection import Connection
from .crypto import CipherParams, generate_random_key
from .errors import AblyError
from .messages import (
    Annotation,
    AnnotationAction,
    Message,
    MessageAction,
    MessageAnnotations,
    MessageFilter,
    MessageOperation,
    MessageVersion,
    PublishResult,
    UpdateDeleteResult,
)
from .options import ChannelOptions, ClientOptions, DeriveOptions, Options
from .presence import Presence
from .presence_messages import PresenceAction, PresenceMessage
from .states import (
    ChannelEvent,
    ChannelMode,
    ChannelProperties,
    ChannelState,
    ChannelStateChange,
    ConnectionEvent,
    ConnectionState,
    ConnectionStateChange,
)
from .streams import Stream
from .subscription import Subscription
from .version import __version__

__all__ = [
    "AblyError",
    "AblyRealtime",
    "Annotation",
    "AnnotationAction",
    "Annotations",
    "Channel",
    "ChannelEvent",
    "ChannelMode",
    "ChannelOptions",
    "ChannelProperties",
    "ChannelState",
    "ChannelStateChange",
    "Channels",
    "CipherParams",
    "ClientOptions",
    "Connection",
    "ConnectionEvent",
    "ConnectionState",
    "ConnectionStateChange",
    "DeriveOptions",
    "Message",
    "MessageAction",
    "MessageAnnotations",
    "MessageFilter",
    "MessageOperation",
    "MessageVersion",
    "Options",
    "Presence",
    "PresenceAction",
    "PresenceMessage",
    "PublishResult",
    "Stream",
    "Subscription",
    "UpdateDeleteResult",
    "__version__",
    "generate_random_key",
]
