"""What `ably`'s Auth needs of a client, without the client: a way to POST, and the time."""

from __future__ import annotations

import json
from typing import Any

import httpx
from ably.http.http import Response
from ably.types.options import Options as AblyOptions

from ..seams import HttpClient
from . import AblyException


class AuthHost:
    """Stands in for `AblyRest` towards an Auth, so that a token needs no REST client."""

    _is_realtime = False

    def __init__(self, options: AblyOptions, port: int, http: HttpClient, agent: str) -> None:
        self._options = options
        self._port = port
        self._http = http
        self._agent = agent
        self.http = self

    async def post(self, path: str, body: object = None, skip_auth: bool = False) -> Any:
        """POST a token request, at the primary host or, failing that, at a fallback (RSC15)."""
        return await self._request("POST", path, json.dumps(body).encode())

    async def time(self) -> float:
        """The server's clock, in milliseconds since the epoch (RSC16)."""
        answer = await self._request("GET", "/time", None)
        AblyException.raise_for_response(answer)
        return float(answer.to_native()[0])

    async def _request(self, method: str, path: str, content: bytes | None) -> Any:
        *others, last = self._base_urls()
        for base in others:
            try:
                answer = await self._ask(method, base + path, content)
            except Exception:  # noqa: S112  # whatever keeps a host from answering (RSC15l)
                continue
            if not 500 <= answer.status_code <= 504:
                return answer
        return await self._ask(method, last + path, content)

    async def _ask(self, method: str, url: str, content: bytes | None) -> Any:
        headers = {
            "accept": "application/json",
            "content-type": "application/json",
            "x-ably-version": "5",
            "ably-agent": self._agent,
        }
        answer = await self._http.request(method, url, headers=headers, content=content)
        return Response(
            httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body)
        )

    def _base_urls(self) -> list[str]:
        """The host that the connection uses comes first (RTN17e)."""
        scheme = "https" if self._options.tls else "http"
        hosts = sorted(self._options.get_hosts(), key=lambda h: h != self._options.fallback_host)
        return [f"{scheme}://{host}:{self._port}" for host in hosts]
