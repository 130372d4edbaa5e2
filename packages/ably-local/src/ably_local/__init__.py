"""An Ably-compatible realtime and REST server in pure Python, for offline work and for tests.

The names are imported when they are first used: pytest imports this package at every start, for
`pytest_plugin`, and most runs need nothing else of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import ErrorInfo
    from .faults import Faults
    from .frame_log import Direction, RecordedFrame
    from .limits import Limits
    from .policy import Fault
    from .server import ConnectionView, LocalAbly
    from .storage import StorageError
    from .threaded import ThreadedLocalAbly
    from .views import PresentMember, PublishedMessage

__all__ = [
    "ConnectionView",
    "Direction",
    "ErrorInfo",
    "Fault",
    "Faults",
    "Limits",
    "LocalAbly",
    "PresentMember",
    "PublishedMessage",
    "RecordedFrame",
    "StorageError",
    "ThreadedLocalAbly",
]

_HOMES = {
    "ConnectionView": "server",
    "Direction": "frame_log",
    "ErrorInfo": "errors",
    "Fault": "policy",
    "Faults": "faults",
    "Limits": "limits",
    "LocalAbly": "server",
    "PresentMember": "views",
    "PublishedMessage": "views",
    "RecordedFrame": "frame_log",
    "StorageError": "storage",
    "ThreadedLocalAbly": "threaded",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
