"""The errors that the client itself makes: one function each, so that code and status agree."""

from __future__ import annotations

from .._wire.error_info import ErrorInfo
from ..states import ChannelState, ConnectionState

NO_DELTA_DECODER = 40019
CLIENT_ID_MISMATCH = 40102

_CODES = {
    ConnectionState.INITIALIZED: (80000, "not connected yet"),
    ConnectionState.CONNECTING: (80000, "still connecting"),
    ConnectionState.DISCONNECTED: (80003, "disconnected"),
    ConnectionState.SUSPENDED: (80002, "suspended"),
    ConnectionState.CLOSING: (80017, "closing"),
    ConnectionState.CLOSED: (80017, "closed"),
    ConnectionState.FAILED: (80000, "failed"),
}


def connection_unusable(
    state: ConnectionState, operation: str, cause: ErrorInfo | None
) -> ErrorInfo:
    """An operation that this connection state does not allow."""
    code, word = _CODES[state]
    return ErrorInfo(
        code=code, status_code=400, message=f"cannot {operation}: the connection is {word}",
        cause=cause,
    )  # fmt: skip


def attempt_timed_out(host: str, timeout: float) -> ErrorInfo:
    """RTN14c."""
    return ErrorInfo(
        code=80014,
        status_code=408,
        message=f"connection timeout: {host} sent no CONNECTED within {timeout:g} ms",
    )


def idle_too_long(limit: float) -> ErrorInfo:
    """RTN23a."""
    return ErrorInfo(
        code=80003,
        status_code=408,
        message=f"connection timeout: nothing was received for {limit:g} ms",
    )


def suspended(ttl: float, cause: ErrorInfo | None) -> ErrorInfo:
    """RTN14e."""
    return ErrorInfo(
        code=80002,
        status_code=400,
        message=f"the connection has been down for more than {ttl:g} ms",
        cause=cause,
    )


def network_lost() -> ErrorInfo:
    """RTN20a."""
    return ErrorInfo(code=80003, status_code=400, message="the network is no longer available")


def server_closed(why: str) -> ErrorInfo:
    return ErrorInfo(code=80003, status_code=400, message=f"the server ended the connection: {why}")


def ping_timed_out(timeout: float) -> ErrorInfo:
    """RTN13c."""
    return ErrorInfo(
        code=50003,
        status_code=408,
        message=f"ping timeout: the server did not answer within {timeout:g} ms",
    )


def queue_full(limit: int) -> ErrorInfo:
    """What is published while there is no connection is kept, but not without end."""
    return ErrorInfo(
        code=40000,
        status_code=400,
        message=f"the queue takes {limit} messages until the connection is back",
        hint="Wait for the connection, publish less, or raise max_queued_messages.",
    )


def token_not_renewable(cause: ErrorInfo | None) -> ErrorInfo:
    """RSA4a2."""
    return ErrorInfo(
        code=40171,
        status_code=401,
        message="the token was refused and there is no means to renew it",
        href="https://help.ably.io/error/40171",
        cause=cause,
    )


def authentication_failed(cause: ErrorInfo, *, final: bool) -> ErrorInfo:
    """RSA4c, and RSA4d where `final`; a token for somebody else is its own error (RSA15c)."""
    if cause.code == CLIENT_ID_MISMATCH:
        return cause
    return ErrorInfo(
        code=80019,
        status_code=403 if final else 401,
        message=f"no token could be obtained: {cause.message}",
        cause=cause,
    )


def token_timed_out(timeout: float) -> ErrorInfo:
    """RSA4c."""
    return ErrorInfo(
        code=50003,
        status_code=408,
        message=f"timeout: no token was obtained within {timeout:g} ms",
    )


def reauth_not_answered(timeout: float) -> ErrorInfo:
    """The server left an AUTH without an answer."""
    return ErrorInfo(
        code=50003,
        status_code=408,
        message=f"authorize timeout: the server did not answer within {timeout:g} ms",
    )


def client_id_mismatch(expected: str, received: str | None) -> ErrorInfo:
    """RSA15a, RSA15c."""
    return ErrorInfo(
        code=CLIENT_ID_MISMATCH,
        status_code=401,
        message=(
            f"the server confirmed the client_id {received!r}, "
            f"which is not the {expected!r} of the client's options"
        ),
    )


def channel_unusable(name: str, state: ChannelState, operation: str) -> ErrorInfo:
    """An operation that this channel state does not allow."""
    return ErrorInfo(
        code=90001,
        status_code=400,
        message=f"cannot {operation} on channel {name!r}: the channel is {state.value}",
    )


def channel_failed(name: str, state: ChannelState, cause: ErrorInfo | None) -> ErrorInfo:
    """The reason of a change that came without one (RTL4d)."""
    return ErrorInfo(
        code=90000,
        status_code=400,
        message=f"channel {name!r} became {state.value}",
        cause=cause,
    )


def channel_timed_out(name: str, operation: str, timeout: float) -> ErrorInfo:
    """RTL4f, RTL5f."""
    return ErrorInfo(
        code=90007,
        status_code=408,
        message=f"{operation} timeout: no answer for channel {name!r} within {timeout:g} ms",
    )


def superseded(name: str, operation: str, state: ChannelState) -> ErrorInfo:
    """An attach or detach that a later command on the same channel overtook."""
    return ErrorInfo(
        code=90000,
        status_code=409,
        message=f"{operation} of channel {name!r} was overtaken: the channel became {state.value}",
    )


def skipped_by_server(serial: int) -> ErrorInfo:
    """The protocol's implicit NACK."""
    return ErrorInfo(
        code=50000,
        status_code=500,
        message=f"the server acknowledged later messages but not this one (msgSerial {serial})",
    )


def not_accepted(serial: int) -> ErrorInfo:
    """A NACK that gave no error."""
    return ErrorInfo(
        code=50000,
        status_code=500,
        message=f"the server refused the message without a reason (msgSerial {serial})",
    )


def presence_out_of_sync(name: str) -> ErrorInfo:
    """RTP11d."""
    return ErrorInfo(
        code=91005,
        status_code=400,
        message=f"the members of channel {name!r} are out of sync: the channel is suspended",
    )


def reentry_failed(client_id: str | None, cause: ErrorInfo) -> ErrorInfo:
    """RTP17e."""
    return ErrorInfo(
        code=91004,
        status_code=400,
        message=f"client {client_id!r} could not be entered again automatically: {cause.message}",
        cause=cause,
    )


def no_delta_decoder(name: str) -> ErrorInfo:
    """PC3: the server sends deltas because the application asked for them."""
    return ErrorInfo(
        code=NO_DELTA_DECODER,
        status_code=400,
        message=f"channel {name!r} receives deltas, and there is no decoder for them",
    )


def undecodable_delta(name: str, why: str) -> ErrorInfo:
    """RTL18."""
    return ErrorInfo(
        code=40018,
        status_code=400,
        message=f"a delta on channel {name!r} could not be decoded: {why}",
    )
