from __future__ import annotations

import asyncio
import logging
import signal
import socket
import ssl
from pathlib import Path

import httpx
import pytest

from ably_local import LocalAbly, StorageError
from tests.integration.local.raw import Api


async def test_it_leaves_nothing_behind() -> None:
    before = asyncio.all_tasks()
    async with LocalAbly() as server, httpx.AsyncClient(base_url=server.url) as http:
        api = Api(server, http)
        async with api.socket() as one, api.socket():
            await one.attach("orders")
            await server.__aexit__(None, None, None)
            await one.closed()
        # The clients' own tasks end in their own time.
        left = [repr(task) for task in asyncio.all_tasks() - before]
        assert not [task for task in left if "websockets/asyncio" not in task]
        with pytest.raises(httpx.ConnectError):
            await http.get("/time")


async def test_it_installs_no_signal_handlers() -> None:
    before = [signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)]
    async with LocalAbly():
        assert [signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)] == before


async def test_a_port_can_be_chosen_and_used_again() -> None:
    async with LocalAbly() as first:
        port = first.port
        with pytest.raises(OSError, match="in use"):
            async with LocalAbly(port=port):
                pass
    async with LocalAbly(port=port) as second:
        assert second.port == port
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"{second.url}/time")).status_code == 200


async def test_data_outlives_the_server(tmp_path: Path) -> None:
    server = LocalAbly(data=tmp_path / "data.db")
    with pytest.raises(RuntimeError, match="in the data file"):
        _ = server.key
    path = "/channels/persisted:a/messages"
    async with server, httpx.AsyncClient(base_url=server.url) as http:
        headers = await Api(server, http).bearer()
        await http.post(path, json={"name": "one"}, headers=headers)
        before = (await http.get(path, headers=headers)).json()
        with pytest.raises(StorageError, match="in use"):
            async with LocalAbly(data=tmp_path / "data.db"):
                pass
    async with LocalAbly(data=str(tmp_path / "data.db")) as again:
        assert again.key == server.key
        assert [message.name for message in again.published("persisted:a")] == ["one"]
        async with httpx.AsyncClient(base_url=again.url) as http:
            # The token says itself what it grants, and the key it was sealed with is kept.
            assert (await http.get(path, headers=headers)).json() == before
            assert before[0]["name"] == "one"


async def test_every_address_of_localhost_is_served() -> None:
    found = socket.getaddrinfo("localhost", 0, type=socket.SOCK_STREAM)
    async with LocalAbly() as server:
        for family in {entry[0] for entry in found}:
            _, writer = await asyncio.open_connection("localhost", server.port, family=family)
            writer.close()
            await writer.wait_closed()


async def test_client_options_fit_the_transport() -> None:
    plain = LocalAbly(key="app.key:secret", port=1234)
    assert plain.client_options() == {
        "key": "app.key:secret",
        "use_token_auth": True,
        "endpoint": "localhost",
        "port": 1234,
        "tls": False,
    }
    secure = LocalAbly(key="app.key:secret", port=1234, tls=True)
    assert secure.client_options() == {
        "key": "app.key:secret",
        "endpoint": "localhost",
        "tls_port": 1234,
        "tls": True,
    }
    assert secure.url == "https://localhost:1234"


async def test_the_certificate_is_trusted_only_by_those_who_know_it() -> None:
    async with LocalAbly(tls=True) as server:
        assert server.ca_file is not None
        ca_file = server.ca_file
        context = ssl.create_default_context(cafile=ca_file)
        async with httpx.AsyncClient(verify=context) as http:
            assert (await http.get(f"{server.url}/time")).status_code == 200
            assert (await http.get(f"https://127.0.0.1:{server.port}/time")).status_code == 200
        async with httpx.AsyncClient() as http:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await http.get(f"{server.url}/time")
    assert not ca_file.exists()


async def test_credentials_are_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with LocalAbly() as server, httpx.AsyncClient(base_url=server.url) as http:
        logging.getLogger("httpx").setLevel(logging.WARNING)
        logging.getLogger("httpcore").setLevel(logging.WARNING)
        logging.getLogger("websockets.client").setLevel(logging.WARNING)
        api = Api(server, http)
        token = await api.token()
        async with api.dial(accessToken=token) as connected:
            await connected.receive()
        async with api.dial(key=server.key) as refused:
            await refused.receive()
        await http.get("/channels/a/messages", params={"key": server.key})
        secret = server.key.partition(":")[2]
        assert token not in caplog.text
        assert secret not in caplog.text
        assert secret not in repr(server)


async def test_an_idle_connection_is_kept_for_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a client that uses it again just then loses the request."""
    loop = asyncio.get_running_loop()
    real, shift = loop.time, 0.0
    monkeypatch.setattr(loop, "time", lambda: real() + shift)
    request = b"GET /time HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with LocalAbly() as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        for _ in range(2):
            writer.write(request)
            assert (await reader.readuntil(b"]")).startswith(b"HTTP/1.1 200 OK")
            shift += 300.0
            for _ in range(5):  # let the timers fire that have come due
                await asyncio.sleep(0)
        writer.close()
        await writer.wait_closed()
