"""The Ably realtime client for Python."""

from .channel import Channel, Subscription
from .channels import Channels
from .client import AblyRealtime
from .connection import Connection
from .errors import AblyError
from .messages import (
    Message,
    MessageAction,
    MessageAnnotations,
    MessageVersion,
    PublishResult,
)
from .options import ChannelOptions, ClientOptions
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
from .version import __version__

__all__ = [
    "AblyError",
    "AblyRealtime",
    "Channel",
    "ChannelEvent",
    "ChannelMode",
    "ChannelOptions",
    "ChannelProperties",
    "ChannelState",
    "ChannelStateChange",
    "Channels",
    "ClientOptions",
    "Connection",
    "ConnectionEvent",
    "ConnectionState",
    "ConnectionStateChange",
    "Message",
    "MessageAction",
    "MessageAnnotations",
    "MessageVersion",
    "PublishResult",
    "Subscription",
    "__version__",
]
