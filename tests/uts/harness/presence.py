"""Presence as a server sees it: frames, and handlers that answer as one with members does."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from ably_realtime import AblyRealtime, PresenceAction, PresenceMessage

from .clients import ClientFactory
from .clock import FakeClock
from .frames import Action, Frame, ack, attached
from .handlers import reply
from .messages import connect, number_of
from .websocket import MessageHandler, MockConnection, MockWebSocket

# Flags of ATTACHED (TR3)
HAS_PRESENCE = 1 << 0
PRESENCE_MODE = 1 << 16


class Wire(IntEnum):
    """PresenceMessage actions (TP2)."""

    ABSENT = 0
    PRESENT = 1
    ENTER = 2
    LEAVE = 3
    UPDATE = 4


def member(
    client_id: str,
    connection_id: str,
    action: int = Wire.PRESENT,
    *,
    serial: int = 0,
    index: int = 0,
    timestamp: int = 100,
    data: Any = None,
) -> Frame:
    """A presence message; `serial` and `index` are the rest of its id."""
    fields = {} if data is None else {"data": data}
    return {
        "action": action,
        "clientId": client_id,
        "connectionId": connection_id,
        "id": f"{connection_id}:{serial}:{index}",
        "timestamp": timestamp,
        **fields,
    }


def presence(channel: str, *members: Frame, **extra: Any) -> Frame:
    return {"action": Action.PRESENCE, "channel": channel, "presence": list(members), **extra}


def sync(channel: str, *members: Frame, cursor: str = "", sequence: str = "seq1") -> Frame:
    """SYNC; without a cursor it is the last of its sequence (RTP18b)."""
    return {
        "action": Action.SYNC,
        "channel": channel,
        "channelSerial": f"{sequence}:{cursor}",
        "presence": list(members),
    }


def presence_message(
    action: PresenceAction,
    client_id: str,
    message_id: str,
    timestamp: int,
    data: Any = None,
    *,
    connection_id: str | None = None,
) -> PresenceMessage:
    """A presence message as the client's maps take it.

    Its connection is the one in its id, unless another is given: then it is a synthesized one.
    """
    return PresenceMessage(
        action=action,
        client_id=client_id,
        connection_id=connection_id or message_id.split(":")[0],
        id=message_id,
        timestamp=timestamp,
        data=data,
    )


# Message handlers of a server

acknowledges_presence = reply(Action.PRESENCE, lambda frame: ack(frame["msgSerial"]))

attaches_with_presence = reply(
    Action.ATTACH, lambda frame: attached(frame["channel"], flags=HAS_PRESENCE)
)


def answer_attaches(*answers: Sequence[Frame]) -> MessageHandler:
    """A handler that answers each ATTACH with the next of these; the last answers all later."""
    remaining = itertools.chain(answers, itertools.repeat(answers[-1]))

    def handle(frame: Frame, connection: MockConnection) -> None:
        if frame["action"] == Action.ATTACH:
            for answer in next(remaining):
                connection.send_to_client(answer)

    return handle


def attaches_with(channel: str, *members: Frame) -> MessageHandler:
    """A handler that attaches a channel and sends these members in one SYNC."""
    return answer_attaches([attached(channel, flags=HAS_PRESENCE), sync(channel, *members)])


class Echoes:
    """A handler that acknowledges presence and echoes it to its sender, as the service does.

    `client_id` is the sender's, for presence messages that name none; `connection_ids` are those
    of its connections, in turn.
    """

    def __init__(self, client_id: str, *connection_ids: str) -> None:
        self._client_id = client_id
        self._connection_ids = connection_ids

    def __call__(self, frame: Frame, connection: MockConnection) -> None:
        if frame["action"] != Action.PRESENCE:
            return
        connection_id = self._connection_ids[number_of(connection) - 1]
        serial = frame["msgSerial"]
        connection.send_to_client(ack(serial))
        for index, sent in enumerate(frame["presence"]):
            echo = member(
                sent.get("clientId") or self._client_id,
                connection_id,
                sent["action"],
                serial=serial,
                index=index,
                timestamp=int(FakeClock.running().time()),
                data=sent.get("data"),
            )
            connection.send_to_client(presence(frame["channel"], echo, connectionId=connection_id))


# What a test does with a client


async def connect_as_anyone(
    create_client: ClientFactory, server: MockWebSocket, **options: Any
) -> AblyRealtime:
    """A CONNECTED client that may act for any client_id, which only a token allows (RSA7c).

    The server has to say so too: `connected(clientId="*")`.
    """
    return await connect(create_client, server, token="token-for-anyone", **options)
