"""A web application that passes what happens on a channel on to any number of pages.

The client connects once, with the application, and each page is fed by server-sent events, which
every browser has built in: no key and no library goes to the page. A page that is slow loses the
oldest of what waits for it, and one that comes late is told the latest of each at once.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from ably_realtime import AblyError, AblyRealtime, Channel, Message

PAGE = Path(__file__).with_name("index.html")
METRICS = {"orders": 40.0, "latency": 120.0, "visitors": 900.0}


def make_app(options: dict[str, Any]) -> Starlette:
    """The application, with a client of these options from its start to its end."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AblyRealtime(**options) as client:
            app.state.client = client
            app.state.channel = channel = client.channels.get("dashboard")
            app.state.latest = latest = dict[str, str]()

            def remember(message: Message) -> None:
                latest[str(message.name)] = as_event(message)

            await channel.subscribe(remember)
            measuring = asyncio.create_task(measure(channel))
            yield
            measuring.cancel()
            await asyncio.wait([measuring])

    return Starlette(routes=[Route("/", page), Route("/events", events)], lifespan=lifespan)


async def measure(channel: Channel) -> None:
    """Publish made-up figures; anything that can publish may take its place."""
    values = dict(METRICS)
    with suppress(AblyError):  # the client was closed
        while True:
            for name, value in values.items():
                values[name] = value * random.uniform(0.95, 1.05)  # noqa: S311 - no secret
                await channel.publish(name, {"value": round(values[name], 1)})
            await asyncio.sleep(0.25)


async def page(request: Request) -> Response:
    """The dashboard itself."""
    return FileResponse(PAGE)


async def events(request: Request) -> Response:
    """What happens on the channel, for one page, until it goes away."""
    state = request.app.state

    async def feed() -> AsyncIterator[str]:
        async with state.channel.messages(max_pending=100, overflow="drop_oldest") as stream:
            for event in list(state.latest.values()):
                yield event
            async for message in stream:
                yield as_event(message)

    return StreamingResponse(feed(), media_type="text/event-stream")


def as_event(message: Message) -> str:
    """A message as a server-sent event."""
    fields = {"name": message.name, "at": message.timestamp, **message.data}
    return f"data: {json.dumps(fields)}\n\n"
