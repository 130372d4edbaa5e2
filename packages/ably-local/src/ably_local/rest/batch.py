"""Several channels in one request, each of which succeeds or fails on its own."""

from __future__ import annotations

from starlette.routing import Route

from ..errors import Code, Refusal, refusal
from ..feed import Origin
from ..messages import Message
from ..publishing import publish
from .call import Answer, Call, endpoint

MAX_CHANNELS = 100


async def batch_publish(call: Call) -> Answer:
    """Publish messages on several channels: one specification, or an array of them (RSC22)."""
    body = await call.body()
    if isinstance(body, list):
        return Answer([_publish(call, specification) for specification in body], 201)
    return Answer(_publish(call, body), 201)


async def batch_presence(call: Call) -> Answer:
    """Return the members of several channels (RSC24)."""
    separator = call.params.get("separator", ",")
    if not separator:
        raise refusal(Code.INVALID_PARAMETER_VALUE, "the separator is at least one character")
    names = [name for name in call.params.get("channels", "").split(separator) if name]
    _check_count(names)
    results: list[dict[str, object]] = []
    for name in names:
        try:
            members = call.named_channel(name, "subscribe", "presence").presence.members()
        except Refusal as refused:
            results.append({"channel": name, "error": refused.error.to_wire()})
        else:
            presence = [member.to_wire(call.format) for member in members]
            results.append({"channel": name, "presence": presence})
    return call.batch(results)


def _publish(call: Call, specification: object) -> object:
    if not isinstance(specification, dict):
        raise refusal(Code.INVALID_REQUEST_BODY, "a batch is described by an object")
    channels, messages = specification.get("channels"), specification.get("messages")
    names = [channels] if isinstance(channels, str) else channels
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise refusal(Code.INVALID_REQUEST_BODY, "channels is an array of channel names")
    _check_count(names)
    items = messages if isinstance(messages, list) else [messages]
    parsed = [Message.from_wire(item) for item in items]
    results: list[dict[str, object]] = []
    for name in names:
        origin = Origin.rest()
        try:
            channel = call.named_channel(name, "publish")
            serials = publish(call.app, channel, parsed, call.actor, origin)
        except Refusal as refused:
            results.append({"channel": name, "error": refused.error.to_wire()})
        else:
            message_id = parsed[0].id or origin.base_id
            results.append({"channel": name, "messageId": message_id, "serials": list(serials)})
    return call.batch_result(results)


def _check_count(names: list[str]) -> None:
    if not 0 < len(names) <= MAX_CHANNELS:
        raise refusal(
            Code.TOO_MANY_CHANNELS,
            f"a batch is for at least one and at most {MAX_CHANNELS} channels",
        )


routes: list[Route] = [
    Route("/messages", endpoint(batch_publish), methods=["POST"]),
    Route("/presence", endpoint(batch_presence), methods=["GET"]),
]
