"""Every curl command of the documentation of ably-local works, and no endpoint goes without."""

from __future__ import annotations

import argparse
import asyncio
import re
import shlex
from pathlib import Path

import httpx
from starlette.routing import Route

from ably_local import LocalAbly
from ably_local.rest import control
from ably_realtime import AblyRealtime

PAGE = Path(__file__).parents[2] / "docs" / "ably-local.md"
ADDRESS = "localhost:8081"
CONNECTION = "kwEnKn33PT"
"""The connection that the commands name."""

curl = argparse.ArgumentParser(prog="curl")
curl.add_argument("-X", dest="method")
curl.add_argument("--json")
curl.add_argument("-N", action="store_true")
curl.add_argument("url")


def commands() -> list[argparse.Namespace]:
    lines = re.findall(r"^\$ curl (.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [curl.parse_args(shlex.split(line, comments=True)) for line in lines]


def method_of(command: argparse.Namespace) -> str:
    method: str = command.method or ("GET" if command.json is None else "POST")
    return method


async def carry_out(command: argparse.Namespace, server: LocalAbly, connection: str) -> None:
    url = command.url.replace(ADDRESS, server.url).replace(CONNECTION, connection)
    body = command.json and command.json.replace(CONNECTION, connection)
    headers = {"Content-Type": "application/json"} if body else {}
    async with (
        httpx.AsyncClient() as http,
        http.stream(method_of(command), url, content=body, headers=headers) as response,
    ):
        if not command.N:
            await response.aread()
            assert response.is_success, (command, response.text)
        assert response.is_success, command


async def test_every_command_works() -> None:
    async with LocalAbly() as server:
        for command in commands():
            # One of the commands moves the server's time away from ours.
            async with AblyRealtime(**server.client_options(), query_time=True) as client:
                async with asyncio.timeout(10):
                    await client.connection.once_async("connected")
                assert client.connection.id is not None
                await carry_out(command, server, client.connection.id)
                if command.url.endswith("/stall"):
                    server.faults.reset()


def test_every_endpoint_has_a_command() -> None:
    asked = [
        (method_of(command), command.url.removeprefix(ADDRESS).partition("?")[0])
        for command in commands()
    ]
    undocumented = [
        (method, route.path)
        for route in control.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
        if not any(
            method == used and route.path_regex.match(path.replace(CONNECTION, "x"))
            for used, path in asked
        )
        # What all connections can be made to do, one can too, as the page says.
        and not re.fullmatch(r"/control/connections(/\{connection\})?/\w+", route.path)
    ]
    assert undocumented == []
    for act in ("drop", "forget", "disconnect", "stall"):
        assert any(path.endswith(f"/{act}") for _, path in asked)
