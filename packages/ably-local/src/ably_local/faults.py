"""Making the server misbehave on purpose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .channel_names import ChannelName
from .errors import Code, ErrorInfo, refusal
from .frames import RawEnvelope
from .grants import Grant
from .policy import (
    SERVER_ERROR,
    DelayAcks,
    DelayFrames,
    DelayRequests,
    FailRequests,
    Fault,
    Nack,
    RefuseConnections,
    Stall,
    WithholdAcks,
)
from .tokens import ended

if TYPE_CHECKING:
    from .channel import Channel
    from .connection import Connection
    from .service import Service

DISCONNECTED = refusal(
    Code.CONNECTION_DISCONNECTED, "the server disconnects on purpose", status=503
).error


class Faults:
    """Faults to cause, for a moment or until further notice.

    What lasts is returned as a `Fault`: `lift()` or the end of a `with` block sets it right,
    `reset()` everything. `times` makes it strike so often and then end by itself; `connection_id`
    and `channel` limit it to one connection or channel. Bad limits raise ValueError.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._policy = service.policy

    def lift_by(self, call: Callable[[Callable[[], None]], object]) -> None:
        """Let every `Fault` be lifted through `call`, which gets onto the server's thread."""
        self._policy.call = call

    @property
    def active(self) -> list[Fault]:
        """The faults in force, oldest first."""
        return list(self._policy)

    def reset(self) -> None:
        """Set everything right. What was held back goes on at once."""
        self._policy.reset()

    def refuse_connections(self, *, times: int | None = None) -> Fault:
        """Reject WebSockets with HTTP 403."""
        return self._policy.add(RefuseConnections(times=times))

    def stall(
        self, connection_id: str | None = None, *, reading: bool = True, writing: bool = True
    ) -> Fault:
        """Keep sockets open but stop reading, writing or both; pings are not answered either.

        Without a connection id it is all sockets, also those opened later. Frames wait until the
        stall is lifted, and are lost if the socket is closed before.
        """
        return self._policy.add(
            Stall(connection_id=connection_id, reading=reading, writing=writing)
        )

    def delay_frames(
        self,
        milliseconds: int,
        *,
        connection_id: str | None = None,
        channel: str | None = None,
        times: int | None = None,
    ) -> Fault:
        """Send frames later by the server's clock, in order on each channel."""
        return self._policy.add(
            DelayFrames(
                milliseconds=milliseconds,
                connection_id=connection_id,
                channel=channel,
                times=times,
            )
        )

    def delay_acks(
        self,
        milliseconds: int,
        *,
        connection_id: str | None = None,
        channel: str | None = None,
        times: int | None = None,
    ) -> Fault:
        """Carry out what is published at once, but send ACK or NACK later."""
        return self._policy.add(
            DelayAcks(
                milliseconds=milliseconds,
                connection_id=connection_id,
                channel=channel,
                times=times,
            )
        )

    def delay_requests(
        self, milliseconds: int, *, channel: str | None = None, times: int | None = None
    ) -> Fault:
        """Carry REST requests out at once, but answer them later."""
        return self._policy.add(
            DelayRequests(milliseconds=milliseconds, channel=channel, times=times)
        )

    def withhold_acks(
        self,
        *,
        connection_id: str | None = None,
        channel: str | None = None,
        times: int | None = None,
    ) -> Fault:
        """Carry out what is published without answering.

        A client that resumes and sends it again is answered then (RTN19a2).
        """
        return self._policy.add(
            WithholdAcks(connection_id=connection_id, channel=channel, times=times)
        )

    def nack(
        self,
        error: ErrorInfo = SERVER_ERROR,
        *,
        connection_id: str | None = None,
        channel: str | None = None,
        times: int | None = None,
    ) -> Fault:
        """Refuse to carry out what is published over sockets, with a NACK that carries `error`."""
        return self._policy.add(
            Nack(error=error, connection_id=connection_id, channel=channel, times=times)
        )

    def fail_requests(
        self,
        error: ErrorInfo = SERVER_ERROR,
        *,
        channel: str | None = None,
        times: int | None = None,
    ) -> Fault:
        """Answer REST requests with `error` instead of carrying them out."""
        return self._policy.add(FailRequests(error=error, channel=channel, times=times))

    def drop_connections(self, connection_id: str | None = None) -> None:
        """Close sockets without a word, those of all connections or of one. They can resume."""
        for connection in self._connections(connection_id):
            connection.drop()

    def forget_connections(self, connection_id: str | None = None) -> None:
        """Close sockets without a word and forget the connections, so that resuming fails."""
        for connection in self._connections(connection_id):
            connection.end()

    def disconnect(self, error: ErrorInfo = DISCONNECTED, connection_id: str | None = None) -> None:
        """Send DISCONNECTED with `error` and close the sockets. They can resume."""
        for connection in self._connections(connection_id):
            connection.disconnect(error)

    def break_continuity(self, channel: str | None = None) -> None:
        """Forget what happened on a channel or on all, so that no attach to it can be RESUMED.

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

    def expire_tokens(self, *, key_name: str | None = None, client_id: str | None = None) -> None:
        """Let tokens expire now: all that were used so far, or those of one key or client.

        Connections made with them are disconnected with 40142, and can resume with new ones.
        """
        self._end_tokens(Code.TOKEN_EXPIRED, _covering(key_name, client_id))

    def revoke_tokens(self, *, key_name: str | None = None, client_id: str | None = None) -> None:
        """Revoke tokens: all that were used so far, or those of one key or client.

        Connections made with them are disconnected with 40141, and can resume with new ones.
        """
        self._end_tokens(Code.TOKEN_REVOKED, _covering(key_name, client_id))

    def _end_tokens(self, code: Code, covers: Callable[[Grant], bool]) -> None:
        for app in self._service.apps:
            app.tokens.end(covers, code)
        for connection in self._connections(None):
            if covers(connection.grant):
                connection.disconnect(ended(connection.grant, code).error)

    def _connections(self, connection_id: str | None) -> list[Connection]:
        return [
            connection
            for connection in self._service.realtime
            if connection_id in (None, connection.id)
        ]

    def _channels(self, name: str | None) -> list[Channel]:
        if name is None:
            return [channel for app in self._service.apps for channel in app.channels]
        base = ChannelName.parse(name).base
        found = (app.channels.find(base) for app in self._service.apps)
        return [channel for channel in found if channel is not None]


def _covering(key_name: str | None, client_id: str | None) -> Callable[[Grant], bool]:
    """Return what says whether a grant is that of a token of this key and client."""

    def covers(grant: Grant) -> bool:
        return (
            not grant.is_key
            and key_name in (None, grant.key_name)
            and client_id in (None, grant.client_id)
        )

    return covers
