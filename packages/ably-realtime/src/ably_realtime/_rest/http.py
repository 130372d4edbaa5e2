"""HTTP over `httpx`, which every installation of the REST SDK has."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import httpx

from ..seams import HttpClient, HttpResponse
from ..tls import shared_context


class HttpxClient:
    """The default `HttpClient`.

    Its `httpx` client, and the TLS context in it, cost tens of milliseconds: they are made for
    the first request.
    """

    def __init__(self, ssl_context: ssl.SSLContext | None = None) -> None:
        self._ssl_context = ssl_context
        self._client: httpx.AsyncClient | None = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> HttpResponse:
        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=None,  # noqa: S113  # the callers keep the deadlines
                verify=self._ssl_context or shared_context(),
            )
        answer = await self._client.request(method, url, headers=headers, content=content)
        names = {name.lower(): value for name, value in answer.headers.items()}
        return HttpResponse(answer.status_code, names, answer.content)

    async def aclose(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


async def close_http(http: HttpClient) -> None:
    """Close the client's own HTTP client; one that was handed in belongs to whoever made it."""
    if isinstance(http, HttpxClient):
        await http.aclose()
