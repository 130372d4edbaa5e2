"""The REST API."""

from __future__ import annotations

from starlette.routing import Route

from . import batch, channels, keys, push, sandbox, system

routes: list[Route] = [
    *system.routes,
    *sandbox.routes,
    *keys.routes,
    *channels.routes,
    *batch.routes,
    *push.routes,
]
