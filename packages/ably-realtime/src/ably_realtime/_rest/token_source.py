"""Ways to a token that the application gives: `auth_callback` and `auth_url` (RSA4f, RSA8c, RSA8d).

`ably` awaits its callbacks, reads what they return by guesswork and opens an HTTP client for each
auth URL request. Both are turned into one well-behaved async callback here, and `ably` sees only
that.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ..seams import HttpClient
from . import AblyException, TokenDetails, TokenRequest

MAX_TOKEN_SIZE = 128 * 1024

TokenCallback = Callable[[dict[str, Any]], Awaitable[Any]]

_WIRE_NAMES = {"client_id": "clientId", "key_name": "keyName"}


def from_callback(callback: Callable[..., Any]) -> TokenCallback:
    """An async callback from any callable, checking what it returns."""

    async def obtain(token_params: dict[str, Any]) -> Any:
        answer = callback(token_params)
        if inspect.isawaitable(answer):
            answer = await answer
        return token_from(answer)

    return obtain


def from_url(
    url: str,
    method: str | None,
    headers: Mapping[str, str] | None,
    params: Mapping[str, str] | None,
    http: HttpClient,
) -> TokenCallback:
    """An async callback that asks `url` (RSA8c)."""
    verb = (method or "GET").upper()
    if verb not in ("GET", "POST"):
        raise AblyException(f"auth_method is GET or POST, not {method!r}", 400, 40000)

    async def obtain(token_params: dict[str, Any]) -> Any:
        values = {**(params or {}), **_to_wire(token_params)}
        if verb == "GET":
            answer = await http.request("GET", _with_query(url, values), headers=headers)
        else:
            form = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
            answer = await http.request(
                "POST", url, headers=form, content=urlencode(values).encode()
            )
        kind = answer.headers.get("content-type", "")
        if not 200 <= answer.status < 300:
            raise _refusal(answer.status, kind, answer.body)
        if "application/json" in kind:
            return token_from(json.loads(answer.body))
        if "text/plain" in kind or "application/jwt" in kind:
            return token_from(answer.body.decode())
        raise AblyException(
            f"auth_url answered with content type {kind!r}; it has to be text/plain, "
            "application/jwt or application/json",
            401,
            40170,
        )

    return obtain


def token_from(answer: object) -> object:
    """What `ably` understands, from what an application may return (RSA4f, TO3j5)."""
    if isinstance(answer, TokenDetails | TokenRequest):
        return answer
    if isinstance(answer, str):
        if not answer or len(answer) > MAX_TOKEN_SIZE:
            raise AblyException(
                f"a token has 1 to {MAX_TOKEN_SIZE} characters, this one {len(answer)}", 401, 40170
            )
        return answer
    if isinstance(answer, Mapping):
        if len(json.dumps(dict(answer), default=str)) > MAX_TOKEN_SIZE:
            raise AblyException(f"a token has at most {MAX_TOKEN_SIZE} characters", 401, 40170)
        if "token" in answer:
            return TokenDetails.from_dict(dict(answer))
        return TokenRequest.from_json(dict(answer))
    raise AblyException(
        "a token is a string, TokenDetails, TokenRequest or a dict of either; "
        f"this is of type {type(answer).__name__}",
        401,
        40170,
    )


def _refusal(status: int, kind: str, body: bytes) -> AblyException:
    if "application/json" in kind:
        try:
            error = json.loads(body)["error"]
            return AblyException(str(error["message"]), status, int(error["code"]))
        except (ValueError, KeyError, TypeError):
            pass
    return AblyException(f"auth_url answered with HTTP {status}", status, 40170)


def _to_wire(token_params: Mapping[str, Any]) -> dict[str, str]:
    return {
        _WIRE_NAMES.get(name, name): value if isinstance(value, str) else json.dumps(value)
        for name, value in token_params.items()
        if value is not None
    }


def _with_query(url: str, values: Mapping[str, str]) -> str:
    """RSA8c1c: keep the URL's own parameters, let ours win."""
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **values}
    return urlunsplit(parts._replace(query=urlencode(query)))
