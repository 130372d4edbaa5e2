"""Keeps pages of other origins away from what steers the server.

The Ably API is open to every origin, as it is at Ably, because each request carries credentials.
The control API and the console ask for none. So they answer only what no foreign page can send:
requests without an Origin or with the server's own (a page elsewhere), under a name of this machine
(a page whose own name was made to resolve to it).
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .errors import Code, ErrorInfo, refusal
from .rest.call import Call, respond_error
from .service import Service

PREFIXES = ("/control", "/console")

# A navigation may come from anywhere: it shows the page to the user and tells the other nothing.
_FOREIGN_SITES = ("cross-site", "same-site")


class Guard:
    """ASGI middleware that refuses with 40300 what a foreign page could have sent."""

    def __init__(self, app: ASGIApp, service: Service, names: Collection[str]) -> None:
        self._app = app
        self._service = service
        self._names = {"localhost", *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or not _is_guarded(scope["path"]):
            await self._app(scope, receive, send)
            return
        error = self._objection(scope)
        if error is None:
            await self._app(scope, receive, send)
            return
        response: Response = respond_error(Call(Request(scope, receive), self._service), error)
        await response(scope, receive, send)

    def _objection(self, scope: Scope) -> ErrorInfo | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        address = scope.get("server") or ("localhost", 0)
        if _name_of(host) not in self._names | {str(address[0]).lower()}:
            return _forbidden(f"the Host header {host[:100]!r} is no address of this server")
        origin = headers.get("origin")
        if origin is not None and origin.lower() != f"{scope['scheme']}://{host}".lower():
            return _forbidden(f"pages of the origin {origin[:100]!r} may not steer this server")
        foreign = headers.get("sec-fetch-site") in _FOREIGN_SITES
        if foreign and headers.get("sec-fetch-mode") != "navigate":
            return _forbidden("pages of other sites may not steer this server")
        return None


def _is_guarded(path: str) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in PREFIXES)


def _name_of(host: str) -> str:
    """Return a Host header without its port, and without the brackets of an IPv6 address."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _forbidden(message: str) -> ErrorInfo:
    return refusal(Code.FORBIDDEN, message).error
