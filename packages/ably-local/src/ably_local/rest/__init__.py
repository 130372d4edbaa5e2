"""The REST API."""

from __future__ import annotations

from starlette.routing import BaseRoute

from . import batch, channels, console, control, keys, push, sandbox, system
from .unroutable import unroutable

__all__ = ["routes", "unroutable"]

routes: list[BaseRoute] = [
    *system.routes,
    *sandbox.routes,
    *keys.routes,
    *channels.routes,
    *batch.routes,
    *push.routes,
    *control.routes,
    *console.routes,
]
