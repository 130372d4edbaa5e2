"""A publish whose body is the data itself, as a webhook that knows nothing of messages sends it."""

from __future__ import annotations

from ..errors import Code, refusal
from ..formats import Format
from ..messages import Message, Payload
from .call import Call


async def unenveloped(call: Call) -> Message:
    """Return the message whose data is the body and whose fields are in headers or the query.

    The body is text, bytes or JSON, as its type says; JSON where it says nothing.
    """
    body = await call.raw_body()
    encoding = _field(call, "x-ably-encoding", "encoding")
    match call.content_type:
        case "text/plain":
            data: str | bytes = _text(body)
        case "application/octet-stream":
            data = body
        case "" | "application/json":
            Format.JSON.decode(body)
            data, encoding = _text(body), encoding or "json"
        case other:
            raise refusal(
                Code.INVALID_REQUEST_HEADER,
                "what is published unenveloped is of type text/plain, application/octet-stream or "
                f"application/json, not {other[:100]}",
            )
    return Message(
        id=_field(call, "x-ably-messageid", "messageId"),
        name=_field(call, "x-ably-name", "name"),
        payload=Payload(data=data, encoding=encoding),
        client_id=call.params.get("clientId"),
        connection_key=_field(call, "x-ably-connectionkey", "connectionKey"),
    )


def _field(call: Call, header: str, parameter: str) -> str | None:
    return call.header(header) or call.params.get(parameter)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise refusal(Code.INVALID_REQUEST_BODY, "the body is not valid UTF-8") from None
