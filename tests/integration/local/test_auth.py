from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from ably_local import LocalAbly
from tests.integration.local.raw import CONNECTED, DISCONNECTED, ERROR, Api, error_of

PATH = "/channels/orders/messages"


@pytest.fixture
async def secure() -> AsyncIterator[Api]:
    """A server with TLS, over which keys may be used."""
    async with LocalAbly(tls=True) as server:
        context = ssl.create_default_context(cafile=server.ca_file)
        async with httpx.AsyncClient(base_url=server.url, verify=context) as http:
            yield Api(server, http)


def signed(
    server: LocalAbly, *, key: str | None = None, secret: str | None = None, **claims: Any
) -> str:
    """Return a JWT with the given claims, valid for an hour unless they say otherwise."""
    name, own_secret = (key or server.key).split(":")
    now = server.clock.now() // 1000
    header = {"typ": "JWT", "alg": "HS256", "kid": name}
    parts = [header, {"iat": now, "exp": now + 3600} | claims]
    text = ".".join(url_base64(json.dumps(part).encode()) for part in parts)
    digest = hmac.new((secret or own_secret).encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{url_base64(digest)}"


def url_base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


async def test_a_token_is_issued_for_a_signed_request(api: Api) -> None:
    details = await api.token_details(
        ttl=60_000, clientId="alice", capability='{"orders":["subscribe","publish"]}'
    )
    assert details["keyName"] == api.server.key.partition(":")[0]
    assert details["token"].startswith(details["keyName"].partition(".")[0])
    assert details["expires"] - details["issued"] == 60_000
    assert details["clientId"] == "alice"
    assert json.loads(details["capability"]) == {"orders": ["publish", "subscribe"]}


async def test_by_default_a_token_lasts_an_hour_and_permits_what_the_key_does(api: Api) -> None:
    details = await api.token_details()
    assert details["expires"] - details["issued"] == 3_600_000
    assert details["capability"] == '{"*":["*"]}'
    assert "clientId" not in details


@pytest.mark.parametrize(
    ("held", "requested", "granted"),
    [
        ('{"*":["*"]}', '{"a":["publish"]}', '{"a":["publish"]}'),
        ('{"a:*":["publish","subscribe"]}', '{"a:b":["*"]}', '{"a:b":["publish","subscribe"]}'),
        ('{"a":["publish"],"b":["subscribe"]}', '{"*":["publish"]}', '{"a":["publish"]}'),
    ],
)
async def test_a_token_permits_what_both_the_key_and_the_request_do(
    api: Api, held: str, requested: str, granted: str
) -> None:
    app = (await api.http.post("/apps", json={"keys": [{"capability": held}]})).json()
    key = app["keys"][0]["keyStr"]
    assert (await api.token_details(key, capability=requested))["capability"] == granted


async def test_a_token_that_would_permit_nothing_is_refused(api: Api) -> None:
    specification = {"keys": [{"capability": '{"a":["publish"]}'}]}
    app = (await api.http.post("/apps", json=specification)).json()
    key = app["keys"][0]["keyStr"]
    request = api.token_request(key, capability='{"b":["publish"]}')
    response = await api.http.post(f"/keys/{request['keyName']}/requestToken", json=request)
    assert error_of(response) == (401, 40160)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mac": "forged"}, (401, 40101)),
        ({"mac": None}, (401, 40101)),
        ({"ttl": 1}, (401, 40101)),
        ({"keyName": "other.key"}, (401, 40102)),
        ({"ttl": "soon"}, (400, 40001)),
        ({"clientId": 5}, (400, 40012)),
        ({"capability": 5}, (400, 40001)),
    ],
)
async def test_a_request_that_was_tampered_with_is_refused(
    api: Api, changes: dict[str, Any], expected: tuple[int, int]
) -> None:
    request = api.token_request() | changes
    name = api.server.key.partition(":")[0]
    response = await api.http.post(f"/keys/{name}/requestToken", json=request)
    assert error_of(response) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ttl": 0}, (400, 40003)),
        ({"ttl": -1}, (400, 40003)),
        ({"ttl": 86_400_001}, (400, 40003)),
        ({"clientId": ""}, (400, 40012)),
        ({"capability": "{"}, (400, 40000)),
        ({"capability": '{"a":["fly"]}'}, (400, 40000)),
        ({"nonce": "short"}, (400, 40003)),
        ({"timestamp": 1}, (401, 40104)),
    ],
)
async def test_a_signed_request_for_something_impossible_is_refused(
    api: Api, fields: dict[str, Any], expected: tuple[int, int]
) -> None:
    request = api.token_request(**fields)
    response = await api.http.post(f"/keys/{request['keyName']}/requestToken", json=request)
    assert error_of(response) == expected


