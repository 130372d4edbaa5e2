"""REST requests for the realtime client's own methods, through the REST client it has anyway."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import httpx
from ably.http.paginatedresult import HttpPaginatedResponse, PaginatedResult

from ..errors import AblyError
from ..log import rest as log
from . import AblyException, AblyRest


@contextmanager
def ably_errors() -> Iterator[None]:
    """Raise `AblyError` for whatever a REST request can raise."""
    try:
        yield
    except AblyError:
        raise
    except AblyException as error:
        raise AblyError(
            code=error.code or 50000,
            status_code=error.status_code or 500,
            message=str(error.message),
            cause=error,
        ) from error
    except httpx.TimeoutException as error:
        raise AblyError(
            code=50003, status_code=408, message=f"request timeout: {error}", cause=error
        ) from error
    except httpx.HTTPError as error:
        raise AblyError(
            code=80000, status_code=400, message=f"connection error: {error}", cause=error
        ) from error


async def request(
    rest: AblyRest,
    method: str,
    path: str,
    version: str,
    params: Mapping[str, str] | None,
    body: Any,
    headers: Mapping[str, str] | None,
) -> Any:
    """Any request, with the client's own authentication whatever the headers say (RSC19b)."""
    sent = dict(headers or {})
    for name in [name for name in sent if name.lower() == "authorization"]:
        log.warning("the header %r is ignored: requests use the client's authentication", name)
        del sent[name]
    return await HttpPaginatedResponse.paginated_query(
        _Http(rest.http),
        method,
        f"{path}?{urlencode(params)}" if params else path,
        version=version,
        body=body,
        headers=sent,
        response_processor=_items,
        raise_on_error=False,
    )


async def paginated(
    rest: AblyRest,
    path: str,
    params: Mapping[str, Any],
    read: Callable[[Mapping[str, Any]], Any],
) -> Any:
    """A paginated GET whose items are what `read` makes of each map."""
    query = {name: value for name, value in params.items() if value is not None}
    return await PaginatedResult.paginated_query(
        _Http(rest.http),
        url=f"{path}?{urlencode(query)}" if query else path,
        response_processor=lambda response: [read(item) for item in _items(response)],
    )


class _Http:
    """`ably`'s HTTP layer, for answers without a body: its pagination insists on a type."""

    def __init__(self, http: Any) -> None:
        self._http = http

    async def make_request(self, *args: Any, **kwargs: Any) -> Any:
        response = await self._http.make_request(*args, **kwargs)
        response.headers.setdefault("Content-Type", "")
        return response


def _items(response: Any) -> list[Any]:
    items = response.to_native()
    if not items:
        return []
    return items if isinstance(items, list) else [items]
