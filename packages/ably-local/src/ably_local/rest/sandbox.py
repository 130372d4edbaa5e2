"""Apps made and deleted at will, and statistics made up, as test suites of Ably SDKs do.

These endpoints hand API keys out over whatever transport the server uses, so they also take them
over it.
"""

from __future__ import annotations

from starlette.routing import Route

from ..errors import Code, refusal
from .call import Answer, Call, endpoint


async def create_app(call: Call) -> Answer:
    """Create an app from a specification and say where to reach it."""
    app = call.service.apps.create(await call.body())
    host, port = call.host
    location = {"endpoint": host, "port": port, "tls": call.is_secure}
    return Answer(app.to_wire() | location, 201)


async def delete_app(call: Call) -> Answer:
    """Delete the app that the key belongs to."""
    app, _ = call.authenticate(secure=True)
    if app.id != call.path("app"):
        raise refusal(Code.UNAUTHORIZED, "the key belongs to another application")
    call.service.delete_app(app)
    return Answer(None, 204)


async def ingest_stats(call: Call) -> Answer:
    """Add statistics to those of the app."""
    app, _ = call.authenticate(secure=True)
    fixtures = await call.body()
    app.stats.ingest(fixtures)
    return Answer(fixtures, 201)


routes: list[Route] = [
    Route("/apps", endpoint(create_app), methods=["POST"]),
    Route("/apps/{app}", endpoint(delete_app), methods=["DELETE"]),
    Route("/stats", endpoint(ingest_stats), methods=["POST"]),
]
