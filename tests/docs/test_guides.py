"""The programs of the guides do what the guides say, with the frameworks they are for.

Each runs in a process of its own, as the module `shop`, beside a few lines that use it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ably.sync import AblyRestSync

from ably_local import ThreadedLocalAbly
from ably_realtime import AblyRealtime
from tests.docs.test_snippets import blocks, is_python

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
PATIENCE = 60

ORDER_OVER_HTTP = """
from fastapi.testclient import TestClient
from shop import app

with TestClient(app) as http:
    made = http.post("/orders", json={"id": 1})
    while not (orders := http.get("/orders").json()):
        pass
print(made.status_code, list(made.json()), orders)
"""

ORDER_IN_DJANGO = """
import shop
from django.test import Client

print(Client().post("/orders", '{"id": 1}', content_type="application/json").status_code)
"""

LISTEN_IN_DJANGO = """
import json
import os
from django.conf import settings

settings.configure(ABLY=json.loads(os.environ["ABLY_OPTIONS"]))
from shop import Command

Command().handle()
"""

CELERY = """
import sys
from shop import app, report

app.conf.broker_transport_options = dict.fromkeys(
    ["data_folder_in", "data_folder_out"], "queue"
) | {"control_folder": "control"}
match sys.argv[1:]:
    case ["worker"]:
        app.worker_main(["worker", "--pool=prefork", "--concurrency=2", "--without-mingle"])
    case [job, percent]:
        report.delay(job, int(percent))
"""

ASK_IN_CELERY = """
from shop import ask

print(ask.apply(args=["6 times 7"]).get())
"""

NOTEBOOK = """
import json
import sys
from pathlib import Path
import nbformat
from nbclient import NotebookClient

cells = map(nbformat.v4.new_code_cell, json.loads(Path("cells.json").read_text()))
notebook = nbformat.v4.new_notebook(cells=list(cells))
NotebookClient(notebook, kernel_name="python3", timeout=50).execute()
print([output.text for cell in notebook.cells for output in cell.outputs])
"""


@pytest.fixture
def server() -> Iterator[ThreadedLocalAbly]:
    with ThreadedLocalAbly() as server:
        yield server


class Shop:
    """A folder with a guide's program in it, to run others beside it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment

    def is_made_of(self, program: str) -> None:
        (self._folder / "shop.py").write_text(program, encoding="utf-8")

    def start(self, user: str, *arguments: str) -> subprocess.Popen[str]:
        """Run a program that uses the shop's."""
        return subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, "-c", user, *arguments],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, user: str, *arguments: str) -> str:
        """Run it to its end; return what it printed."""
        with self.start(user, *arguments) as process:
            return ended(process)


def ended(process: subprocess.Popen[str]) -> str:
    try:
        printed, errors = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == 0, errors
    return printed


@pytest.fixture
def shop(tmp_path: Path, server: ThreadedLocalAbly) -> Shop:
    options = json.dumps(server.client_options())
    return Shop(tmp_path, os.environ | {"ABLY_OPTIONS": options, "BROKER": "filesystem://"})


def snippets(guide: str) -> list[str]:
    """The Python of a guide, block by block."""
    page = (GUIDES / f"{guide}.md").read_text(encoding="utf-8")
    return [block.text for block in blocks(page) if is_python(block)]


def test_fastapi(shop: Shop, server: ThreadedLocalAbly) -> None:
    shop.is_made_of(*snippets("fastapi"))
    assert shop.run(ORDER_OVER_HTTP) == "201 ['serial'] [{'id': 1}]\n"
    assert [message.data for message in server.published("orders")] == [{"id": 1}]


def test_a_django_view(shop: Shop, server: ThreadedLocalAbly) -> None:
    view, _ = snippets("django")
    shop.is_made_of(view)
    assert shop.run(ORDER_IN_DJANGO) == "201\n"
    assert [message.data for message in server.published("orders")] == [{"id": 1}]


@pytest.mark.skipif(sys.platform == "win32", reason="add_signal_handler is not on Windows")
def test_a_django_command(shop: Shop, server: ThreadedLocalAbly) -> None:
    _, command = snippets("django")
    shop.is_made_of(command)
    with shop.start(LISTEN_IN_DJANGO) as process:
        server.wait_until_sync(lambda: server.attached("orders"), timeout=PATIENCE * 1_000)
        with AblyRestSync(**server.client_options()) as rest:
            rest.channels.get("orders").publish("created", {"id": 7})
        assert process.stdout is not None
        assert process.stdout.readline() == "booked 7\n"
        process.send_signal(signal.SIGTERM)
        assert ended(process) == ""
    server.wait_until_sync(lambda: not server.connections)


@pytest.mark.skipif(sys.platform == "win32", reason="Celery forks no processes on Windows")
def test_celery(shop: Shop, server: ThreadedLocalAbly, tmp_path: Path) -> None:
    for folder in ("queue", "control"):
        (tmp_path / folder).mkdir()
    publisher, _ = snippets("celery")
    shop.is_made_of(publisher)
    with shop.start(CELERY, "worker") as worker:
        shop.run(CELERY, "42", "50")
        server.wait_until_sync(lambda: server.published("job:42"), timeout=PATIENCE * 1_000)
        worker.send_signal(signal.SIGTERM)
        ended(worker)
    assert [message.data for message in server.published("job:42")] == [{"percent": 50}]


async def test_a_celery_task_that_waits(shop: Shop, server: ThreadedLocalAbly) -> None:
    _, waiting = snippets("celery")
    shop.is_made_of(waiting)
    async with AblyRealtime(**server.client_options()) as client:
        channel = client.channels.get("questions")

        async def answer(message: Any) -> None:
            await channel.publish("answer", f"{message.data} is 42")

        await channel.subscribe("question", answer)
        process = shop.start(ASK_IN_CELERY)
        await server.wait_until(
            lambda: len(server.published("questions")) == 2, timeout=PATIENCE * 1_000
        )
        with process:
            assert ended(process) == "6 times 7 is 42\n"


def test_jupyter(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "cells.json").write_text(json.dumps(snippets("jupyter")), encoding="utf-8")
    assert shop.run(NOTEBOOK) == str(["21.0\n", "{'celsius': 20.5}\n"]) + "\n"
