from __future__ import annotations

import asyncio
import logging
import re
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from ably_local import LocalAbly
from ably_local.cli import main
from tests.integration.local.raw import PATIENCE, Api


async def test_it_leaves_nothing_behind() -> None:
    before = asyncio.all_tasks()
    async with LocalAbly() as server, httpx.AsyncClient(base_url=server.url) as http:
        api = Api(server, http)
        async with api.socket() as one, api.socket():
            await one.attach("orders")
            await server.__aexit__(None, None, None)
            await one.closed()
        assert asyncio.all_tasks() == before
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


@asynccontextmanager
async def serving(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Run the command until the block ends; yield what it prints at the start."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ably_local", "serve", *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        lines = 3 if "--tls" in arguments else 2
        async with asyncio.timeout(PATIENCE * 2):
            banner = b"".join([await process.stdout.readline() for _ in range(lines)])
        yield process, banner.decode()
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
async def test_the_command_serves_until_told_to_stop(name: signal.Signals) -> None:
    async with serving("--port", "0", "--key", "app.key:secret") as (process, banner):
        assert "app.key:secret" in banner
        url = re.search(r"http://\S+", banner)
        assert url is not None
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"{url[0]}/health")).status_code == 200
        process.send_signal(name)
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0


async def test_the_command_serves_with_tls_and_names_the_ca_file() -> None:
    async with serving("--port", "0", "--tls") as (_, banner):
        url, ca_file = re.search(r"https://\S+", banner), re.search(r"/\S+ca\.pem", banner)
        assert url is not None
        assert ca_file is not None
        async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=ca_file[0])) as http:
            assert (await http.get(f"{url[0]}/health")).status_code == 200


def test_the_command_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--key", "nonsense"]) == 2
    assert "app.key:secret" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", "--host", "127.0.0.1", "--port", str(taken.getsockname()[1])]) == 1
    assert "cannot listen on 127.0.0.1" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        main(["dance"])
    assert stopped.value.code == 2
