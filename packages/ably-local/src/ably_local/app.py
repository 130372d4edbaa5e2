"""The ASGI application: REST routes and the WebSocket endpoint over one service."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from . import rest
from .errors import Code, refusal
from .guard import Guard
from .rest.call import Call, respond_error
from .service import Service
from .sockets import serve_socket

EXPOSED_HEADERS = ["Link", "X-Ably-ErrorCode", "X-Ably-ErrorMessage", "X-Ably-ServerId"]


class _RawPath:
    """Routes by the path as it was sent, so that a `%2F` in a channel name separates nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw: bytes | None = scope.get("raw_path")
        if raw is not None:
            scope = {**scope, "path": raw.partition(b"?")[0].decode("latin-1")}
        await self._app(scope, receive, send)


def build(service: Service, host: str) -> Starlette:
    """Assemble the application that serves `service` to those who reach it by the name `host`."""

    async def socket(websocket: WebSocket) -> None:
        await serve_socket(websocket, service)

    async def unroutable(request: Request, _error: Exception) -> Response:
        return rest.unroutable(request, service)

    async def failed(request: Request, _error: Exception) -> Response:
        refused = refusal(Code.INTERNAL_ERROR, "internal error; the server's log has the details")
        return respond_error(Call(request, service), refused.error)

    handlers: dict[Any, Any] = {404: unroutable, 405: unroutable, 500: failed}
    application = Starlette(
        routes=[*rest.routes, WebSocketRoute("/", socket)],
        middleware=[
            Middleware(_RawPath),
            Middleware(Guard, service=service, names=[host]),
            Middleware(
                CORSMiddleware,
                # The JavaScript SDK sends its requests with credentials, to which a browser takes
                # no `*` for an answer. There are no cookies that a page could misuse.
                allow_origin_regex=".*",
                allow_credentials=True,
                allow_methods=["*"],
                allow_headers=["*"],
                expose_headers=EXPOSED_HEADERS,
            ),
        ],
        exception_handlers=handlers,
    )
    application.router.redirect_slashes = False
    application.state.service = service
    return application
