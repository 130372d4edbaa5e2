"""An app on a server of its own, with clients and tokens for it."""

from __future__ import annotations

import json
import os
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
from ably import AblyRest
from ably.types.tokendetails import TokenDetails

from ably_local import LocalAbly
from ably_realtime import AblyRealtime
from tests.faults import FaultProxy
from tests.integration.live import reach

TEST_RESOURCES = Path(__file__).parents[2] / "vendor/ably-python/submodules/test-resources"

APP: dict[str, Any] = {
    "keys": [{}, {}, {}, {"capability": '{"*": ["subscribe"]}'}],
    "namespaces": [
        {"id": "persisted", "persisted": True},
        {"id": "pushenabled", "pushEnabled": True},
        {"id": "mutable", "mutableMessages": True},
    ],
}
"""What the cases need of `test-app-setup.json`, for checkouts without the submodule."""


class Sandbox:
    """The app that a case runs in.

    A key is never sent over plain HTTP (RSC18): there, clients get an `auth_callback` that signs
    a JWT with the key instead.
    """

    def __init__(
        self, server: LocalAbly, app: dict[str, Any], trust: ssl.SSLContext | None
    ) -> None:
        self.server = server
        self.keys: list[str] = [key["keyStr"] for key in app["keys"]]
        self._trust = trust
        self._clients: list[AblyRealtime] = []
        self._rests: list[AblyRest] = []

    @property
    def key(self) -> str:
        return self.keys[0]

    def untracked_client(
        self, *, through: FaultProxy | None = None, **options: Any
    ) -> AblyRealtime:
        """A client that authenticates by the first key.

        Unless `options` say otherwise it speaks JSON and does not connect by itself.
        """
        credentials = {"key", "token", "token_details", "auth_callback", "use_token_auth"}
        if not credentials & options.keys():
            if self.server.tls:
                options["key"] = self.key
            else:
                options["auth_callback"] = lambda _: self.jwt()
        where = {"ssl_context": self._trust, **self.where(through)}
        defaults: dict[str, Any] = {"use_binary_protocol": False, "auto_connect": False, **where}
        return AblyRealtime(**{**defaults, **options})

    def client(self, **options: Any) -> AblyRealtime:

        client = self.untracked_client(**options)
        self._clients.append(client)
        return client

    async def connected(self, **options: Any) -> AblyRealtime:
        """The same, CONNECTED."""
        client = self.client(**options)
        client.connect()
        await reach(client.connection, "connected")
        return client

    def rest(self, *, through: FaultProxy | None = None, **options: Any) -> AblyRest:
        """The REST SDK's own client."""
        rest = AblyRest(**{"use_binary_protocol": False, **self.where(through), **options})
        self._rests.append(rest)
        return rest

    def where(self, through: FaultProxy | None = None) -> dict[str, Any]:
        """The options that lead to the server."""
        if through is not None:
            return through.client_options()
        port = "tls_port" if self.server.tls else "port"
        return {
            "endpoint": self.server.host,
            port: self.server.port,
            "tls": self.server.tls,
        }

    def jwt(
        self, key: str | None = None, *, ttl: float = 3_600_000, client_id: str | None = None
    ) -> str:
        """A JWT signed with a key; `ttl` in milliseconds."""
        name, secret = (key or self.key).split(":")
        now = time.time()
        claims: dict[str, Any] = {"iat": now, "exp": now + ttl / 1000}
        if client_id is not None:
            claims["x-ably-clientId"] = client_id
        return jwt.encode(claims, secret, algorithm="HS256", headers={"kid": name})

    async def token(self) -> TokenDetails:
        """A token that the server has issued, asked for without any proxy."""
        rest = self.rest(key=self.key, use_token_auth=True)
        details: TokenDetails = await rest.auth.request_token()
        return details

    async def close(self) -> None:
        for client in self._clients:
            await client.close()
        for rest in self._rests:
            await rest.close()


@asynccontextmanager
async def new_sandbox(*, tls: bool) -> AsyncIterator[Sandbox]:
    """A server with a new app, both gone at the end."""
    async with LocalAbly(tls=tls) as server:
        trust = ssl.create_default_context(cafile=server.ca_file) if tls else None
        async with httpx.AsyncClient(base_url=server.url, verify=trust or False) as http:
            app = (await http.post("/apps", json=app_specification())).json()
        sandbox = Sandbox(server, app, trust)
        try:
            yield sandbox
        finally:
            await sandbox.close()


def app_specification() -> Any:
    path = Path(os.environ.get("ABLY_TEST_VECTORS", TEST_RESOURCES)) / "test-app-setup.json"
    if not path.is_file():
        return APP
    return json.loads(path.read_text(encoding="utf-8"))["post_apps"]


def unique(prefix: str) -> str:
    """The name of a channel or a client that nobody else uses."""
    return f"{prefix}-{uuid4().hex[:8]}"


class Counted:
    """A synchronous `auth_callback` that counts its calls."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.calls = 0
        self._make = make

    def __call__(self, params: dict[str, Any]) -> Any:
        self.calls += 1
        return self._make()
