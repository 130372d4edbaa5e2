"""What `ably`'s Auth needs of a client, without the client: a way to POST, and the time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx
from ably.http.http import Response

from ..seams import HttpClient
from . import AblyException


class AuthHost:
    """Stands in for `AblyRest` towards an Auth, so that a token needs no REST client."""

    _is_realtime = False

    def __init__(self, base_urls: list[str], http: HttpClient, agent: str) -> None:
        self._base_urls = base_urls
        self._http = http
        self._agent = agent
        self.http = self

    async def post(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        skip_auth: bool = False,
    ) -> Any:
        """POST a token request, at the primary host or, failing that, at a fallback (RSC15)."""
        return await self._request("POST", path, headers, json.dumps(body).encode())

    async def time(self) -> float:
        """The server's clock, in milliseconds since the epoch (RSC16)."""
        answer = await self._request("GET", "/time", None, None)
        AblyException.raise_for_response(answer)
        return float(answer.to_native()[0])

    async def _request(
        self, method: str, path: str, headers: Mapping[str, str] | None, content: bytes | None
    ) -> Any:
        sent = {
            "accept": "application/json",
            "content-type": "application/json",
            "x-ably-version": "5",
            "ably-agent": self._agent,
            **(headers or {}),
        }
        last = len(self._base_urls) - 1
        for position, base in enumerate(self._base_urls):
            try:
                answer = await self._http.request(
                    method, base + path, headers=sent, content=content
                )
            except Exception:
                if position == last:
                    raise
                continue
            if position < last and 500 <= answer.status <= 504:
                continue
            return Response(
                httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body)
            )
        raise AssertionError("there is always a host to ask")
