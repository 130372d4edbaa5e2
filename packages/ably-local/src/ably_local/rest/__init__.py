"""The REST API."""

from __future__ import annotations

from starlette.routing import Route

from . import batch, channels, keys, push, sandbox, system
from .unroutable import unroutable

__all__ = ["routes", "unroutable"]

routes: list[Route] = [
    *system.routes,
    *sandbox.routes,
    *keys.routes,
    *channels.routes,
    *batch.routes,
    *push.routes,
]
