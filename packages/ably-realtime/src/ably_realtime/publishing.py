"""From what an application publishes to what a frame carries (RTL6i, RSL4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgpack

from ._wire.cipher import Cipher, CipherUnavailable
from ._wire.payload import UnsupportedPayload, encode_payload
from ._wire.size import payload_size
from .errors import AblyError
from .messages import Annotation, Message, MessageAction, MessageVersion
from .options import stringify
from .presence_messages import PresenceMessage

Item = TypeVar("Item", Message, PresenceMessage, Annotation)

_TEXT_FIELDS = ("name", "client_id", "id", "connection_key", "encoding", "serial", "type")


@dataclass(slots=True)
class Packer:
    """Checks and encodes what one channel publishes; one is made for each publish.

    `binary` is the wire format, `max_size` the bytes that one frame may have, `client_id` who the
    client is, as far as it knows.
    """

    binary: bool
    max_size: int
    client_id: str | None
    cipher: Cipher | None

    def messages(self, args: tuple[Any, ...], fields: Mapping[str, Any]) -> list[Message]:
        """The messages that a `publish` call names, packed.

        A name with a payload, which is what most calls have, leaves nothing else to check. ASCII
        text is sent as it is, and has as many bytes as characters.
        """
        match args:
            case (str() | None as name, data) if not fields:
                message = Message(name, data)
                if (
                    self.cipher is None
                    and isinstance(data, str)
                    and data.isascii()
                    and (name is None or name.isascii())
                ):
                    self._check_size(len(data) + len(name or ""))
                else:
                    self._check_size(self._encode(message))
                return [message]
        return self.pack(read_messages(args, fields))

    def pack(self, items: list[Item]) -> list[Item]:
        """Encode the payloads of `items`, in place, and return them.

        Raises `AblyError` for anything that cannot be sent.
        """
        if not items:
            raise bad_argument("there is nothing to publish")
        size = 0
        for item in items:
            self._check(item)
            size += self._encode(item)
        self._check_size(size)
        return items

    def _encode(self, item: Message | PresenceMessage | Annotation) -> int:
        """Encode the payload of an item; returns the size that counts for it."""
        try:
            size = self._size(item)
            item.data, item.encoding = encode_payload(
                item.data, item.encoding, binary=self.binary, cipher=self.cipher
            )
        except (UnsupportedPayload, TypeError, ValueError, RecursionError) as error:
            raise AblyError(code=40013, status_code=400, message=str(error), cause=error) from error
        except CipherUnavailable as error:
            raise AblyError(code=40000, status_code=400, message=str(error), cause=error) from error
        return size

    def _check_size(self, size: int) -> None:
        """TM6, TO3l8."""
        if size > self.max_size:
            raise AblyError(
                code=40009,
                status_code=400,
                message=f"this has {size} bytes; the connection takes {self.max_size} at once",
            )

    def _size(self, item: Message | PresenceMessage | Annotation) -> int:
        if item.extras is not None and self.binary:
            try:
                msgpack.packb(item.extras)
            except (OverflowError, TypeError, ValueError) as error:
                raise UnsupportedPayload(f"the extras cannot be encoded: {error}") from error
        return payload_size(item)

    def _check(self, item: Message | PresenceMessage | Annotation) -> None:
        for field in _TEXT_FIELDS:
            value = getattr(item, field, None)
            if value is not None and not isinstance(value, str):
                raise bad_argument(f"{field} is text, not {type(value).__name__}")
        if item.extras is not None and not isinstance(item.extras, Mapping):
            raise bad_argument(f"extras is a dict, not {type(item.extras).__name__}")
        if isinstance(item, Message):
            self._check_message(item)

    def _check_message(self, message: Message) -> None:
        if message.action is not None and not isinstance(message.action, MessageAction):
            raise bad_argument(f"action is a MessageAction, not {message.action!r}")
        if message.version is not None and not isinstance(message.version, MessageVersion):
            raise bad_argument("version is a MessageVersion")
        if message.client_id == "*":
            raise _foreign("'*' is not the client_id of anyone")
        own = self.client_id
        if message.client_id is not None and own not in (None, "*", message.client_id):  # RTL6g3
            raise _foreign(f"this client is {own!r} and cannot publish as {message.client_id!r}")


def read_messages(args: tuple[Any, ...], fields: Mapping[str, Any]) -> list[Message]:
    """The messages that a `publish` call names, in any of its forms (RTL6i).

    They are nobody else's: what the caller does to its own later changes nothing that was sent.
    """
    match args:
        case () if fields:
            return [_from_fields(fields)]
        case (str() | None as name,):
            return [_from_fields({"name": name, **fields})]
        case (str() | None as name, data):
            return [_from_fields({"name": name, "data": data, **fields})]
        case (_,) if fields:
            raise bad_argument(f"fields beside a message have no meaning: {', '.join(fields)}")
        case (list() | tuple() as messages,):
            return [read_message(message) for message in messages]
        case (message,):
            return [read_message(message)]
    raise bad_argument("publish takes a name and data, a message, a dict, or a list of messages")


def read_message(message: Any) -> Message:
    """A Message of its own from one of ours, one of the REST SDK's, or a dict of fields."""
    if isinstance(message, Message):
        return replace(message)
    if isinstance(message, Mapping):
        return _from_fields(message)
    if not hasattr(message, "data") or not hasattr(message, "name"):
        raise bad_argument(f"a message is a Message or a dict, not {type(message).__name__}")
    action = getattr(message, "action", None)
    return Message(
        name=message.name,
        data=message.data,
        client_id=getattr(message, "client_id", None),
        id=getattr(message, "id", None),
        connection_key=getattr(message, "connection_key", None),
        encoding=getattr(message, "encoding", None) or None,
        extras=getattr(message, "extras", None),
        serial=getattr(message, "serial", None),
        action=None if action is None else MessageAction(int(action)),
    )


def stringified(params: Mapping[str, Any] | None) -> dict[str, str] | None:
    """The parameters that go along with a publish, as text (RTL6k)."""
    if params is None:
        return None
    if not isinstance(params, Mapping):
        raise bad_argument(f"params is a dict, not {type(params).__name__}")
    return {name: stringify(value) for name, value in params.items()}


def bad_argument(message: str) -> AblyError:
    """The error for an argument that makes no sense."""
    return AblyError(code=40000, status_code=400, message=message)


def _from_fields(fields: Mapping[str, Any]) -> Message:
    try:
        return Message(**fields)
    except TypeError as error:
        raise bad_argument(f"this is not a message: {error}") from None


def _foreign(message: str) -> AblyError:
    return AblyError(code=40012, status_code=400, message=message)
