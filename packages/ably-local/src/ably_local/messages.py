"""Messages, presence messages and annotations: reading them off the wire, and writing them.

Inside the server, data is text, bytes or None. The `base64` step of an encoding, which JSON needs
for bytes, is undone on the way in and added on the way out, so that a subscriber gets the same
value whatever format the publisher used.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, NoReturn

from .errors import Code, refusal
from .formats import Format, compact_json, is_json

Data = str | bytes | None


class MessageAction(IntEnum):
    CREATE = 0
    UPDATE = 1
    DELETE = 2
    META = 3
    SUMMARY = 4
    APPEND = 5


class PresenceAction(IntEnum):
    ABSENT = 0
    PRESENT = 1
    ENTER = 2
    LEAVE = 3
    UPDATE = 4


class AnnotationAction(IntEnum):
    CREATE = 0
    DELETE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The data of a message with the encoding steps that are still applied to it."""

    data: Data = None
    encoding: str | None = None

    def to_wire(self, fmt: Format) -> dict[str, object]:
        data, encoding = self.data, self.encoding
        if fmt is Format.JSON and isinstance(data, bytes):
            data = base64.b64encode(data).decode("ascii")
            encoding = f"{encoding}/base64" if encoding else "base64"
        wire: dict[str, object] = {}
        if data is not None:
            wire["data"] = data
        if encoding:
            wire["encoding"] = encoding
        return wire

    @property
    def size(self) -> int:
        """The size that counts against limits (TM6b, TM6c, TM6f)."""
        if isinstance(self.data, str):
            return len(self.data.encode())
        return len(self.data or b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Which version of a message this is, and who made it (TM2s)."""

    serial: str
    timestamp: int
    client_id: str | None = None
    description: str | None = None
    metadata: Mapping[str, str] | None = None

    def to_wire(self) -> dict[str, object]:
        return _without_none(
            serial=self.serial,
            timestamp=self.timestamp,
            clientId=self.client_id,
            description=self.description,
            metadata=self.metadata,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message; the fields from `connection_id` on are the server's to fill in."""

    id: str | None = None
    name: str | None = None
    payload: Payload = Payload()
    client_id: str | None = None
    extras: Mapping[str, Any] | None = None
    action: MessageAction = MessageAction.CREATE
    serial: str | None = None
    connection_key: str | None = None
    operation: Mapping[str, Any] | None = None
    connection_id: str | None = None
    timestamp: int | None = None
    version: Version | None = None
    summary: Mapping[str, Any] | None = None

    @classmethod
    def from_wire(cls, body: object) -> Message:
        fields = _Fields(body, "message")
        return cls(
            id=fields.text("id"),
            name=fields.text("name", Code.INVALID_MESSAGE_NAME),
            payload=fields.payload(),
            client_id=fields.text("clientId", Code.INVALID_CLIENT_ID),
            extras=fields.extras(),
            action=MessageAction(fields.choice("action", MessageAction, MessageAction.CREATE)),
            serial=fields.text("serial"),
            connection_key=fields.text("connectionKey"),
            operation=fields.operation(),
        )

    def by(self, client_id: str | None) -> Message:
        """Return the message as that of a client."""
        return self if client_id == self.client_id else replace(self, client_id=client_id)

    def accepted(
        self, message_id: str, connection_id: str | None, timestamp: int, serial: str
    ) -> Message:
        """Return the message as it is published: what a client says of itself and no more."""
        return Message(
            id=message_id,
            name=self.name,
            payload=self.payload,
            client_id=self.client_id,
            extras=self.extras,
            serial=serial,
            connection_id=connection_id,
            timestamp=timestamp,
            version=Version(serial=serial, timestamp=timestamp),
        )

    def to_wire(self, fmt: Format) -> dict[str, object]:
        wire = _without_none(
            id=self.id,
            name=self.name,
            clientId=self.client_id,
            connectionId=self.connection_id,
            timestamp=self.timestamp,
            extras=self.extras,
            serial=self.serial,
        )
        wire.update(self.payload.to_wire(fmt))
        wire["action"] = int(self.action)
        if self.version is not None:
            wire["version"] = self.version.to_wire()
        if self.summary:
            wire["annotations"] = {"summary": self.summary}
        return wire

    @property
    def size(self) -> int:
        """The size that counts against the maximum message size (TM6)."""
        return (
            len((self.name or "").encode())
            + len((self.client_id or "").encode())
            + _extras_size(self.extras)
            + self.payload.size
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceMessage:
    """A change to the presence set, or one member of it."""

    action: PresenceAction
    id: str | None = None
    client_id: str | None = None
    payload: Payload = Payload()
    extras: Mapping[str, Any] | None = None
    connection_id: str | None = None
    timestamp: int | None = None

    @classmethod
    def from_wire(cls, body: object) -> PresenceMessage:
        fields = _Fields(body, "presence message")
        return cls(
            action=PresenceAction(fields.choice("action", PresenceAction, PresenceAction.ENTER)),
            id=fields.text("id"),
            client_id=fields.text("clientId", Code.INVALID_CLIENT_ID),
            payload=fields.payload(),
            extras=fields.extras(),
        )

    def to_wire(self, fmt: Format) -> dict[str, object]:
        wire = _without_none(
            id=self.id,
            clientId=self.client_id,
            connectionId=self.connection_id,
            timestamp=self.timestamp,
            extras=self.extras,
        )
        wire.update(self.payload.to_wire(fmt))
        wire["action"] = int(self.action)
        return wire

    def acting(self, action: PresenceAction) -> PresenceMessage:
        return replace(self, action=action)

    @property
    def size(self) -> int:
        """The size that counts against the maximum message size (TP5)."""
        client_id = len((self.client_id or "").encode())
        return client_id + _extras_size(self.extras) + self.payload.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A remark that a client attaches to a message."""

    type: str
    action: AnnotationAction = AnnotationAction.CREATE
    id: str | None = None
    name: str | None = None
    count: int | None = None
    client_id: str | None = None
    payload: Payload = Payload()
    extras: Mapping[str, Any] | None = None
    message_serial: str | None = None
    serial: str | None = None
    connection_id: str | None = None
    timestamp: int | None = None

    @classmethod
    def from_wire(cls, body: object) -> Annotation:
        fields = _Fields(body, "annotation")
        kind = fields.text("type")
        if not kind:
            raise refusal(Code.INVALID_REQUEST_BODY, "an annotation needs a type")
        return cls(
            type=kind,
            action=AnnotationAction(
                fields.choice("action", AnnotationAction, AnnotationAction.CREATE)
            ),
            id=fields.text("id"),
            name=fields.text("name"),
            count=fields.count(),
            client_id=fields.text("clientId", Code.INVALID_CLIENT_ID),
            payload=fields.payload(),
            extras=fields.extras(),
            message_serial=fields.text("messageSerial"),
        )

    def to_wire(self, fmt: Format) -> dict[str, object]:
        wire = _without_none(
            id=self.id,
            type=self.type,
            name=self.name,
            count=self.count,
            clientId=self.client_id,
            connectionId=self.connection_id,
            timestamp=self.timestamp,
            extras=self.extras,
            messageSerial=self.message_serial,
            serial=self.serial,
        )
        wire.update(self.payload.to_wire(fmt))
        wire["action"] = int(self.action)
        return wire

    @property
    def size(self) -> int:
        """The size that counts against the maximum message size (RSAN1a4)."""
        texts = (self.name or "") + self.type + (self.client_id or "")
        return len(texts.encode()) + _extras_size(self.extras) + self.payload.size


def _without_none(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


def _is_flat(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(one, (str, int, float)) or one is None for one in value.values()
    )


def _extras_size(extras: Mapping[str, Any] | None) -> int:
    return len(compact_json(extras).encode()) if extras else 0


class _Fields:
    """Checked access to the fields of a decoded body; a wrong type is refused by name."""

    def __init__(self, body: object, kind: str) -> None:
        if not isinstance(body, dict):
            raise refusal(Code.INVALID_REQUEST_BODY, f"a {kind} is an object")
        self._body: dict[str, Any] = body
        self._kind = kind

    def _refuse(
        self, field: str, expected: str, code: Code = Code.INVALID_REQUEST_BODY
    ) -> NoReturn:
        raise refusal(code, f"the {field} of a {self._kind} is {expected}")

    def text(self, field: str, code: Code = Code.INVALID_REQUEST_BODY) -> str | None:
        value: Any = self._body.get(field)
        if value is not None and not isinstance(value, str):
            self._refuse(field, "a string", code)
        return value

    def count(self) -> int | None:
        value = self._body.get("count")
        if value is not None and (type(value) is not int or value < 0):
            self._refuse("count", "a non-negative integer")
        return value

    def choice(self, field: str, choices: type[IntEnum], default: IntEnum) -> int:
        value = self._body.get(field)
        if value is None:
            return default
        if type(value) is not int or value not in choices.__members__.values():
            self._refuse(field, f"one of {[int(choice) for choice in choices]}")
        return int(value)

    def extras(self) -> Mapping[str, Any] | None:
        value = self._body.get("extras")
        if value is None:
            return None
        if not isinstance(value, dict):
            self._refuse("extras", "an object", Code.INVALID_MESSAGE_EXTRAS)
        headers = value.get("headers")
        if headers is not None and not _is_flat(headers):
            self._refuse(
                "extras.headers",
                "an object of strings, numbers, booleans and nulls",
                Code.INVALID_MESSAGE_EXTRAS,
            )
        return self._json_safe("extras", value, Code.INVALID_MESSAGE_EXTRAS)

    def operation(self) -> Mapping[str, Any] | None:
        """The description of an update, delete or append, sent as `version` (RSL15b7)."""
        value = self._body.get("version")
        if value is None:
            return None
        if not isinstance(value, dict):
            self._refuse("version", "an object")
        return self._json_safe("version", value, Code.INVALID_REQUEST_BODY)

    def _json_safe(self, field: str, value: dict[str, Any], code: Code) -> dict[str, Any]:
        if not is_json(value):
            self._refuse(field, "made of JSON values only", code)
        return value

    def payload(self) -> Payload:
        data, encoding = self._body.get("data"), self.text("encoding") or None
        if isinstance(data, str) and encoding and encoding.split("/")[-1] == "base64":
            return Payload(
                data=self._from_base64(data), encoding=encoding.rpartition("/")[0] or None
            )
        if data is None or isinstance(data, (str, bytes)):
            return Payload(data=data, encoding=encoding)
        if not isinstance(data, (dict, list)):
            self._refuse(
                "data", "a string, bytes, an object or an array", Code.INVALID_DATA_OR_ENCODING
            )
        try:
            text = compact_json(data)
        except (TypeError, ValueError, RecursionError):
            self._refuse("data", "made of JSON values only", Code.INVALID_DATA_OR_ENCODING)
        return Payload(data=text, encoding=f"{encoding}/json" if encoding else "json")

    def _from_base64(self, text: str) -> bytes:
        try:
            return base64.b64decode("".join(text.split()), validate=True)
        except ValueError:
            self._refuse("data", "not valid base64", Code.INVALID_DATA_OR_ENCODING)
