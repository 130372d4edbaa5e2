"""`ably-local serve` and `ably-local token`, as a user runs them."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from ably_local import LocalAbly
from ably_local.cli import main
from tests.integration.local.command import Served, introduced, refused, serving, url_in
from tests.integration.local.raw import (
    DISCONNECTED,
    ERROR,
    MESSAGE,
    PATIENCE,
    Api,
    RemoteApi,
    error_of,
)

KEY = "app.key:secret"


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_until_told_to_stop_and_says_goodbye(name: signal.Signals) -> None:
    async with (
        serving("--key", KEY) as served,
        httpx.AsyncClient(base_url=served.url) as http,
        RemoteApi(served, http).socket() as one,
    ):
        await one.attach("orders")
        served.process.send_signal(name)
        goodbye = await one.expect(DISCONNECTED)
        assert goodbye["error"]["code"] == 80003
        await one.closed()
        assert await served.ended() == 0
        assert (await served.logged("stopping"))["connections"] == 1
        await served.logged("stopped")


@asynccontextmanager
async def unfinished_request(served: Served) -> AsyncIterator[None]:
    """Have a request under way whose end the server waits for in vain."""
    url = httpx.URL(served.url)
    _, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"POST /apps HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{")
    async with httpx.AsyncClient(base_url=served.url) as http:
        await http.get("/health")  # by now the request has been read
    try:
        yield
    finally:
        writer.close()


async def test_a_client_that_never_finishes_does_not_keep_it_from_stopping() -> None:
    async with serving("--key", KEY) as served, unfinished_request(served):
        served.process.send_signal(signal.SIGTERM)
        assert await served.ended() == 0


async def test_a_second_signal_ends_it_at_once() -> None:
    async with serving("--key", KEY) as served, unfinished_request(served):
        served.process.send_signal(signal.SIGTERM)
        await served.logged("stopping")
        served.process.send_signal(signal.SIGTERM)
        assert await served.ended() == -signal.SIGTERM


async def test_the_banner_has_snippets_that_work() -> None:
    async with introduced("--key", KEY) as (_, banner):
        url = url_in(banner)
        assert f"{url}/console" in banner
        assert KEY in banner
        assert re.search(r"^Data +in memory$", banner, re.MULTILINE)
        port = httpx.URL(url).port
        options = f'key="{KEY}", endpoint="localhost", tls=False, use_token_auth=True, port={port}'
        assert f"client = AblyRealtime({options})" in banner
        options = f'key: "{KEY}", endpoint: "localhost", tls: false, useTokenAuth: true'
        assert f"new Ably.Realtime({{ {options}, port: {port} }});" in banner
        curl = banner.partition("curl:\n")[2].partition("\n\n")[0]
        assert f"$(ably-local token {KEY})" in curl
        token = await refused("token", KEY)
        headers = re.findall(r'-H "([^"]+): ([^"]+)"', curl)
        body = re.search(r"-d '([^']+)'", curl)
        target = re.search(r"curl (\S+)", curl)
        assert body is not None
        assert target is not None
        async with httpx.AsyncClient() as http:
            response = await http.post(
                target[1],
                content=body[1],
                headers={**dict(headers), "Authorization": f"Bearer {token[1].strip()}"},
            )
        assert response.status_code == 201, response.text


async def test_the_client_options_of_the_banner_are_those_of_tls() -> None:
    async with introduced("--tls") as (_, banner):
        ca_file = re.search(r"^CA file +(\S+)$", banner, re.MULTILINE)
        assert ca_file is not None
        assert f"SSL_CERT_FILE={ca_file[1]}" in banner
        assert f"NODE_EXTRA_CA_CERTS={ca_file[1]}" in banner
        assert f"--cacert {ca_file[1]} -u " in banner
        assert "tls_port=" in banner
        assert "tlsPort: " in banner
        trusting = ssl.create_default_context(cafile=ca_file[1])
        async with httpx.AsyncClient(verify=trusting) as http:
            assert (await http.get(f"{url_in(banner)}/health")).json() == {"status": "ok"}


async def test_a_token_identifies_a_client() -> None:
    status, token, _ = await refused("token", KEY, "--client-id", "alice", "--ttl", "60")
    assert status == 0
    async with (
        LocalAbly(key=KEY) as server,
        httpx.AsyncClient(base_url=server.url) as http,
        Api(server, http).dial(accessToken=token.strip()) as one,
    ):
        connected = await one.receive()
        assert connected["connectionDetails"]["clientId"] == "alice"


async def test_json_logs_tell_what_happens_and_no_secret() -> None:
    async with serving("--key", KEY) as served, httpx.AsyncClient(base_url=served.url) as http:
        assert served.listening["event"] == "listening"
        assert served.listening["level"] == "info"
        assert served.listening["key"] == KEY
        assert served.listening["port"] == httpx.URL(served.url).port
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z", served.listening["time"])
        api = RemoteApi(served, http)

        app = (await http.post("/apps", json={"keys": [{}]})).json()
        assert (await served.logged("app.created"))["app"] == app["appId"]
        other = app["keys"][0]["keyStr"]
        await http.delete(f"/apps/{app['appId']}", headers=api.basic(other))
        assert (await served.logged("app.deleted"))["app"] == app["appId"]

        token = await api.token(clientId="alice")
        async with api.dial(accessToken=token) as one:
            connection = (await one.receive())["connectionId"]
            opened = await served.logged("connection.opened")
            assert (opened["connection"], opened["clientId"]) == (connection, "alice")
        assert (await served.logged("connection.disconnected"))["connection"] == connection

        secrets = [KEY.partition(":")[2], other.partition(":")[2], token]
        async with api.dial(key=KEY) as hasty:
            await hasty.expect(ERROR)
        assert (await served.logged("refused"))["code"] == 40103
        served.events.clear()
        response = await http.post(f"/keys/{other}/requestToken", json={"token": token})
        assert error_of(response) == (404, 40400)
        logged = await served.logged("refused")
        assert (logged["code"], logged["status"]) == (40400, 404)
        assert logged["request"].startswith("POST /keys/")
        served.events.clear()
        await http.get(f"/{token}", params={"key": KEY})
        assert (await served.logged("refused"))["request"] == "GET /[token]"
        assert not [secret for secret in secrets if secret in json.dumps(served.events)]


async def test_logs_are_lines_to_read_otherwise(capfd: pytest.CaptureFixture[str]) -> None:
    async with (
        introduced("--key", KEY) as (process, banner),
        httpx.AsyncClient(base_url=url_in(banner)) as http,
    ):
        await http.post("/apps", json={"keys": [{}], "channels": 1})
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
    lines = capfd.readouterr().err.splitlines()
    assert re.fullmatch(
        r'[\d:]{8} refused request="POST /apps" code=40001 status=400'
        r' message="channels is an array"',
        lines[0],
    )
    assert lines[1].endswith(" stopping connections=0")
    assert lines[2].endswith(" stopped")


def test_it_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--key", "nonsense"]) == 2
    assert "app.key:secret" in capsys.readouterr().err
    assert main(["token", "nonsense"]) == 2
    assert "app.key:secret" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        main(["dance"])
    assert stopped.value.code == 2


def test_it_says_when_the_port_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = ["--host", "127.0.0.1", "--port", str(taken.getsockname()[1])]
        assert main(["serve", *where]) == 1
        captured = capsys.readouterr()
        assert captured.out == ""
        assert f"cannot listen on 127.0.0.1:{where[3]}: " in captured.err
        assert "--port" in captured.err
        assert main(["serve", "--json", *where]) == 1
        captured = capsys.readouterr()
        assert captured.err == ""
        line = json.loads(captured.out)
        assert (line["event"], line["level"]) == ("failed", "error")
        assert "cannot listen on" in line["message"]


async def test_the_key_of_the_first_start_is_printed_again(tmp_path: Path) -> None:
    data = tmp_path / "data.db"
    async with serving("--data", data) as served:
        key = served.key
        assert served.listening["data"] == str(data)
        served.process.send_signal(signal.SIGTERM)
        assert await served.ended() == 0
    assert not (tmp_path / "data.db-wal").exists()
    async with introduced("--data", data) as (_, banner):
        assert re.search(rf"^Key +{key}$", banner, re.MULTILINE)
        assert re.search(rf"^Data +{data}$", banner, re.MULTILINE)


async def test_two_servers_cannot_have_the_same_data(tmp_path: Path) -> None:
    data = tmp_path / "data.db"
    async with serving("--data", data):
        status, out, err = await refused("serve", "--port", "0", "--data", data)
        assert (status, out) == (1, "")
        assert err == (
            f"ably-local: {data} is in use, probably by another ably-local;"
            " stop that one or name another file\n"
        )


async def test_damaged_data_is_not_used(tmp_path: Path) -> None:
    data = tmp_path / "data.db"
    data.write_text("these are notes, not a database. " * 100)
    before = data.read_bytes()
    status, out, err = await refused("serve", "--port", "0", "--data", data)
    assert (status, out) == (1, "")
    assert err.startswith(f"ably-local: {data} is damaged or no data file of ably-local")
    assert data.read_bytes() == before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process")
async def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    data = tmp_path / "data.db"
    path = "/channels/persisted:a/messages"
    async with (
        serving("--data", data) as served,
        httpx.AsyncClient(base_url=served.url) as http,
        RemoteApi(served, http).socket() as socket,
    ):
        headers = await RemoteApi(served, http).bearer()
        # From here on no file may grow beyond 200 KiB.
        resource = pytest.importorskip("resource")
        resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (204_800, 204_800))
        published: list[str] = []
        while True:
            body = {"name": str(len(published)), "data": "x" * 2_000}
            response = await http.post(path, json=body, headers=headers)
            if response.status_code != 201:
                break
            published.append(body["name"])
        assert error_of(response) == (500, 50000)
        await socket.request(MESSAGE, channel="persisted:a", messages=[{"name": "unheard"}])
        await socket.closed()
        assert socket.websocket.close_code == 1011
        served.process.kill()
    async with serving("--data", data) as served, httpx.AsyncClient(base_url=served.url) as http:
        headers = await RemoteApi(served, http).bearer()
        params = {"direction": "forwards", "limit": "1000"}
        kept = (await http.get(path, params=params, headers=headers)).json()
        assert [message["name"] for message in kept][: len(published)] == published
