"""An Ably-compatible realtime and REST server in pure Python, for offline work and for tests."""

from .errors import ErrorInfo
from .faults import Faults
from .frame_log import Direction, RecordedFrame
from .limits import Limits
from .server import ConnectionView, LocalAbly

__all__ = [
    "ConnectionView",
    "Direction",
    "ErrorInfo",
    "Faults",
    "Limits",
    "LocalAbly",
    "RecordedFrame",
]
