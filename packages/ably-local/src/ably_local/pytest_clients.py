"""The clients that the pytest plugin offers, opened and closed in the event loop of the test.

They come from `ably-realtime` and `ably`, which this package does not depend on: they are looked
for when a test asks for one.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, get_args

import pytest

if TYPE_CHECKING:
    from .threaded import ThreadedLocalAbly

LoopScope = Literal["function", "class", "module", "package", "session"]
LOOP_SCOPES: tuple[LoopScope, ...] = get_args(LoopScope)
CONNECT_PATIENCE = 10.0


def open_in_loop_of_test(name: str, request: pytest.FixtureRequest) -> Any:
    """Return what the fixture called `name` is in the event loop that runs the test.

    Only the plugin that runs a loop can run an asynchronous fixture in it, so there is one of each
    for every loop a test can run in.
    """
    return request.getfixturevalue(f"_{name}_{_loop_of_test(name, request)}")


def fixtures(config: pytest.Config) -> ModuleType:
    """Return a plugin with the fixtures that `open_in_loop_of_test` chooses from."""
    module = ModuleType(f"{__name__}.fixtures")
    if config.pluginmanager.has_plugin("anyio"):
        _add_fixtures(module, "anyio", pytest.fixture)
    if _default_loop_scope(config) is not None:
        import pytest_asyncio

        for scope in LOOP_SCOPES:
            _add_fixtures(module, f"asyncio_{scope}", pytest_asyncio.fixture(loop_scope=scope))
    return module


@contextmanager
def rest_sync(server: ThreadedLocalAbly, options: dict[str, Any]) -> Iterator[Any]:
    """Open a blocking REST client of `server`."""
    sdk = _required("ably", for_fixture="ably_rest_sync")
    sync = importlib.import_module(f"{sdk.__name__}.sync")
    with _trusted_by_default(server):
        rest = sync.AblyRestSync(**server.client_options() | options)
    with rest:
        yield rest


@asynccontextmanager
async def _rest(server: ThreadedLocalAbly, options: dict[str, Any]) -> AsyncIterator[Any]:
    sdk = _required("ably", for_fixture="ably_rest")
    with _trusted_by_default(server):
        rest = sdk.AblyRest(**server.client_options() | options)
    async with rest:
        yield rest


@asynccontextmanager
async def _client(server: ThreadedLocalAbly, options: dict[str, Any]) -> AsyncIterator[Any]:
    import asyncio

    sdk = _required("ably_realtime", for_fixture="ably_client")
    if server.tls:
        import ssl

        options = {"ssl_context": ssl.create_default_context(cafile=server.ca_file)} | options
    async with sdk.AblyRealtime(**server.client_options() | options) as client:
        if options.get("auto_connect", True):
            try:
                async with asyncio.timeout(CONNECT_PATIENCE):
                    await client.connection.once_async("connected")
            except TimeoutError:
                state, reason = client.connection.state, client.connection.error_reason
                pytest.fail(f"ably_client did not connect in time: it is {state} ({reason})")
        yield client


def _add_fixtures(module: ModuleType, loop: str, fixture: Callable[..., Any]) -> None:
    async def client(
        ably_server: ThreadedLocalAbly, ably_client_options: dict[str, Any]
    ) -> AsyncIterator[Any]:
        async with _client(ably_server, ably_client_options) as client:
            yield client

    async def rest(
        ably_server: ThreadedLocalAbly, ably_rest_options: dict[str, Any]
    ) -> AsyncIterator[Any]:
        async with _rest(ably_server, ably_rest_options) as rest:
            yield rest

    setattr(module, f"_ably_client_{loop}", fixture(client))
    setattr(module, f"_ably_rest_{loop}", fixture(rest))


def _loop_of_test(name: str, request: pytest.FixtureRequest) -> str:
    if "anyio_backend" in request.fixturenames:
        if request.getfixturevalue("anyio_backend_name") != "asyncio":
            pytest.fail(
                f"{name} runs on asyncio only: let the fixture anyio_backend return 'asyncio'",
                pytrace=False,
            )
        return "anyio"
    default = _default_loop_scope(request.config)
    if default is None:
        pytest.fail(
            f"{name} needs an event loop to live in: install pytest-asyncio 1.0 or later, "
            "or mark the test with pytest.mark.anyio",
            pytrace=False,
        )
    marker = request.node.get_closest_marker("asyncio")
    scope = None if marker is None else marker.kwargs.get("loop_scope")
    return f"asyncio_{scope or default}"


def _default_loop_scope(config: pytest.Config) -> str | None:
    """Return where pytest-asyncio runs tests that do not say, or None without that plugin."""
    if not config.pluginmanager.has_plugin("asyncio"):
        return None
    try:
        return str(config.getini("asyncio_default_test_loop_scope"))
    except (KeyError, ValueError):  # a version before 1.0
        return None


def _required(package: str, *, for_fixture: str) -> Any:
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        distribution = package.replace("_", "-")
        pytest.fail(
            f"{for_fixture} needs {distribution}, which is not installed: "
            f"pip install {distribution}",
            pytrace=False,
        )


@contextmanager
def _trusted_by_default(server: ThreadedLocalAbly) -> Iterator[None]:
    """Let a client that is made meanwhile trust the server; `ably` takes no SSL context."""
    with pytest.MonkeyPatch.context() as patch:
        if server.ca_file is not None:
            patch.setenv("SSL_CERT_FILE", str(server.ca_file))
        yield
