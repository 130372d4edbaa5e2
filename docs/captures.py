"""Record what the command line shows in a terminal of 80 columns, for the page about it.

`python -m docs.captures` runs the real command against a local server, writes `docs/captures/*.txt`
and renews the blocks of `docs/command-line.md` that follow `<!-- capture: … -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from ably.sync import AblyRestSync

from ably_local import ThreadedLocalAbly
from tests.integration.command_line import PATIENCE, CommandLine, plain, settings_for

HERE = Path(__file__).parent
FOLDER = HERE / "captures"
PAGE = HERE / "command-line.md"
KEY = "appId.keyId:secret-of-the-key"
_BLOCK = re.compile(r"(<!-- capture: (\S+) -->\n\n```console\n)(.*?)(```)", re.DOTALL)


def doctor() -> str:
    """All is well, over TLS."""
    with ThreadedLocalAbly(key=KEY, tls=True) as server:
        return _recorded(server, "doctor --channel orders", SSL_CERT_FILE=str(server.ca_file))


def doctor_failing() -> str:
    """A clock that is an hour slow."""
    with ThreadedLocalAbly(key=KEY) as server:
        server.clock.advance(3_600_000)
        return _recorded(server, "doctor")


def subscribe() -> str:
    """Messages of two channels."""

    def publish() -> None:
        server.wait_until_sync(lambda: server.attached("stock"), timeout=PATIENCE * 1000)
        with AblyRestSync(**server.client_options(), client_id="shop") as rest:
            orders, stock = rest.channels.get("orders"), rest.channels.get("stock")
            orders.publish("created", {"id": 1, "total": 12.5})
            stock.publish("taken", "3 apples")
            orders.publish("paid", {"id": 1, "method": "card", "reference": "ch_3P9x0L2e"})

    with ThreadedLocalAbly(key=KEY) as server:
        return _recorded(server, "channels subscribe orders stock --count 3", publish)


def bench() -> str:
    """As fast as it goes, with the server on the same machine."""
    with ThreadedLocalAbly(key=KEY) as server:
        return _recorded(server, "bench publisher load --messages 2000 --rate 0")


CAPTURES: dict[str, Callable[[], str]] = {
    "doctor": doctor,
    "doctor-failing": doctor_failing,
    "subscribe": subscribe,
    "bench": bench,
}


def blocks(page: str) -> dict[str, str]:
    """The captures that a page shows."""
    return {found[2]: found[3] for found in _BLOCK.finditer(page)}


def main() -> None:
    """Record everything again."""
    FOLDER.mkdir(exist_ok=True)
    recorded = {name: record() for name, record in CAPTURES.items()}
    for name, text in recorded.items():
        (FOLDER / f"{name}.txt").write_text(text, encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    renewed = _BLOCK.sub(lambda found: found[1] + recorded[found[2]] + found[4], page)
    PAGE.write_text(renewed, encoding="utf-8")


def _recorded(
    server: ThreadedLocalAbly,
    command: str,
    meanwhile: Callable[[], None] = lambda: None,
    **variables: str,
) -> str:
    """The prompt, and what the terminal shows; the port is the usual one of a local server."""
    cli = CommandLine(**settings_for(server), **variables)
    shown = cli.in_terminal(*command.split(), results_only=True, meanwhile=meanwhile)
    lines = plain(shown.out).replace(f"port {server.port}", "port 8081").splitlines()
    return "\n".join([f"$ ably-realtime {command}", *(line.rstrip() for line in lines), ""])


if __name__ == "__main__":
    main()