async def test_a_request_is_good_for_one_token(api: Api) -> None:
    request = api.token_request()
    path = f"/keys/{request['keyName']}/requestToken"
    assert (await api.http.post(path, json=request)).status_code == 201
    assert error_of(await api.http.post(path, json=request)) == (401, 40105)
    api.server.clock.advance(200_000)
    assert error_of(await api.http.post(path, json=request)) == (401, 40104)


async def test_tokens_are_requested_from_keys_that_exist(api: Api) -> None:
    app_id = api.server.key.partition(".")[0]
    for name, expected in ((f"{app_id}.other", (401, 40400)), ("other.key", (404, 40400))):
        assert error_of(await api.http.post(f"/keys/{name}/requestToken", json={})) == expected


async def test_the_holder_of_a_key_needs_no_signature(secure: Api) -> None:
    name = secure.server.key.partition(":")[0]
    response = await secure.http.post(
        f"/keys/{name}/requestToken", json={"ttl": 1_000}, headers=secure.basic()
    )
    assert response.status_code == 201
    app = (await secure.http.post("/apps", json={})).json()
    response = await secure.http.post(
        f"/keys/{name}/requestToken", json={}, headers=secure.basic(app["keys"][0]["keyStr"])
    )
    assert error_of(response) == (401, 40102)


async def test_a_key_is_taken_over_tls_only(api: Api, secure: Api) -> None:
    assert error_of(await api.http.get(PATH, headers=api.basic())) == (401, 40103)
    assert (await secure.http.get(PATH, headers=secure.basic())).status_code == 200
    async with secure.dial(key=secure.server.key) as socket:
        assert (await socket.expect(CONNECTED))["connectionDetails"]["clientId"] == "*"
    async with secure.dial(key=secure.server.key, clientId="alice") as socket:
        assert (await socket.expect(CONNECTED))["connectionDetails"]["clientId"] == "alice"


async def test_a_wrong_key_is_refused(secure: Api) -> None:
    name = secure.server.key.partition(":")[0]
    app_id = name.partition(".")[0]
    for key, expected in (
        (f"{name}:wrong", (401, 40101)),
        ("invalid.key:secret", (401, 40101)),
        (f"{app_id}.other:secret", (401, 40400)),
        ("no colon", (400, 40005)),
    ):
        response = await secure.http.get(PATH, headers=secure.basic(key))
        assert error_of(response) == expected
        assert "secret" not in response.text.replace("the secret", "").replace("key:secret", "")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Basic %%%", (401, 40101)),
        ("Digest abc", (401, 40101)),
        ("Bearer", (401, 40101)),
        ("Bearer nonsense", (401, 40101)),
        ("Bearer a.b.c", (401, 40144)),
    ],
)
async def test_a_bad_authorization_header_is_refused(
    api: Api, header: str, expected: tuple[int, int]
) -> None:
    assert error_of(await api.http.get(PATH, headers={"Authorization": header})) == expected


async def test_credentials_may_stand_in_the_query(secure: Api) -> None:
    assert (await secure.http.get(PATH, params={"key": secure.server.key})).status_code == 200
    token = await secure.token()
    for name in ("accessToken", "access_token"):
        assert (await secure.http.get(PATH, params={name: token})).status_code == 200
    assert error_of(await secure.http.get(PATH)) == (401, 40101)


async def test_a_client_with_a_key_says_who_it_is_in_a_header(secure: Api) -> None:
    declared = {"X-Ably-ClientId": base64.b64encode(b"alice").decode()}
    response = await secure.http.post(PATH, json={"name": "a"}, headers=secure.basic() | declared)
    assert response.status_code == 201
    (message,) = (await secure.http.get(PATH, headers=secure.basic())).json()
    assert message["clientId"] == "alice"
    response = await secure.http.post(
        PATH, json={}, headers=secure.basic() | {"X-Ably-ClientId": "%%%"}
    )
    assert error_of(response) == (400, 40012)


