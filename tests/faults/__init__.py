"""A proxy that causes network faults between a client and a server, on real sockets.

    async with FaultProxy(server.host, server.port) as proxy:
        proxy.on(Action.ACK, Direction.TO_CLIENT, times=1).drop()
        client = AblyRealtime(**proxy.client_options(), ...)
        ...
        proxy.socket.reset()
        assert proxy.upgrades[1].params["resume"]

WebSocket messages are decoded, recorded and matched against rules; HTTP requests pass through.
"""

from tests.uts.harness.frames import Action, Frame

from .proxy import FaultProxy
from .recording import Direction, Fate, Record, Request, Upgrade
from .relay import Relay
from .rules import FrameRule, RequestRule, UpgradeRule

__all__ = [
    "Action",
    "Direction",
    "Fate",
    "FaultProxy",
    "Frame",
    "FrameRule",
    "Record",
    "Relay",
    "Request",
    "RequestRule",
    "Upgrade",
    "UpgradeRule",
]
