"""The sandbox contract: what the suites of Ably SDKs need of `ABLY_LOCAL_SANDBOX_URL`."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import os
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from ably import AblyRest
from ably.util.crypto import CipherParams
from websockets.sync.client import connect

from ably_local import LocalAbly
from ably_local.apps import App
from ably_local.channel import Channel
from ably_local.connection import Connection
from tests.integration.local.raw import ATTACH, ATTACHED, CONNECTED, ERROR, Api, error_of

WORKERS = 30
APPS_EACH = 10
FIXTURES = "persisted:presence_fixtures"


@pytest.fixture
def setup() -> Any:
    """The app specification that the suites share, with the cipher of its presence fixtures."""
    vectors = os.environ.get("ABLY_TEST_VECTORS")
    if vectors is None:
        pytest.skip("ABLY_TEST_VECTORS names no directory with Ably's shared test vectors")
    return json.loads((Path(vectors) / "test-app-setup.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_an_app_is_what_its_specification_says(
    setup: Any, tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    specification = setup["post_apps"]
    async with LocalAbly(tls=tls) as server:
        if tls:
            monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_file))
        verify = ssl.create_default_context(cafile=server.ca_file) if tls else False
        async with httpx.AsyncClient(base_url=server.url, verify=verify) as http:
            response = await http.post("/apps", json=specification)
        app = response.json()
        assert response.status_code == 201
        assert (app["endpoint"], app["port"], app["tls"]) == (server.host, server.port, tls)

        everything = '{"*":["*"]}'
        wanted = [json.loads(k.get("capability", everything)) for k in specification["keys"]]
        given = [json.loads(key["capability"]) for key in app["keys"]]
        assert [ordered(one) for one in given] == [ordered(one) for one in wanted]
        assert [key["revocableTokens"] for key in app["keys"]] == [
            key.get("revocableTokens", False) for key in specification["keys"]
        ]
        for namespace, asked in zip(app["namespaces"], specification["namespaces"], strict=True):
            assert namespace.items() >= asked.items()

        port = "tls_port" if app["tls"] else "port"
        where = {"endpoint": app["endpoint"], "tls": app["tls"], port: app["port"]}
        key = app["keys"][0]["keyStr"]
        async with AblyRest(key=key, use_token_auth=not tls, **where) as rest:
            cipher = CipherParams(
                algorithm="aes",
                mode="cbc",
                secret_key=base64.b64decode(setup["cipher"]["key"]),
                iv=base64.b64decode(setup["cipher"]["iv"]),
            )
            channel = rest.channels.get(FIXTURES, cipher=cipher)
            members = {member.client_id: member for member in (await channel.presence.get()).items}
        (fixture,) = specification["channels"]
        assert members.keys() == {member["clientId"] for member in fixture["presence"]}
        assert members["client_string"].data == "This is a string clientData payload"
        decoded = {"example": {"json": "Object"}}
        assert members["client_decoded"].data == members["client_encoded"].data == decoded
        assert members["client_encoded"].encoding == ""


async def test_apps_come_and_go_by_the_hundred(server: LocalAbly) -> None:
    """Thirty workers at once, each of which makes, uses and deletes one app after the other."""
    loop = asyncio.get_running_loop()
    gc.collect()
    before = len(list(alive()))
    with ThreadPoolExecutor(WORKERS) as pool:
        used = await asyncio.gather(
            *(loop.run_in_executor(pool, work, server.url, n) for n in range(WORKERS))
        )
    assert len(set().union(*used)) == WORKERS * APPS_EACH
    assert server.connections == []
    server.clear_frames()
    gc.collect()
    assert len(list(alive())) == before


def work(url: str, number: int) -> list[str]:
    """What one worker of a suite does; return the ids of its apps."""
    ids = []
    with httpx.Client(base_url=url) as http:
        for turn in range(APPS_EACH):
            name = f"app {number}.{turn}"
            specification = {
                "keys": [{}, {}],
                "channels": [{"name": "crowd", "presence": [{"clientId": name}]}],
            }
            app = http.post("/apps", json=specification).raise_for_status().json()
            token = signed(app["keys"][1]["keyStr"])
            bearer = {"Authorization": f"Bearer {token}"}
            messages = "/channels/orders/messages"
            http.post(messages, json={"data": name}, headers=bearer).raise_for_status()
            (message,) = http.get(messages, headers=bearer).json()
            assert message["data"] == name
            (member,) = http.get("/channels/crowd/presence", headers=bearer).json()
            assert member["clientId"] == name

            query = f"format=json&v=6&accessToken={token}"
            with connect(f"{url.replace('http', 'ws', 1)}/?{query}") as socket:
                assert json.loads(socket.recv())["action"] == CONNECTED
                socket.send(json.dumps({"action": ATTACH, "channel": "orders"}))
                assert json.loads(socket.recv())["action"] == ATTACHED
                own = http.delete(f"/apps/{app['appId']}", headers=basic(app, 0))
                assert own.status_code == 204
                assert (end := json.loads(socket.recv()))["action"] == ERROR
                assert end["error"]["code"] == 40400
            assert error_of(http.get(messages, headers=bearer)) == (404, 40400)
            again = http.delete(f"/apps/{app['appId']}", headers=basic(app, 0))
            assert error_of(again) == (401, 40101)
            ids.append(app["appId"])
    return ids


async def test_the_keys_of_an_app_are_taken_without_tls(api: Api) -> None:
    """Suites of other SDKs use them as they come, over the transport they came by."""
    app = (await api.http.post("/apps", json={})).json()
    key = app["keys"][0]["keyStr"]
    assert app["tlsOnly"] is False
    path = "/channels/orders/messages"
    assert (await api.http.get(path, headers=api.basic(key))).status_code == 200
    async with api.dial(key=key) as socket:
        await socket.expect(CONNECTED)
    wrong = api.basic(f"{key}x")
    assert error_of(await api.http.get(path, headers=wrong)) == (401, 40101)
    own = api.basic()  # the server's own key has nothing to do with the sandbox
    assert error_of(await api.http.get(path, headers=own)) == (401, 40103)
    deleted = await api.http.delete(f"/apps/{app['appId']}", headers=api.basic(key))
    assert deleted.status_code == 204
    assert error_of(await api.http.get(path, headers=api.basic(key))) == (401, 40101)


async def test_they_still_are_after_a_restart(tmp_path: Path) -> None:
    async with LocalAbly(data=tmp_path / "ably.db") as server:
        own = server.key
        async with httpx.AsyncClient(base_url=server.url) as http:
            key = (await http.post("/apps", json={})).json()["keys"][0]["keyStr"]
    async with LocalAbly(data=tmp_path / "ably.db") as server, AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=server.url))
        api = Api(server, http)
        path = "/channels/orders/messages"
        assert (await http.get(path, headers=api.basic(key))).status_code == 200
        assert error_of(await http.get(path, headers=api.basic(own))) == (401, 40103)


async def test_the_key_of_a_deleted_app_is_refused() -> None:
    async with LocalAbly(tls=True) as server:
        verify = ssl.create_default_context(cafile=server.ca_file)
        async with httpx.AsyncClient(base_url=server.url, verify=verify) as http:
            api = Api(server, http)
            app = (await http.post("/apps", json={})).json()
            key = app["keys"][0]["keyStr"]
            path = "/channels/orders/messages"
            assert (await http.get(path, headers=api.basic(key))).status_code == 200
            gone = await http.delete(f"/apps/{app['appId']}", headers=api.basic(key))
            assert gone.status_code == 204
            assert error_of(await http.get(path, headers=api.basic(key))) == (401, 40101)
            async with api.dial(key=key) as socket:
                assert (await socket.expect(ERROR))["error"]["code"] == 40101


def alive() -> Iterator[object]:
    """What the server keeps of its apps."""
    kinds = (App, Channel, Connection)
    return (thing for thing in gc.get_objects() if isinstance(thing, kinds))


def signed(key: str) -> str:
    name, secret = key.split(":")
    now = time.time()
    claims = {"iat": now, "exp": now + 600}
    return jwt.encode(claims, secret, algorithm="HS256", headers={"kid": name})


def basic(app: Any, number: int) -> dict[str, str]:
    text: str = app["keys"][number]["keyStr"]
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


def ordered(capability: dict[str, list[str]]) -> dict[str, list[str]]:
    return {resource: sorted(operations) for resource, operations in capability.items()}
