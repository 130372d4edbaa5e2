"""Every way in which credentials can be wrong, over REST and in the query of a socket."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from ably_local import LocalAbly
from ably_local.tokens import TIMESTAMP_WINDOW
from tests.integration.local.raw import ERROR, Api, refusal_of

PATH = "/channels/orders/messages"


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def jwt(
    server: LocalAbly,
    *,
    header: dict[str, Any] | None = None,
    claims: dict[str, Any] | None = None,
    digest: str = "sha256",
) -> str:
    """Return a JWT signed with the key of the server."""
    name, secret = server.key.split(":")
    now = server.clock.now() // 1000
    parts = [
        {"typ": "JWT", "alg": "HS256", "kid": name} | (header or {}),
        {"iat": now, "exp": now + 3600} | (claims or {}),
    ]
    text = ".".join(encode(json.dumps(part).encode()) for part in parts)
    signature = hmac.new(secret.encode(), text.encode(), digest).digest()
    return f"{text}.{encode(signature)}"


async def refused(api: Api, token: str) -> tuple[int, int, str]:
    """Return how a token is refused, which is the same over REST and in the query of a socket."""
    bearer = base64.b64encode(token.encode()).decode()
    answers = [
        refusal_of(await api.http.get(PATH, headers={"Authorization": f"Bearer {bearer}"})),
        refusal_of(await api.http.get(PATH, params={"accessToken": token})),
    ]
    async with api.dial(accessToken=token) as socket:
        error = (await socket.expect(ERROR))["error"]
        await socket.closed()
    message = error["message"].removesuffix(f" (See {error['href']})")
    assert answers == [(error["statusCode"], error["code"], message)] * 2
    return answers[0]


async def test_a_jwt_without_a_signature(api: Api) -> None:
    none = jwt(api.server, header={"alg": "none"})
    for token in (none, none.rpartition(".")[0] + "."):
        status, code, message = await refused(api, token)
        assert (status, code) == (401, 40144)
        assert message.startswith("the JWT could not be verified")


@pytest.mark.parametrize("algorithm", ["NONE", "HS384", "HS512", "RS256", "ES256", "", 5])
async def test_a_jwt_of_another_algorithm(api: Api, algorithm: object) -> None:
    digest = "sha512" if algorithm == "HS512" else "sha384" if algorithm == "HS384" else "sha256"
    token = jwt(api.server, header={"alg": algorithm}, digest=digest)
    status, code, message = await refused(api, token)
    assert (status, code) == (401, 40144)
    assert "the JWT " in message


async def test_a_jwt_that_was_tampered_with(api: Api) -> None:
    header, claims, signature = jwt(api.server).split(".")
    stronger = jwt(api.server, claims={"x-ably-capability": '{"*":["*"]}'}).split(".")[1]
    other = encode(hashlib.sha256(b"guess").digest())
    for token in (
        f"{header}.{stronger}.{signature}",
        f"{header}.{claims}.{other}",
    ):
        assert await refused(api, token) == (401, 40101, "the signature of the JWT is not valid")


@pytest.mark.parametrize(
    ("header", "expected", "says"),
    [
        ({"kid": None}, (401, 40144), "the JWT is malformed"),
        ({"kid": 5}, (401, 40144), "the JWT "),
        ({"kid": "nobody.key"}, (404, 40400), "no application found for key nobody.key"),
        ({"crit": ["b64"], "b64": False}, (401, 40144), "the JWT "),
    ],
)
async def test_a_jwt_whose_header_is_wrong(
    api: Api, header: dict[str, Any], expected: tuple[int, int], says: str
) -> None:
    *found, message = await refused(api, jwt(api.server, header=header))
    assert tuple(found) == expected
    assert says in message


@pytest.mark.parametrize(
    ("claims", "expected", "says"),
    [
        ({"exp": 1}, (401, 40142), "expired at 1000"),
        ({"exp": "soon"}, (401, 40144), "iat and exp are numbers of seconds"),
        ({"exp": None}, (401, 40144), "iat and exp are numbers of seconds"),
        ({"iat": None}, (401, 40144), "iat and exp are numbers of seconds"),
        ({"exp": 10**18}, (401, 40144), "at most 24 hours"),
        ({"x-ably-clientId": 5}, (400, 40012), "x-ably-clientId is a string"),
        ({"x-ably-capability": "{"}, (400, 40000), "not valid JSON"),
        ({"x-ably-capability": "[" * 3_000}, (400, 40000), "the capability is not valid JSON"),
        ({"x-ably-capability": '{"a":["fly"]}'}, (400, 40000), "unknown capability operation"),
        ({"x-ably-capability": 5}, (400, 40001), "x-ably-capability is a string"),
    ],
)
async def test_a_jwt_whose_claims_are_wrong(
    api: Api, claims: dict[str, Any], expected: tuple[int, int], says: str
) -> None:
    *found, message = await refused(api, jwt(api.server, claims=claims))
    assert tuple(found) == expected
    assert says in message


@pytest.mark.parametrize("claims", ["[]", "5", "null", "{", "", '{"exp":NaN,"iat":0}',
                                    '{"iat":0,"exp":1e999}', "\xff"])  # fmt: skip
async def test_a_jwt_whose_claims_are_no_claims(api: Api, claims: str) -> None:
    name, secret = api.server.key.split(":")
    header = encode(json.dumps({"alg": "HS256", "kid": name}).encode())
    text = f"{header}.{encode(claims.encode('latin-1'))}"
    signature = encode(hmac.new(secret.encode(), text.encode(), "sha256").digest())
    status, code, _ = await refused(api, f"{text}.{signature}")
    assert (status, code) == (401, 40144)


async def test_a_token_that_was_forged(api: Api) -> None:
    token = await api.token()
    app_id, _, rest = token.partition(".")
    unknown = (401, 40143, "the token is not recognized")
    assert await refused(api, f"{app_id}.{rest[:-1]}") == unknown
    assert await refused(api, f"{app_id}.{rest.swapcase()}") == unknown
    nobody = (401, 40101, "no application found for the token")
    assert await refused(api, f"nobody.{rest}") == nobody
    assert await refused(api, rest) == nobody


async def test_a_token_whose_time_is_over(api: Api) -> None:
    details = await api.token_details(ttl=1_000)
    api.server.clock.advance(1_000)
    says = f"the token of key {details['keyName']} expired at {details['expires']}"
    assert await refused(api, details["token"]) == (401, 40142, says)


async def test_a_token_of_an_app_that_was_deleted(api: Api) -> None:
    app = (await api.http.post("/apps", json={})).json()
    key = app["keys"][0]["keyStr"]
    token = await api.token(key)
    await api.http.delete(f"/apps/{app['appId']}", headers=api.basic(key))
    says = "no application found for the token"
    assert await refused(api, token) == (401, 40101, says)
    response = await api.http.delete(f"/apps/{app['appId']}", headers=api.basic(key))
    assert refusal_of(response) == (401, 40101, "no application found for the API key")


@pytest.mark.parametrize(
    ("header", "expected", "says"),
    [
        (None, (401, 40101), "the request carries no key and no token"),
        ("", (401, 40101), "the Authorization scheme is Basic or Bearer"),
        ("Digest x", (401, 40101), "the Authorization scheme is Basic or Bearer"),
        ("Basic", (400, 40005), "an API key has the form app.key:secret"),
        ("Basic %", (401, 40101), "not valid base64"),
        ("Basic /w==", (401, 40101), "not valid base64"),
        ("Bearer", (401, 40101), "no application found for the token"),
    ],
)
async def test_a_header_that_authorizes_nobody(
    api: Api, header: str | None, expected: tuple[int, int], says: str
) -> None:
    headers = {} if header is None else {"Authorization": header}
    *found, message = refusal_of(await api.http.get(PATH, headers=headers))
    assert tuple(found) == expected
    assert says in message


# -- token requests


@pytest.mark.parametrize(
    ("offset", "accepted"),
    [
        (TIMESTAMP_WINDOW - 30_000, True),
        (30_000 - TIMESTAMP_WINDOW, True),
        (TIMESTAMP_WINDOW + 30_000, False),
        (-TIMESTAMP_WINDOW - 1, False),
    ],
)
async def test_a_timestamp_within_or_outside_the_window(
    api: Api, offset: int, accepted: bool
) -> None:
    request = api.token_request(timestamp=api.server.clock.now() + offset)
    response = await api.http.post(f"/keys/{request['keyName']}/requestToken", json=request)
    if accepted:
        assert response.status_code == 201
        return
    *found, message = refusal_of(response)
    assert found == [401, 40104]
    assert "too far from the server's time" in message


@pytest.mark.parametrize(
    ("changes", "expected", "says"),
    [
        ({"mac": "forged"}, (401, 40101), "the signature (mac) does not match"),
        ({"mac": None}, (401, 40101), "the signature (mac) does not match"),
        ({"mac": "ä"}, (401, 40101), "the signature (mac) does not match"),
        ({"mac": 5}, (400, 40001), "mac is a string"),
        ({"nonce": "another-nonce-1234"}, (401, 40101), "the signature (mac) does not match"),
        ({"keyName": "other.key"}, (401, 40102), "the keyName is not that of the path"),
        ({"ttl": 1.5}, (400, 40001), "ttl is an integer"),
        ({"timestamp": "now"}, (400, 40001), "timestamp is an integer"),
        ({"capability": {"a": 5}}, (400, 40000), "a capability lists operations"),
    ],
)
async def test_a_token_request_that_was_changed(
    api: Api, changes: dict[str, Any], expected: tuple[int, int], says: str
) -> None:
    request = api.token_request()
    path = f"/keys/{request['keyName']}/requestToken"
    *found, message = refusal_of(await api.http.post(path, json=request | changes))
    assert tuple(found) == expected
    assert says in message


async def test_a_token_request_that_was_used_before(api: Api) -> None:
    request = api.token_request()
    path = f"/keys/{request['keyName']}/requestToken"
    assert (await api.http.post(path, json=request)).status_code == 201
    replayed = await api.http.post(path, json=request)
    assert refusal_of(replayed) == (401, 40105, "the nonce was used before")


async def test_a_key_that_is_not_there(api: Api) -> None:
    app_id = api.server.key.partition(".")[0]
    for name, expected in (
        (f"{app_id}.other", (401, 40400, f"no key found with name {app_id}.other")),
        ("other.key", (404, 40400, "no application found for key other.key")),
        ("a%00%1Fb%C3%BC", (404, 40400, "no application found for key a\x00\x1fb\xfc")),
    ):
        response = await api.http.post(f"/keys/{name}/requestToken", json={})
        assert refusal_of(response) == expected
