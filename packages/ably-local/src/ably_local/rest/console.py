"""The console: a page that shows what the control API tells and has buttons for what it does."""

from __future__ import annotations

from importlib.resources import files
from pathlib import PurePath

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_MEDIA_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}

# Everything comes from this server, and no text can become a script.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def _route(path: str, name: str) -> Route:
    async def serve(_request: Request) -> Response:
        content = files("ably_local").joinpath("console", name).read_bytes()
        media_type = _MEDIA_TYPES[PurePath(name).suffix]
        return Response(content, media_type=media_type, headers=_HEADERS)

    return Route(path, serve, methods=["GET"])


routes: list[Route] = [
    _route("/console", "index.html"),
    _route("/console/", "index.html"),
    *(
        _route(f"/console/{entry.name}", entry.name)
        for entry in files("ably_local").joinpath("console").iterdir()
        if PurePath(entry.name).suffix in _MEDIA_TYPES and entry.name != "index.html"
    ),
]
