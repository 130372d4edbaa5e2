"""Messages on channels: published, changed, annotated and read back."""

from __future__ import annotations

from dataclasses import replace

from starlette.routing import Route

from ..annotations import summary_for
from ..capability import ANY
from ..errors import Code, refusal
from ..feed import Origin
from ..grants import ANY_CLIENT
from ..messages import Annotation, Message, MessageAction
from ..paging import Query
from ..publishing import CHANGES, change
from ..publishing import publish as publish_messages
from .call import Answer, Call, endpoint
from .unenveloped import unenveloped


async def publish(call: Call) -> Answer:
    """Publish one message or several (RSL1)."""
    channel = call.channel("publish")
    if call.params.get("enveloped") == "false":
        messages = [await unenveloped(call)]
    else:
        body = await call.body()
        messages = [Message.from_wire(one) for one in (body if isinstance(body, list) else [body])]
    if call.params.get("_forceNack") == "true":
        raise refusal(Code.RESERVED_FOR_TESTING, "the publish is rejected as requested")
    origin = _origin(call, messages)
    serials = publish_messages(call.app, channel, messages, call.actor, origin)
    message_id = messages[0].id or origin.base_id
    return Answer({"channel": channel.name, "messageId": message_id, "serials": list(serials)}, 201)


async def history(call: Call) -> Answer:
    """Return messages published before, newest first unless asked otherwise (RSL2)."""
    page = call.channel("history").messages.history.page(Query.parse(call.params))
    return call.page(page, [message.to_wire(call.format) for message in page.items])


async def get_message(call: Call) -> Answer:
    """Return the latest version of a message (RSL11)."""
    message = call.channel("history").messages.find(call.path("serial"))
    return Answer(message.to_wire(call.format))


async def get_versions(call: Call) -> Answer:
    """Return the versions of a message, oldest first unless asked otherwise (RSL14)."""
    query = Query.parse({"direction": "forwards", **call.params})
    page = call.channel("history").messages.versions(call.path("serial"), query)
    return call.page(page, [message.to_wire(call.format) for message in page.items])


async def change_message(call: Call) -> Answer:
    """Update, delete or append to a message (RSL15)."""
    channel = call.channel(
        "publish",
        "message-update-own",
        "message-update-any",
        "message-delete-own",
        "message-delete-any",
    )
    message = replace(Message.from_wire(await call.body()), serial=call.path("serial"))
    if message.action is MessageAction.CREATE:
        message = replace(message, action=MessageAction.UPDATE)
    if message.action not in CHANGES:
        raise refusal(Code.INVALID_REQUEST_BODY, "a message is updated, deleted or appended to")
    version = change(channel, message, call.actor, Origin.rest())
    return Answer({"channel": channel.name, "serial": message.serial, "versionSerial": version})


async def annotate(call: Call) -> Answer:
    """Publish or delete annotations of a message (RSAN1, RSAN2)."""
    channel = call.channel("annotation-publish")
    body = await call.body()
    annotations = [Annotation.from_wire(i) for i in (body if isinstance(body, list) else [body])]
    checked = call.actor.annotations(annotations, call.path("serial"))
    serials = channel.messages.annotate(checked, Origin.rest())
    return Answer({"channel": channel.name, "serials": list(serials)}, 201)


async def get_annotations(call: Call) -> Answer:
    """Return the annotations of a message, oldest first unless asked otherwise (RSAN3)."""
    query = Query.parse({"direction": "forwards", **call.params})
    channel = call.channel("annotation-subscribe", "history")
    page = channel.messages.annotations(call.path("serial"), query)
    return call.page(page, [annotation.to_wire(call.format) for annotation in page.items])


async def get_client_summary(call: Call) -> Answer:
    """Return what one client has a part in of the summary of a message's annotations."""
    message = call.channel("subscribe", "annotation-subscribe").messages.find(call.path("serial"))
    client_id = call.params.get("forClientId") or call.client_id
    if client_id is None or client_id == ANY_CLIENT:
        raise refusal(Code.INVALID_CLIENT_ID, "forClientId names one client")
    return Answer(summary_for(client_id, message.summary or {}))


async def presence(call: Call) -> Answer:
    """Return the members present (RSP3)."""
    page = call.channel("subscribe", "presence", "presence-subscribe").presence.page(
        Query.parse(call.params),
        client_id=call.params.get("clientId"),
        connection_id=call.params.get("connectionId"),
    )
    return call.page(page, [member.to_wire(call.format) for member in page.items])


async def presence_history(call: Call) -> Answer:
    """Return earlier changes to the presence set, newest first unless asked otherwise (RSP4)."""
    page = call.channel("history").presence.history_page(Query.parse(call.params))
    return call.page(page, [change.to_wire(call.format) for _, change in page.items])


async def status(call: Call) -> Answer:
    """Return the details of a channel (RSL8)."""
    return Answer(call.channel("channel-metadata").status())


async def enumerate_channels(call: Call) -> Answer:
    """Return the active channels: their names or, by value, their details.

    Protocol versions below 3 get the details unless they say otherwise.
    """
    call.grant.require(ANY, "channel-metadata")
    by = call.params.get("by") or ("id" if call.version >= 3 else "value")
    if by not in ("id", "value"):
        raise refusal(Code.INVALID_PARAMETER_VALUE, "by is either id or value")
    page = call.app.channels.page(Query.parse(call.params), call.params.get("prefix", ""))
    return call.page(
        page, [channel.name if by == "id" else channel.status() for channel in page.items]
    )


def _origin(call: Call, messages: list[Message]) -> Origin:
    """Return the origin of a publish, which may be on behalf of a connection (TM2h)."""
    keys = {message.connection_key for message in messages} - {None}
    if not keys:
        return Origin.rest()
    connection = call.service.realtime.find(str(keys.pop()))
    if keys or connection is None or connection.app is not call.app:
        raise refusal(Code.INVALID_CONNECTION_ID, "the connectionKey belongs to no connection")
    return Origin.rest(connection.id)


_CHANNEL = "/channels/{channel}"
_MESSAGE = _CHANNEL + "/messages/{serial}"

routes: list[Route] = [
    Route("/channels", endpoint(enumerate_channels), methods=["GET"]),
    Route(_CHANNEL, endpoint(status), methods=["GET"]),
    Route(_CHANNEL + "/messages", endpoint(publish), methods=["POST"]),
    Route(_CHANNEL + "/messages", endpoint(history), methods=["GET"]),
    Route(_CHANNEL + "/history", endpoint(history), methods=["GET"]),
    Route(_CHANNEL + "/presence", endpoint(presence), methods=["GET"]),
    Route(_CHANNEL + "/presence/history", endpoint(presence_history), methods=["GET"]),
    Route(_MESSAGE, endpoint(get_message), methods=["GET"]),
    Route(_MESSAGE, endpoint(change_message), methods=["PATCH"]),
    Route(_MESSAGE + "/versions", endpoint(get_versions), methods=["GET"]),
    Route(_MESSAGE + "/annotations", endpoint(annotate), methods=["POST"]),
    Route(_MESSAGE + "/annotations", endpoint(get_annotations), methods=["GET"]),
    Route(_MESSAGE + "/client-summary", endpoint(get_client_summary), methods=["GET"]),
]
