"""Requests for which there is no route: of an unknown path, or with a method it does not have."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..errors import Code, refusal
from ..service import Service
from .call import Answer, Call, respond, respond_error


def unroutable(request: Request, service: Service) -> Response:
    """Answer with 40400, with 40500 where the path has other methods, or to OPTIONS with those."""
    call = Call(request, service)
    methods = _methods_of(request)
    if not methods:
        return respond_error(
            call, refusal(Code.NOT_FOUND, f"there is no {request.url.path[:200]}").error
        )
    allowed = ", ".join(sorted(methods | {"OPTIONS"}))
    if request.method == "OPTIONS":
        response = respond(call, Answer(None, 204))
    else:
        refused = refusal(
            Code.METHOD_NOT_ALLOWED,
            f"{request.method[:20]} is not possible on {request.url.path[:200]}, but {allowed}",
        )
        response = respond_error(call, refused.error)
    response.headers["Allow"] = allowed
    return response


def _methods_of(request: Request) -> set[str]:
    path = request.scope["path"]
    return {
        method
        for route in request.app.routes
        if isinstance(route, Route) and route.path_regex.match(path)
        for method in route.methods or ()
    }
