"""Runs the programs with one package or the other, in a process of its own; prints what each did.

    python -m tests.interop.moving.runner PACKAGE OPTIONS

`ably` leaves tasks and warnings behind, which would fail a test that has nothing to do with them.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import io
import json
import sys
import traceback
from pathlib import Path
from typing import Any

PROGRAMS = Path(__file__).parent / "programs"
IMPORT = "from ably import AblyRealtime\n"
DEADLINE = 10.0
"""Seconds for one program."""


def load(program: Path, package: str) -> dict[str, Any]:
    """The names of a program in which one import is changed."""
    text = program.read_text(encoding="utf-8")
    before, changed, after = text.partition(IMPORT)
    assert changed, f"{program.name} does not import AblyRealtime by a line of its own"
    namespace: dict[str, Any] = {"__name__": program.stem}
    text = before + changed.replace("ably", package, 1) + after
    exec(compile(text, program, "exec"), namespace)  # noqa: S102 - the programs are ours
    return namespace


def run(program: Path, package: str, options: dict[str, Any]) -> list[str]:
    """The lines that a program prints, and the traceback if it fails."""
    output = io.StringIO()

    async def within_time(main: Any) -> None:
        async with asyncio.timeout(DEADLINE):
            await main(options["key"], **{n: v for n, v in options.items() if n != "key"})

    with contextlib.redirect_stdout(output):
        try:
            asyncio.run(within_time(load(program, package)["main"]))
        except Exception:
            print(traceback.format_exc())
    return output.getvalue().splitlines()


def bring_port(port: int) -> None:
    """Have `ably` connect to this port: it leaves its option out of the URL of its WebSocket."""
    websockettransport: Any = importlib.import_module("ably.transport.websockettransport")
    connect = websockettransport.ws_connect
    host = "wss://localhost"

    def connect_to_port(url: str, **options: Any) -> Any:
        return connect(url.replace(host, f"{host}:{port}", 1), **options)

    websockettransport.ws_connect = connect_to_port


if __name__ == "__main__":
    package, options = sys.argv[1], json.loads(sys.argv[2])
    if package == "ably":
        bring_port(options["tls_port"])
    for program in sorted(PROGRAMS.glob("*.py")):
        print(json.dumps({"program": program.stem, "lines": run(program, package, options)}))
