"""The token servers of the documentation, run as they stand there."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from werkzeug.serving import make_server

from ably_local import LocalAbly
from ably_realtime import AblyRealtime
from tests.docs.test_snippets import blocks
from tests.integration.live import PATIENCE, eventually, reach
from tests.uts.harness import Action, record

PAGE = Path(__file__).parents[3] / "docs" / "authentication.md"
ALICE = {"Authorization": "Bearer session-of-alice"}


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalAbly]:
    async with LocalAbly() as server:
        monkeypatch.setenv("ABLY_API_KEY", server.key)
        yield server


@pytest.fixture(params=["fastapi", "flask"])
async def token_server(request: pytest.FixtureRequest, server: LocalAbly) -> AsyncIterator[str]:
    """The address of a token server that has the key of the Ably server."""
    snippet = snippet_importing(request.param)
    if request.param == "fastapi":
        async with serve_asgi(snippet["app"]) as address:
            yield f"{address}/token"
        await snippet["signer"].close()
    else:
        with serve_wsgi(snippet["app"]) as address:
            yield f"{address}/token"
        snippet["signer"].close()


def snippet_importing(framework: str) -> dict[str, Any]:
    """Run the snippet of the page that imports this framework, and return its names."""
    page = PAGE.read_text(encoding="utf-8")
    (text,) = [block.text for block in blocks(page) if f"from {framework} import" in block.text]
    namespace: dict[str, Any] = {"__name__": framework}
    exec(compile(text, PAGE, "exec", dont_inherit=True), namespace)  # noqa: S102 - it is ours
    return namespace


@asynccontextmanager
async def serve_asgi(app: Any) -> AsyncIterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none")
        running = uvicorn.Server(config)
        task = asyncio.create_task(running.serve(sockets=[listener]))
        await eventually(lambda: running.started)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        running.should_exit = True
        await asyncio.wait_for(task, PATIENCE)


@contextmanager
def serve_wsgi(app: Any) -> Iterator[str]:
    running = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    thread.join(PATIENCE)
    running.server_close()


def where(server: LocalAbly) -> dict[str, Any]:
    options = server.client_options()
    return {name: options[name] for name in ("endpoint", "port", "tls")}


async def test_a_client_gets_its_tokens_there(server: LocalAbly, token_server: str) -> None:
    """RSA8c."""
    async with AblyRealtime(**where(server), auth_url=token_server, auth_headers=ALICE) as client:
        await reach(client.connection, "connected")
        assert client.client_id == "alice"
        await client.channels.get("chat").publish("hello", "world")
        assert client.auth.token_details.capability.to_dict() == {
            "chat": ["*"],
            "inbox:alice": ["subscribe"],
        }


async def test_the_next_token_comes_from_there_too(server: LocalAbly, token_server: str) -> None:
    async with AblyRealtime(**where(server), auth_url=token_server, auth_headers=ALICE) as client:
        await reach(client.connection, "connected")
        changes = record(client.connection)
        first = client.auth.token_details.token
        server.faults.inject({"action": Action.AUTH})
        await eventually(lambda: [change.event for change in changes] == ["update"])
        assert client.auth.token_details.token != first
        assert client.client_id == "alice"


async def test_a_stranger_is_turned_away_for_good(server: LocalAbly, token_server: str) -> None:
    """RSA4d."""
    async with AblyRealtime(**where(server), auth_url=token_server) as client:
        await reach(client.connection, "failed")
        reason = client.connection.error_reason
    assert reason is not None
    assert (reason.code, reason.status_code) == (80019, 403)
