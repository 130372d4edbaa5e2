"""The control API: what the server holds, what goes wrong on it, and its clock.

It asks for no credentials; `guard` keeps pages of other origins away from it. No fault concerns it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..actor import Actor
from ..apps import App
from ..capability import ANY, Capability
from ..channel import Channel
from ..channel_names import ChannelName
from ..connection import Connection
from ..errors import Code, refusal
from ..faults import DISCONNECTED, Faults
from ..feed import Origin
from ..formats import Format
from ..frame_log import Direction
from ..frames import Action
from ..grants import ANY_CLIENT, Grant
from ..messages import Message
from ..publishing import publish
from . import events
from .call import Answer, Call, Handler, carry_out
from .fault_json import fault_from, fault_to_wire
from .fields import Fields

DEFAULT_LIMIT = 100
MAX_LIMIT = 5_000
MESSAGES_SHOWN = 10
MAX_ADVANCE = 366 * 24 * 60 * 60 * 1000


def control(handler: Handler) -> Callable[[Request], Any]:
    """Make a route's endpoint of a handler, one that never fails or waits on purpose."""

    async def serve(request: Request) -> Response:
        response = await carry_out(Call(request, request.app.state.service), handler)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return serve


async def list_apps(call: Call) -> Answer:
    """Return the apps and the names of their keys."""
    return Answer([{"appId": app.id, "keyNames": list(app.keys)} for app in call.service.apps])


async def list_connections(call: Call) -> Answer:
    """Return the connections that are open or can be resumed."""
    return Answer([connection.describe() for connection in call.service.realtime])


async def drop(call: Call) -> Answer:
    """Close sockets without a word."""
    await _body(call)
    return _done(call, lambda faults, chosen: faults.drop_connections(chosen))


async def forget(call: Call) -> Answer:
    """Close sockets without a word and forget the connections."""
    await _body(call)
    return _done(call, lambda faults, chosen: faults.forget_connections(chosen))


async def disconnect(call: Call) -> Answer:
    """Send DISCONNECTED and close the sockets."""
    error = (await _body(call, "error")).error("error", DISCONNECTED)
    return _done(call, lambda faults, chosen: faults.disconnect(error, chosen))


async def stall(call: Call) -> Answer:
    """Stop reading from sockets, writing to them, or both; return the fault to lift."""
    body = await _body(call, "reading", "writing")
    chosen = _connection_id(call)
    sides = {side: body.boolean(side) is not False for side in ("reading", "writing")}
    if not any(sides.values()):
        raise refusal(Code.INVALID_PARAMETER_VALUE, "one of reading and writing is true")
    return Answer(fault_to_wire(Faults(call.service).stall(chosen, **sides)), 201)


async def list_channels(call: Call) -> Answer:
    """Return the channels in use, ordered by name, with members and latest messages."""
    limit = _number(call, "limit", DEFAULT_LIMIT, MAX_LIMIT)
    messages = _number(call, "messages", MESSAGES_SHOWN, MAX_LIMIT, least=0)
    prefix = call.params.get("prefix", "")
    apps = [_app(call)] if "app" in call.params else list(call.service.apps)
    found = sorted(
        ((channel.name, app.id, channel) for app in apps for channel in app.channels),
        key=lambda entry: entry[:2],
    )
    shown = (entry for entry in found if entry[0].startswith(prefix))
    return Answer(
        [_channel_to_wire(app, channel, messages) for _, app, channel in islice(shown, limit)]
    )


async def publish_message(call: Call) -> Answer:
    """Publish as an anonymous client that may do everything."""
    app = _app(call)
    name = ChannelName.parse(call.path("channel")).base
    message = Message.from_wire(await call.body())
    grant = Grant(app.id, "control", Capability({"[*]*": frozenset({ANY})}), ANY_CLIENT)
    actor = Actor(grant, ANY_CLIENT, app.limits, app.stats, "rest")
    serials = publish(app, app.channels.get(name), [message], actor, Origin.rest())
    return Answer({"channel": name, "serials": list(serials)}, 201)