async def test_a_jwt_is_accepted_with_its_claims(api: Api) -> None:
    token = signed(
        api.server,
        **{"x-ably-clientId": "alice", "x-ably-capability": '{"orders":["publish"]}'},
    )
    headers = {"Authorization": f"Bearer {token}"}
    assert (await api.http.post(PATH, json={"name": "a"}, headers=headers)).status_code == 201
    assert error_of(await api.http.get(PATH, headers=headers)) == (401, 40160)
    async with api.dial(accessToken=token) as socket:
        frame = await socket.expect(CONNECTED)
        assert frame["connectionDetails"]["clientId"] == "alice"


async def test_a_jwt_is_refused_for_what_is_wrong_with_it(api: Api) -> None:
    server = api.server
    now = server.clock.now() // 1000
    app_id = server.key.partition(".")[0]
    invalid_client: dict[str, Any] = {"x-ably-clientId": 5}
    for token, expected in (
        (signed(server, secret="another secret that is long enough"), (401, 40101)),
        (signed(server, iat=now - 10, exp=now - 5), (401, 40142)),
        (signed(server, exp=now + 90_000), (401, 40144)),
        (signed(server, exp="never"), (401, 40144)),
        (signed(server, **{"x-ably-capability": "{"}), (400, 40000)),
        (signed(server, **invalid_client), (400, 40012)),
        (signed(server, key="invalid.key:secret"), (404, 40400)),
        (signed(server, key=f"{app_id}.other:secret"), (401, 40400)),
        (signed(server, iat=None), (401, 40144)),
        (f"{url_base64(b'{}')}.{url_base64(b'{}')}.", (401, 40144)),
    ):
        response = await api.http.get(PATH, headers={"Authorization": f"Bearer {token}"})
        assert error_of(response) == expected, token


async def test_a_jwt_that_expires_disconnects(api: Api) -> None:
    now = api.server.clock.now() // 1000
    async with api.dial(accessToken=signed(api.server, exp=now + 60)) as socket:
        await socket.expect(CONNECTED)
        api.server.clock.advance(60_000)
        await socket.expect(17)
        assert (await socket.expect(DISCONNECTED))["error"]["code"] == 40142


async def test_a_key_given_for_the_server_is_checked() -> None:
    for key in ("app", "app.key", "appkey:secret", ".key:secret", "app.key:"):
        with pytest.raises(ValueError, match=r"app\.key:secret"):
            LocalAbly(key=key)


async def test_a_jwt_may_be_signed_with_a_short_secret() -> None:
    async with LocalAbly(key="app.key:short") as server, httpx.AsyncClient() as http:
        api = Api(server, http)
        token = signed(server)
        async with api.dial(accessToken=token) as socket:
            await socket.expect(CONNECTED)
        async with api.dial(accessToken=token[:-3]) as socket:
            await socket.expect(ERROR)


async def test_a_jwt_of_somebody_else_may_carry_a_token(api: Api) -> None:
    own = await api.token(clientId="alice", capability='{"orders":["history"]}')
    claims = url_base64(json.dumps({"x-ably-token": own}).encode())
    header = url_base64(json.dumps({"alg": "dir", "x-ably-token": own}).encode())
    other = url_base64(b'{"alg":"RS256"}')
    for token in (f"{other}.{claims}.signature", f"{header}.{other}.x", f"{header}..iv.text.tag"):
        headers = {"Authorization": f"Bearer {token}"}
        response = await api.http.get("/channels/orders/messages", headers=headers)
        assert response.status_code == 200
        response = await api.http.get("/channels/other/messages", headers=headers)
        assert error_of(response) == (401, 40160)
        async with api.dial(accessToken=token) as socket:
            connected = await socket.expect(CONNECTED)
            assert connected["connectionDetails"]["clientId"] == "alice"
    nested = url_base64(json.dumps({"x-ably-token": f"{other}.{claims}.x"}).encode())
    for token in (f"{other}.{nested}.x", f"{other}..iv.text.tag", f"{other}.{other}.x"):
        response = await api.http.get(PATH, headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == 401, token
