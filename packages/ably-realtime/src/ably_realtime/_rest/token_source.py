"""Ways to a token that the application gives: `auth_callback` and `auth_url` (RSA4f, RSA8c, RSA8d).

`ably` awaits its callbacks, reads what they return by guesswork and opens an HTTP client for each
auth URL request. Here both become one async callback that checks what it returns.
"""

from __future__ import annotations

import datetime
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ..seams import HttpClient
from . import AblyAuthException, AblyException, TokenDetails, TokenRequest

MAX_TOKEN_SIZE = 128 * 1024

TokenCallback = Callable[[dict[str, Any]], Awaitable[TokenDetails | TokenRequest]]

_WIRE_NAMES = {"client_id": "clientId", "key_name": "keyName"}


class ProviderFailed(AblyAuthException):
    """`auth_callback` or `auth_url` raised something that is no error of Ably's (RSA4e).

    Its `__cause__` is what was raised.
    """

    def __init__(self, provider: str, error: Exception) -> None:
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        super().__init__(f"{provider} failed: {text}", 401, 40170, error)
        self.__cause__ = error

    def __new__(cls, provider: str, error: Exception) -> ProviderFailed:
        """Make one: the base class would look for a status code."""
        return Exception.__new__(cls)


def from_callback(callback: Callable[..., Any]) -> TokenCallback:
    """An async callback from any callable, checking what it returns."""

    async def obtain(token_params: dict[str, Any]) -> TokenDetails | TokenRequest:
        try:
            answer = callback(token_params)
            if inspect.isawaitable(answer):
                answer = await answer
        except AblyException:
            raise
        except Exception as error:
            raise ProviderFailed("auth_callback", error) from error
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

    async def obtain(token_params: dict[str, Any]) -> TokenDetails | TokenRequest:
        values = {**(params or {}), **_to_wire(token_params)}  # RSA8c2
        try:
            if verb == "GET":
                answer = await http.request("GET", _with_query(url, values), headers=headers)
            else:
                form = {"content-type": "application/x-www-form-urlencoded", **(headers or {})}
                content = urlencode(values).encode()
                answer = await http.request("POST", url, headers=form, content=content)
        except Exception as error:
            raise ProviderFailed("auth_url", error) from error
        kind = answer.headers.get("content-type", "").lower()
        if not 200 <= answer.status < 300:
            raise _refusal(answer.status, kind, answer.body)
        if "application/json" in kind:
            try:
                return token_from(json.loads(answer.body))
            except ValueError as error:
                raise ProviderFailed("auth_url", error) from error
        if "text/plain" in kind or "application/jwt" in kind:
            return token_from(answer.body.decode(errors="replace").strip())
        raise _malformed(
            f"auth_url answered with content type {kind!r}; it has to be text/plain, "
            "application/jwt or application/json"
        )

    return obtain


def token_from(answer: Any) -> TokenDetails | TokenRequest:
    """Check what an application returned, and read it (RSA4f, TO3j5)."""
    if type(answer).__module__.startswith("ably.sync."):  # not imported here: it takes its time
        answer = answer.to_dict()
    if isinstance(answer, TokenDetails):
        _check_size(answer.token)
        return answer
    if isinstance(answer, TokenRequest):
        _check_size(json.dumps(answer.to_dict(), default=str))
        return answer
    if isinstance(answer, str):
        _check_size(answer)
        return TokenDetails(token=answer)
    if isinstance(answer, Mapping):
        fields = {_WIRE_NAMES.get(str(name), str(name)): value for name, value in answer.items()}
        _check_size(json.dumps(fields, default=str))
        return _details(fields) if "token" in fields else _request(fields)
    raise _malformed(
        "a token is a string, TokenDetails, TokenRequest or a dict of either; "
        f"this is of type {type(answer).__name__}"
    )


def details_from(answer: object) -> TokenDetails:
    """Read a token that can be used as it is."""
    token = token_from(answer)
    if isinstance(token, TokenRequest):
        raise _malformed("this is a TokenRequest; a token or its details are needed")
    return token


def _details(fields: Mapping[str, Any]) -> TokenDetails:
    _check_size(fields["token"])
    try:
        details: TokenDetails = TokenDetails.from_dict(fields)
    except (AttributeError, TypeError, ValueError) as error:
        raise _malformed("a field of the TokenDetails has the wrong type") from error
    return details


def _request(fields: dict[str, Any]) -> TokenRequest:
    try:
        request: TokenRequest = TokenRequest.from_json(fields)
    except TypeError:
        raise _malformed(
            f"neither TokenDetails nor a TokenRequest has these fields: {', '.join(sorted(fields))}"
        ) from None
    if not isinstance(request.key_name, str) or not request.key_name:
        raise _malformed("the TokenRequest names no key (keyName)")
    return request


def _check_size(token: object) -> None:
    if not isinstance(token, str):
        raise _malformed(f"a token is text, not {type(token).__name__}")
    if not 0 < len(token.encode(errors="replace")) <= MAX_TOKEN_SIZE:
        raise _malformed(f"a token has 1 to {MAX_TOKEN_SIZE} bytes, this one {len(token)}")


def _malformed(message: str) -> AblyException:
    return AblyException(message, 401, 40170)


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
        _WIRE_NAMES.get(name, name): _text(value)
        for name, value in token_params.items()
        if value is not None
    }


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, datetime.timedelta):
        return str(int(value.total_seconds() * 1000))
    return json.dumps(value)


def _with_query(url: str, values: Mapping[str, str]) -> str:
    """RSA8c1c: keep the URL's own parameters, let ours win."""
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **values}
    return urlunsplit(parts._replace(query=urlencode(query)))