async def break_continuity(call: Call) -> Answer:
    """Make sure that no attach to a channel, or to any, can be RESUMED."""
    await _body(call)
    channel = call.path("channel") if call.has_path("channel") else None
    Faults(call.service).break_continuity(channel)
    return Answer(None, 204)


async def list_frames(call: Call) -> Answer:
    """Return the latest recorded frames that match, oldest first."""
    limit = _number(call, "limit", DEFAULT_LIMIT, MAX_LIMIT)
    action = _action(call.params.get("action"))
    direction = call.params.get("direction")
    if direction is not None and direction not in tuple(Direction):
        raise refusal(Code.INVALID_PARAMETER_VALUE, "direction is received or sent")
    connection_id, channel = call.params.get("connection"), call.params.get("channel")
    matching = [
        recorded
        for recorded in call.service.log.frames()
        if connection_id in (None, recorded.connection_id)
        and direction in (None, recorded.direction)
        and action in (None, recorded.frame.get("action"))
        and channel in (None, recorded.frame.get("channel"))
    ]
    return Answer([recorded.to_wire() for recorded in matching[-limit:]])


async def clear_frames(call: Call) -> Answer:
    """Forget the recorded frames."""
    call.service.log.clear()
    return Answer(None, 204)


async def inject_frame(call: Call) -> Answer:
    """Send a frame as it stands to one connection, to those attached to a channel, or to all."""
    body = await _body(call, "frame", "connectionId", "channel")
    frame = body.value("frame")
    if not isinstance(frame, dict):
        raise refusal(Code.INVALID_PARAMETER_VALUE, "frame is an object")
    connection_id = body.text("connectionId")
    if connection_id is not None:
        _require_connection(call, connection_id)
    Faults(call.service).inject(frame, connection_id=connection_id, channel=body.text("channel"))
    return Answer(None, 204)


async def list_faults(call: Call) -> Answer:
    """Return the faults in force, oldest first."""
    return Answer([fault_to_wire(fault) for fault in call.service.policy])


async def set_fault(call: Call) -> Answer:
    """Put a fault in force and return it with its id."""
    fault = fault_from(Fields(await call.body()))
    if fault.connection_id is not None:
        _require_connection(call, fault.connection_id)
    return Answer(fault_to_wire(call.service.policy.add(fault)), 201)


async def lift_fault(call: Call) -> Answer:
    """Set one fault right."""
    fault = call.service.policy.find(call.path("fault"))
    if fault is None:
        raise refusal(Code.NOT_FOUND, f"no fault {call.path('fault')[:100]!r} is in force")
    fault.lift()
    return Answer(None, 204)


async def reset(call: Call) -> Answer:
    """Set every fault right."""
    call.service.policy.reset()
    return Answer(None, 204)


async def get_clock(call: Call) -> Answer:
    """Return the server's time in milliseconds since the epoch."""
    return Answer({"now": call.service.clock.now()})


async def advance_clock(call: Call) -> Answer:
    """Move the server's time forward, and fire what falls due."""
    body = await _body(call, "advance")
    body.require("advance")
    milliseconds = body.integer("advance", least=0) or 0
    if milliseconds > MAX_ADVANCE:
        raise refusal(
            Code.INVALID_PARAMETER_VALUE, f"advance is at most {MAX_ADVANCE} milliseconds"
        )
    call.service.clock.advance(milliseconds)
    return Answer({"now": call.service.clock.now()})


async def expire_tokens(call: Call) -> Answer:
    """Let tokens expire now."""
    body = await _body(call, "keyName", "clientId")
    Faults(call.service).expire_tokens(
        key_name=body.text("keyName"), client_id=body.text("clientId")
    )
    return Answer(None, 204)


async def revoke_tokens(call: Call) -> Answer:
    """Revoke tokens now."""
    body = await _body(call, "keyName", "clientId")
    Faults(call.service).revoke_tokens(
        key_name=body.text("keyName"), client_id=body.text("clientId")
    )
    return Answer(None, 204)


async def _body(call: Call, *names: str) -> Fields:
    """Read a body that may be empty and has no other fields than these."""
    body = Fields({} if call.has_no_body else await call.body())
    body.only(*names)
    return body


