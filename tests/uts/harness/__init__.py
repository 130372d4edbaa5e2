"""Mock network and fake time for tests of the client at its public API."""

from . import frames
from .clients import KEY, ClientFactory
from .clock import FakeClock, settle
from .frames import Action, Frame
from .handlers import accept, accept_each, in_turn, refuse, reply
from .http import (
    MockHttpClient,
    PendingHttpConnection,
    PendingRequest,
    TokenServer,
    internet_up,
    no_network,
)
from .tokens import CountingCallback
from .url import Url
from .waiting import assert_in_order, await_state, complete, poll_until, record, states
from .websocket import (
    EventType,
    MockConnection,
    MockEvent,
    MockWebSocket,
    PendingConnection,
)

__all__ = [
    "KEY",
    "Action",
    "ClientFactory",
    "CountingCallback",
    "EventType",
    "FakeClock",
    "Frame",
    "MockConnection",
    "MockEvent",
    "MockHttpClient",
    "MockWebSocket",
    "PendingConnection",
    "PendingHttpConnection",
    "PendingRequest",
    "TokenServer",
    "Url",
    "accept",
    "accept_each",
    "assert_in_order",
    "await_state",
    "complete",
    "frames",
    "in_turn",
    "internet_up",
    "no_network",
    "poll_until",
    "record",
    "refuse",
    "reply",
    "settle",
    "states",
]
