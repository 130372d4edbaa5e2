"""The Ably realtime client for Python without asyncio: the same, and every call waits."""

from .. import (
    AblyError,
    Annotation,
    AnnotationAction,
    ChannelEvent,
    ChannelMode,
    ChannelOptions,
    ChannelProperties,
    ChannelState,
    ChannelStateChange,
    CipherParams,
    ClientOptions,
    ConnectionEvent,
    ConnectionState,
    ConnectionStateChange,
    DeriveOptions,
    Message,
    MessageAction,
    MessageAnnotations,
    MessageFilter,
    MessageOperation,
    MessageVersion,
    Options,
    PresenceAction,
    PresenceMessage,
    PublishResult,
    UpdateDeleteResult,
    __version__,
    generate_random_key,
)
from .annotations import Annotations
from .channel import Channel
from .channels import Channels
from .client import AblyRealtime
from .connection import Connection
from .presence import Presence
from .streams import Stream
from .subscription import Subscription

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
