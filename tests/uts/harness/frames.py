"""Protocol messages as a server sends them, as plain maps.

Written from the protocol's description, not from the client: a shared misreading would cancel
itself out.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

Frame = dict[str, Any]


class Action(IntEnum):
    """ProtocolMessage actions (TR2)."""

    HEARTBEAT = 0
    ACK = 1
    NACK = 2
    CONNECT = 3
    CONNECTED = 4
    DISCONNECT = 5
    DISCONNECTED = 6
    CLOSE = 7
    CLOSED = 8
    ERROR = 9
    ATTACH = 10
    ATTACHED = 11
    DETACH = 12
    DETACHED = 13
    PRESENCE = 14
    MESSAGE = 15
    SYNC = 16
    AUTH = 17
    ACTIVATE = 18
    OBJECT = 19
    OBJECT_SYNC = 20
    ANNOTATION = 21


def error_info(code: int, status_code: int, message: str) -> Frame:
    return {"code": code, "statusCode": status_code, "message": message}


def connected(
    connection_id: str = "connection-id",
    connection_key: str = "connection-key",
    *,
    error: Frame | None = None,
    **details: Any,
) -> Frame:
    """CONNECTED; `details` are further connectionDetails, with their wire names."""
    frame: Frame = {
        "action": Action.CONNECTED,
        "connectionId": connection_id,
        "connectionKey": connection_key,
        "connectionDetails": {
            "connectionKey": connection_key,
            "maxIdleInterval": 15_000,
            "connectionStateTtl": 120_000,
            **details,
        },
    }
    if error is not None:
        frame["error"] = error
    return frame


def disconnected(code: int, status_code: int, message: str) -> Frame:
    return {"action": Action.DISCONNECTED, "error": error_info(code, status_code, message)}


def error(code: int, status_code: int, message: str, *, channel: str | None = None) -> Frame:
    """ERROR, of the connection where no channel is named."""
    frame: Frame = {"action": Action.ERROR, "error": error_info(code, status_code, message)}
    if channel is not None:
        frame["channel"] = channel
    return frame


def heartbeat(ping_id: str | None = None) -> Frame:
    frame: Frame = {"action": Action.HEARTBEAT}
    if ping_id is not None:
        frame["id"] = ping_id
    return frame


def closed() -> Frame:
    return {"action": Action.CLOSED}


def auth() -> Frame:
    return {"action": Action.AUTH}


def ack(msg_serial: int, count: int = 1, **extra: Any) -> Frame:
    return {"action": Action.ACK, "msgSerial": msg_serial, "count": count, **extra}


def nack(msg_serial: int, error: Frame, count: int = 1) -> Frame:
    return {"action": Action.NACK, "msgSerial": msg_serial, "count": count, "error": error}


def attached(channel: str, *, flags: int = 0, **extra: Any) -> Frame:
    return {"action": Action.ATTACHED, "channel": channel, "flags": flags, **extra}


def detached(channel: str, error: Frame | None = None) -> Frame:
    frame: Frame = {"action": Action.DETACHED, "channel": channel}
    if error is not None:
        frame["error"] = error
    return frame


def message(channel: str, *messages: Frame, **extra: Any) -> Frame:
    return {"action": Action.MESSAGE, "channel": channel, "messages": list(messages), **extra}
