"""A model of the server's connections: resume, serials, acknowledgements.

It is as simple as can be while keeping the promises that the service makes to a client. What it
serves on channels is up to the tests.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.property.network import Socket, Wire

HEARTBEAT, ACK, NACK, CONNECTED, CLOSE, CLOSED = 0, 1, 2, 4, 7, 8
ATTACH, ATTACHED, DETACH, DETACHED, PRESENCE, MESSAGE, SYNC = 10, 11, 12, 13, 14, 15, 16
ERROR = 9

HAS_PRESENCE, RESUMED = 1 << 0, 1 << 2
ALL_MODES = sum(1 << bit for bit in (16, 17, 18, 19))

MAX_IDLE_INTERVAL = 5_000
"""Milliseconds; a stalled transport is given up before an attach on it is tried again."""

Outcome = list[str] | Wire | None
"""The serials of an accepted frame, the error of a refused one, None for one passed over."""


@dataclass(eq=False)
class Connection:
    """What the server knows of a client, across its transports."""

    id: str
    key: str
    socket: Socket | None = None
    outcomes: list[Outcome] = field(default_factory=list)  # by msgSerial
    gave_up: bool = False  # the client failed what it had sent, and may go on behind it


class ModelServer:
    """Connections, and what is common to all that they send."""

    def __init__(self) -> None:
        self._known: dict[str, Connection] = {}  # by key
        self._by_socket: dict[Socket, Connection] = {}
        self._last_serial: dict[Socket, int] = {}
        self._acks: dict[Socket, list[tuple[int, list[str]]]] = {}
        self._made = 0

    # -- connections

    def opened(self, socket: Socket, resume: str | None) -> None:
        connection = self._known.get(resume or "")
        frame: Wire = {"action": CONNECTED}
        if connection is None:
            self._made += 1
            connection = Connection(f"c{self._made}", f"c{self._made}!key")
            self._known[connection.key] = connection
            if resume is not None:
                frame["error"] = error(80008, 400)
        self.lost(connection)
        connection.socket = socket
        self._by_socket[socket] = connection
        frame["connectionId"] = connection.id
        frame["connectionDetails"] = {
            "connectionKey": connection.key,
            "maxIdleInterval": MAX_IDLE_INTERVAL,
            "connectionStateTtl": 120_000,
        }
        self.say(connection, frame)

    def connection_of(self, socket: Socket | None) -> Connection | None:
        """Whose transport this is."""
        return None if socket is None else self._by_socket.get(socket)

    def forget(self, connection: Connection) -> None:
        """Lose what is known of a connection: resuming it will fail."""
        self._known.pop(connection.key, None)

    def lost(self, connection: Connection) -> None:
        """The transport of a connection is no more."""
        connection.socket = None

    def gave_up(self, socket: Socket) -> None:
        self._by_socket[socket].gave_up = True

    def is_here(self, connection: Connection) -> bool:
        """Whether there is a transport to the client."""
        return connection.socket is not None and connection.socket.is_open

    def say(self, connection: Connection, frame: Wire) -> None:
        if connection.socket is not None and connection.socket.is_open:
            connection.socket.down.append(frame)

    # -- frames

    def received(self, socket: Socket, frame: Wire) -> None:
        connection = self._by_socket[socket]
        match frame["action"]:
            case 15 | 14:
                self._judge(connection, socket, frame)
            case 10:
                self.attach(connection, frame)
            case 12:
                self.detach(connection, frame)
            case 7:
                self.say(connection, {"action": CLOSED})

    def _judge(self, connection: Connection, socket: Socket, frame: Wire) -> None:
        serial = frame["msgSerial"]
        last = self._last_serial.get(socket)
        assert last is None or serial == last + 1, f"serial {serial} after {last}"
        self._last_serial[socket] = serial
        expected = len(connection.outcomes)
        if serial > expected:
            assert connection.gave_up, f"{connection.id}: serial {serial}, {expected} never came"
            connection.outcomes += [None] * (serial - expected)
        connection.gave_up = False
        if serial == len(connection.outcomes):
            connection.outcomes.append(self.accept(connection, frame))
        outcome = connection.outcomes[serial]
        if isinstance(outcome, list):
            self._acks.setdefault(socket, []).append((serial, outcome))
        else:
            self.pause(socket)
            if outcome is not None:
                nack = {"action": NACK, "msgSerial": serial, "count": 1, "error": outcome}
                self.say(connection, nack)

    def pause(self, socket: Socket) -> None:
        """Acknowledge in one frame what came since the last."""
        acks = self._acks.pop(socket, [])
        if acks:
            frame = {
                "action": ACK,
                "msgSerial": acks[0][0],
                "count": len(acks),
                "res": [{"serials": serials} for _, serials in acks],
            }
            self.say(self._by_socket[socket], frame)

    # -- what the tests' servers add

    def accept(self, connection: Connection, frame: Wire) -> Outcome:
        """A MESSAGE or PRESENCE frame that was not seen before."""
        raise NotImplementedError

    def attach(self, connection: Connection, frame: Wire) -> None:
        raise NotImplementedError

    def detach(self, connection: Connection, frame: Wire) -> None:
        raise NotImplementedError


def error(code: int, status: int) -> dict[str, Any]:
    """An error on the wire."""
    return {"code": code, "statusCode": status, "message": f"error {code}"}
