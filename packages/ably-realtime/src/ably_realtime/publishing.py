"""From what an application publishes to what a frame carries (RTL6i, RSL4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ._wire.payload import UnsupportedPayload, encode_payload
from ._wire.size import message_size
from .errors import AblyError
from .messages import Message, MessageAction

_TEXT_FIELDS = ("name", "client_id", "id", "connection_key", "encoding")


def read_arguments(args: tuple[Any, ...], fields: Mapping[str, Any]) -> list[Message]:
    """The messages that a `publish` call names, in any of its forms (RTL6i)."""
    if fields and not args:
        return [_from_fields(fields)]
    match args:
        case (Message() as message,):
            return [message]
        case (Mapping() as one,):
            return [_from_fields(one)]
        case (str() | None as name,):
            return [_from_fields({"name": name, **fields})]
        case (str() | None as name, data):
            return [_from_fields({"name": name, "data": data, **fields})]
        case (messages,) if isinstance(messages, Sequence) and not isinstance(messages, bytes):
            return [_one(message) for message in messages]
    raise _bad("publish takes a name and data, a message, a dict, or a list of messages")


def prepare(
    messages: Sequence[Message], *, binary: bool, max_size: int, client_id: str | None
) -> list[Message]:
    """Check the messages and encode their payloads; the caller's objects stay as they are."""
    if not messages:
        raise _bad("there is no message to publish")
    size = 0
    prepared: list[Message] = []
    for message in messages:
        _check(message, client_id)
        try:
            size += message_size(message)
            data, encoding = encode_payload(message.data, message.encoding, binary=binary)
        except (UnsupportedPayload, TypeError, ValueError, RecursionError) as error:
            raise AblyError(code=40013, status_code=400, message=str(error), cause=error) from error
        prepared.append(replace(message, data=data, encoding=encoding))
    if size > max_size:  # TM6, TO3l8
        raise AblyError(
            code=40009,
            status_code=400,
            message=f"the messages have {size} bytes; this connection takes {max_size} at once",
        )
    return prepared


def _one(message: Any) -> Message:
    if isinstance(message, Message):
        return message
    if isinstance(message, Mapping):
        return _from_fields(message)
    return _from_ably(message)


def _from_fields(fields: Mapping[str, Any]) -> Message:
    try:
        return Message(**fields)
    except TypeError as error:
        raise _bad(f"this is not a message: {error}") from None


def _from_ably(message: Any) -> Message:
    """A message of the REST SDK, read by its attributes."""
    if not hasattr(message, "data") or not hasattr(message, "name"):
        raise _bad(f"a message is a Message or a dict, not {type(message).__name__}")
    action = getattr(message, "action", None)
    return Message(
        name=message.name,
        data=message.data,
        client_id=getattr(message, "client_id", None),
        id=getattr(message, "id", None),
        encoding=getattr(message, "encoding", None) or None,
        extras=getattr(message, "extras", None),
        serial=getattr(message, "serial", None),
        action=MessageAction(int(action)) if action is not None else MessageAction.MESSAGE_CREATE,
    )


def _check(message: Message, client_id: str | None) -> None:
    for field in _TEXT_FIELDS:
        value = getattr(message, field)
        if value is not None and not isinstance(value, str):
            raise _bad(f"the {field} of a message is text, not {type(value).__name__}")
    if message.client_id == "*":
        raise _foreign_client_id("'*' is not the client_id of anyone")
    if (
        message.client_id is not None
        and client_id not in (None, "*")
        and message.client_id != client_id
    ):  # RTL6g3
        raise _foreign_client_id(
            f"this client is {client_id!r} and cannot publish as {message.client_id!r}"
        )


def _foreign_client_id(message: str) -> AblyError:
    return AblyError(code=40012, status_code=400, message=message)


def _bad(message: str) -> AblyError:
    return AblyError(code=40000, status_code=400, message=message)
