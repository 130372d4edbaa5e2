"""Serve the dashboard: `python -m examples.dashboard`, then open the address it prints."""

from __future__ import annotations

import argparse
import socket

import uvicorn
from starlette.applications import Starlette

from examples.dashboard.app import make_app
from examples.where import ably_options, run


class Server(uvicorn.Server):
    """Closes the client first: that ends the streams of the pages, for which uvicorn waits."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(uvicorn.Config(app, log_level="warning"))
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        await self._app.state.client.close()
        await super().shutdown(sockets)


async def serve(port: int, *, local: bool) -> None:
    """Serve the page until Ctrl-C."""
    async with ably_options(local=local) as options:
        listener = socket.create_server(("127.0.0.1", port))
        print(f"dashboard on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        await Server(make_app(options)).serve([listener])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A live dashboard in the browser.")
    parser.add_argument("--port", type=int, default=8000, help="0 picks a free one")
    parser.add_argument("--local", action="store_true", help="start a server, whatever is set")
    given = parser.parse_args()
    run(serve(given.port, local=given.local))
