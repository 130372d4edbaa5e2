"""Messages, members and annotations as JSON objects, under the names they have on the wire."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Mapping
from typing import Any

from ..messages import Annotation, Message
from ..presence_messages import PresenceMessage


def message_record(channel: str, message: Message) -> dict[str, Any]:
    """A message as it is printed with `--json`."""
    action = None if message.action is None else message.action.name.lower()
    version = message.version
    return _filled(
        timestamp=message.timestamp,
        channel=channel,
        name=message.name,
        **_data(message.data, message.encoding),
        clientId=message.client_id,
        id=message.id,
        connectionId=message.connection_id,
        serial=message.serial,
        action=action,
        version=None if version is None else version.serial,
        extras=message.extras,
        annotations=message.annotations.summary or None,
    )


def presence_record(channel: str, member: PresenceMessage) -> dict[str, Any]:
    """A presence message as it is printed with `--json`."""
    return _filled(
        timestamp=member.timestamp,
        channel=channel,
        action=member.action.name.lower(),
        clientId=member.client_id,
        **_data(member.data, member.encoding),
        connectionId=member.connection_id,
        id=member.id,
        extras=member.extras,
    )


def annotation_record(channel: str, annotation: Annotation) -> dict[str, Any]:
    """An annotation as it is printed with `--json`."""
    return _filled(
        timestamp=annotation.timestamp,
        channel=channel,
        action=annotation.action.name.lower(),
        type=annotation.type,
        name=annotation.name,
        count=annotation.count,
        **_data(annotation.data, annotation.encoding),
        clientId=annotation.client_id,
        messageSerial=annotation.message_serial,
        serial=annotation.serial,
        id=annotation.id,
        extras=annotation.extras,
    )


def clock_time(timestamp: int | None) -> str:
    """The local time of day, to the millisecond."""
    return "" if timestamp is None else f"{_local(timestamp):%H:%M:%S.%f}"[:-3]


def date_time(timestamp: int | None) -> str:
    """The local date and time, to the millisecond."""
    return "" if timestamp is None else f"{_local(timestamp):%Y-%m-%d %H:%M:%S.%f}"[:-3]


def _local(timestamp: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(timestamp / 1000).astimezone()


def _data(data: object, encoding: str | None) -> Mapping[str, Any]:
    """A payload as JSON can hold it: bytes become base64, which the encoding then says."""
    if isinstance(data, (bytes, bytearray)):
        encoded = "base64" if not encoding else f"{encoding}/base64"
        return {"data": base64.b64encode(data).decode(), "encoding": encoded}
    return {"data": data, "encoding": encoding}


def _filled(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
