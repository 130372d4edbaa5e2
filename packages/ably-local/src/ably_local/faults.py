"""Making the server misbehave on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from .errors import ErrorInfo
from .frames import RawEnvelope

if TYPE_CHECKING:
    from .channel import Channel
    from .connection import Connection
    from .service import Service


@dataclass(slots=True)
class Policy:
    """What goes wrong until it is set right again."""

    refuse_connections: bool = False
    withhold_acks: bool = False
    nack_with: ErrorInfo | None = None
    fail_requests_with: ErrorInfo | None = None

    def clear(self) -> None:
        """Set everything right again."""
        for field in fields(self):
            setattr(self, field.name, field.default)


class Faults:
    """Faults to cause, for a moment or until further notice.

    The attributes of `policy` last: `refuse_connections` rejects WebSockets with HTTP 403;
    `withhold_acks` carries frames out without answering them; `nack_with` refuses to carry them
    out; `fail_requests_with` answers every REST request with an error.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self.policy = service.policy

    def drop_connections(self, connection_id: str | None = None) -> None:
        """Close sockets without a word, those of all connections or of one. They can resume."""
        for connection in self._connections(connection_id):
            connection.drop()

    def forget_connections(self, connection_id: str | None = None) -> None:
        """Close sockets without a word and forget the connections, so that resuming fails."""
        for connection in self._connections(connection_id):
            connection.end()

    def disconnect(self, error: ErrorInfo, connection_id: str | None = None) -> None:
        """Send DISCONNECTED with `error` and close the sockets. They can resume."""
        for connection in self._connections(connection_id):
            connection.disconnect(error)

    def break_continuity(self, channel: str) -> None:
        """Forget what happened on a channel, so that no attach to it can be RESUMED.

        Clients that are attached are told by an ATTACHED without RESUMED (RTL12).
        """
        for found in self._channels(channel):
            found.break_continuity()

    def inject(
        self,
        frame: Mapping[str, Any],
        *,
        connection_id: str | None = None,
        channel: str | None = None,
    ) -> None:
        """Send a frame as it stands, right or wrong.

        It goes to one connection, to every connection attached to a channel (whose name is filled
        in), or to all.
        """
        if channel is None:
            for connection in self._connections(connection_id):
                connection.send_envelope(RawEnvelope(dict(frame)))
            return
        for found in self._channels(channel):
            for attachment in found.feed:
                if connection_id in (None, attachment.connection_id):
                    attachment.tell_raw(frame)

    def _connections(self, connection_id: str | None) -> list[Connection]:
        return [
            connection
            for connection in self._service.realtime
            if connection_id in (None, connection.id)
        ]

    def _channels(self, name: str) -> list[Channel]:
        found = (app.channels.find(name) for app in self._service.apps)
        return [channel for channel in found if channel is not None]