def _connection_id(call: Call) -> str | None:
    """Return the connection in the path, or None where all are meant."""
    if not call.has_path("connection"):
        return None
    chosen = call.path("connection")
    _require_connection(call, chosen)
    return chosen


def _require_connection(call: Call, connection_id: str) -> None:
    if all(connection.id != connection_id for connection in call.service.realtime):
        raise refusal(Code.NOT_FOUND, f"there is no connection {connection_id[:100]!r}")


def _done(call: Call, act: Callable[[Faults, str | None], None]) -> Answer:
    """Do something to one connection or to all, and say to which."""
    chosen = _connection_id(call)
    concerned: list[Connection] = [
        connection for connection in call.service.realtime if chosen in (None, connection.id)
    ]
    act(Faults(call.service), chosen)
    return Answer({"connectionIds": [connection.id for connection in concerned]})


def _app(call: Call) -> App:
    """Return the app that the query names, or the first one."""
    name = call.params.get("app")
    if name is None:
        first = next(iter(call.service.apps), None)
        if first is None:
            raise refusal(Code.NOT_FOUND, "there is no application")
        return first
    found = call.service.apps.find(name)
    if found is None:
        raise refusal(Code.NOT_FOUND, f"there is no application {name[:100]!r}")
    return found


def _number(call: Call, name: str, default: int, most: int, *, least: int = 1) -> int:
    text = call.params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        raise refusal(
            Code.INVALID_PARAMETER_VALUE, f"{name} is an integer between {least} and {most}"
        )
    return int(text)


def _action(text: str | None) -> int | None:
    """Read the action of a frame, given by name or number."""
    if text is None:
        return None
    if text.isascii() and text.isdecimal() and len(text) < 5:
        return int(text)
    try:
        return int(Action[text.upper()])
    except KeyError:
        raise refusal(
            Code.INVALID_PARAMETER_VALUE, "action is the name or number of a frame's action"
        ) from None


def _channel_to_wire(app_id: str, channel: Channel, messages: int) -> dict[str, object]:
    latest = channel.messages.history.latest(messages)
    return {
        "appId": app_id,
        "name": channel.name,
        "attached": len(channel.feed),
        "members": [member.to_wire(Format.JSON) for member in channel.presence.members()],
        "messages": [message.to_wire(Format.JSON) for message in latest],
    }


_CONNECTIONS = "/control/connections"
_CHANNEL = "/control/channels/{channel}"

routes: list[BaseRoute] = [
    Route("/control/apps", control(list_apps), methods=["GET"]),
    Route(_CONNECTIONS, control(list_connections), methods=["GET"]),
    *(
        Route(f"{_CONNECTIONS}{which}/{act.__name__}", control(act), methods=["POST"])
        for act in (drop, forget, disconnect, stall)
        for which in ("", "/{connection}")
    ),
    Route("/control/channels", control(list_channels), methods=["GET"]),
    Route("/control/channels/break-continuity", control(break_continuity), methods=["POST"]),
    Route(_CHANNEL + "/break-continuity", control(break_continuity), methods=["POST"]),
    Route(_CHANNEL + "/messages", control(publish_message), methods=["POST"]),
    Route("/control/frames", control(list_frames), methods=["GET"]),
    Route("/control/frames", control(inject_frame), methods=["POST"]),
    Route("/control/frames", control(clear_frames), methods=["DELETE"]),
    Route("/control/faults", control(list_faults), methods=["GET"]),
    Route("/control/faults", control(set_fault), methods=["POST"]),
    Route("/control/faults", control(reset), methods=["DELETE"]),
    Route("/control/faults/{fault}", control(lift_fault), methods=["DELETE"]),
    Route("/control/clock", control(get_clock), methods=["GET"]),
    Route("/control/clock", control(advance_clock), methods=["POST"]),
    Route("/control/tokens/expire", control(expire_tokens), methods=["POST"]),
    Route("/control/tokens/revoke", control(revoke_tokens), methods=["POST"]),
    *events.routes,
]
