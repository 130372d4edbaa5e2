"""What goes wrong around clients that share a channel, and how they take it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import Protocol

from ably_realtime.states import ChannelState, ConnectionState
from tests.property.history import VARIANTS
from tests.property.model_server import (
    ATTACH,
    ATTACHED,
    DETACH,
    DETACHED,
    ERROR,
    Connection,
)
from tests.property.network import Peer, Server, Socket, World, turns
from tests.uts.harness.clock import FakeClock

NAME = "orders"


class Fault(Enum):
    """What may happen to everyone; the number says to whom, or how much."""

    FLOW = auto()
    TRICKLE = auto()
    STALL = auto()
    DROP = auto()
    FALL_SILENT = auto()
    FORGET = auto()
    UNREACHABLE = auto()
    REACHABLE = auto()
    LONG_OUTAGE = auto()
    SKIP_AHEAD = auto()
    DETACHED = auto()
    FAILED = auto()
    REATTACH = auto()


FAULTS: dict[Enum, int] = {
    Fault.FLOW: 20,
    Fault.TRICKLE: 20,
    Fault.STALL: 2,
    Fault.DROP: 5,
    Fault.FALL_SILENT: 2,
    Fault.FORGET: 2,
    Fault.UNREACHABLE: 2,
    Fault.REACHABLE: 6,
    Fault.LONG_OUTAGE: 1,
    Fault.SKIP_AHEAD: 2,
    Fault.DETACHED: 2,
    Fault.FAILED: 2,
    Fault.REATTACH: 2,
}


class ChannelServer(Server, Protocol):
    """A server of one channel, with faults of its own."""

    def connection_of(self, socket: Socket | None) -> Connection | None: ...

    def forget(self, connection: Connection) -> None: ...

    def skip_ahead(self, connection: Connection) -> None:
        """Lose what is on its way to an attached client, and say so (RTL12)."""
        ...

    def throw_out(self, connection: Connection, action: int) -> None:
        """Detach or fail the channel of a client that asked for neither (RTL13, RTL14)."""
        ...


class Member(Peer):
    """A client that is attached to the channel."""

    def __init__(self, server: ChannelServer, clock: FakeClock) -> None:
        super().__init__(server, clock)
        self.channel = self.client.channels.get(NAME)
        self.reattaching = False

    async def reattach(self) -> None:
        """Detach and attach: what comes between is not for this application."""
        self.reattaching = True
        try:
            await self.channel.detach()
            self.left()
            await self.channel.attach()
        finally:
            self.reattaching = False

    def left(self) -> None:
        """The application detached the channel itself."""

    @property
    def is_settled(self) -> bool:
        """Whether client and channel work and no request for the channel is under way.

        The protocol cannot tell the answers to two ATTACH frames apart.
        """
        socket = self.socket
        works = (
            self.client.connection.state is ConnectionState.CONNECTED
            and self.channel.state is ChannelState.ATTACHED
        )
        if socket is None or socket.is_dead or self.reattaching or not works:
            return False
        about_channels = {ATTACH, ATTACHED, DETACH, DETACHED, ERROR}
        under_way = [*socket.up, *socket.down]
        return not any(frame["action"] in about_channels for frame in under_way)


class Gathering(World):
    """Clients on one channel of one server, which want to stay there whatever happens."""

    def __init__(self, server: ChannelServer) -> None:
        super().__init__()
        self.channel_server = server
        self.members: Sequence[Member] = []

    async def suffer(self, fault: Fault, variant: int) -> None:
        """Let something go wrong, or right."""
        member = self.members[variant % len(self.members)]
        connection = self.channel_server.connection_of(member.socket)
        match fault:
            case Fault.FLOW:
                await self.flow()
            case Fault.TRICKLE:
                for each in self.members:
                    each.up(variant)
                    each.down(VARIANTS - variant)
                    await turns()
            case Fault.STALL:
                await self.pass_time((1 + variant) * 2_000)
            case Fault.DROP:
                member.drop()
            case Fault.FALL_SILENT:
                member.fall_silent()
            case Fault.FORGET if connection is not None:
                self.channel_server.forget(connection)
                member.drop()
            case Fault.UNREACHABLE:
                member.reachable = False
                member.drop()
            case Fault.REACHABLE:
                for each in self.members:
                    each.reachable = True
            case Fault.LONG_OUTAGE:
                member.reachable = False
                member.drop()
                await self.pass_time(150_000)
            case _ if connection is not None and member.is_settled:
                self._disturb(fault, member, connection)
        await turns()

    def _disturb(self, fault: Fault, member: Member, connection: Connection) -> None:
        match fault:
            case Fault.SKIP_AHEAD:
                self.channel_server.skip_ahead(connection)
            case Fault.DETACHED:
                self.channel_server.throw_out(connection, DETACHED)
            case Fault.FAILED:
                self.channel_server.throw_out(connection, ERROR)
            case Fault.REATTACH:
                self.begin(member.reattach())

    def attach_again(self) -> None:
        """What the applications do when they find their channel detached or failed."""
        for member in self.members:
            hopeless = member.channel.state in (ChannelState.FAILED, ChannelState.DETACHED)
            if hopeless and not member.reattaching:
                self.begin(member.channel.attach())
