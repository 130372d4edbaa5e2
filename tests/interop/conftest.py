"""A server for each module, and peers that connect to it when a test first asks for them."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ably_local import LocalAbly
from tests.interop.our_peer import OurPeer
from tests.interop.peer_process import PeerProcess
from tests.interop.peer_types import Peer, PeerKind, Sdk

HERE = Path(__file__).parent


class Peers:
    """The peers of a module: one for each kind, connected once and reused by its tests."""

    def __init__(self, server: LocalAbly) -> None:
        self._server = server
        self._connected: dict[PeerKind, Peer] = {}

    async def get(self, kind: PeerKind) -> Peer:
        """Return the peer of that kind, identified by the kind's name."""
        peer = self._connected.get(kind)
        if peer is None:
            peer = self._connected[kind] = self.new(kind)
            await peer.connect(key=self._server.key)
        return peer

    def new(self, kind: PeerKind, *, may_disconnect: bool = False) -> Peer:
        """Return another peer of that kind, not connected; the caller closes it.

        With `may_disconnect` it is no failure if it loses its connection.
        """
        options: dict[str, Any] = {
            "port": self._server.port,
            "client_id": str(kind),
            "binary": kind.binary,
            "may_disconnect": may_disconnect,
        }
        match kind.sdk:
            case Sdk.OURS:
                return OurPeer(**options)
            case Sdk.PYTHON:
                program = [sys.executable, "-m", "tests.interop.peer"]
            case Sdk.JAVASCRIPT:
                program = [node_with_sdk(), str(HERE / "peer.mjs")]
        return PeerProcess(program, **options)

    async def close(self) -> None:
        """Close every peer, also when one of them fails to."""
        async with AsyncExitStack() as stack:
            for peer in self._connected.values():
                stack.push_async_callback(peer.close)


def node_with_sdk() -> str:
    """Return the path of Node, or skip the test; under CI, where both must be there, fail it."""
    node = shutil.which("node")
    wanted = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    if node is not None and all((HERE / "node_modules" / name).is_dir() for name in wanted):
        return node
    if node is None:
        reason = "Node is not installed: install Node 20 or later and run `npm ci` in tests/interop"
    else:
        reason = (
            "Ably's JavaScript SDK or its plugin is not installed: run `npm ci` in tests/interop"
        )
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[LocalAbly]:
    async with LocalAbly() as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def peers(server: LocalAbly) -> AsyncIterator[Peers]:
    peers = Peers(server)
    yield peers
    await peers.close()


@pytest.fixture
def channel(request: pytest.FixtureRequest) -> str:
    """The name of a channel that no other test uses."""
    return f"{request.node.originalname}:{secrets.token_hex(8)}"
