"""Many threads, many clients, and event loops that run already."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import flask

from ably_local import ThreadedLocalAbly
from ably_realtime.sync import AblyRealtime
from tests.integration.sync.conftest import MakeClient

THREADS = 50
EACH = 5


def test_threads_publish_at_once_and_each_has_its_own_result(
    client: AblyRealtime, server: ThreadedLocalAbly
) -> None:
    together = threading.Barrier(THREADS)
    channel = client.channels.get("orders")

    def publish(thread: int) -> list[tuple[str | None, str]]:
        together.wait()
        data = [f"{thread} {number}" for number in range(EACH)]
        return [(channel.publish("created", each).serials[0], each) for each in data]

    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(publish, range(THREADS)))

    published = [(message.serial, message.data) for message in server.published("orders")]
    assert sorted(published) == sorted(result for thread in results for result in thread)
    for thread in results:
        assert [entry for entry in published if entry in thread] == thread


def test_threads_that_come_first_at_once_share_one_connection(
    make_client: MakeClient, server: ThreadedLocalAbly
) -> None:
    together = threading.Barrier(THREADS)
    client = make_client()

    def use(_: int) -> object:
        together.wait()
        return client.channels.get("orders")

    with ThreadPoolExecutor(THREADS) as pool:
        channels = set(pool.map(use, range(THREADS)))
    client.connection.when_state("connected")
    assert len(channels) == 1
    assert len(server.connections) == 1


def test_clients_share_one_loop(make_client: MakeClient) -> None:
    clients = [make_client() for _ in range(5)]
    for client in clients:
        client.connection.when_state("connected")
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("ably-realtime") == 1
    clients[0].close()
    assert clients[1].connection.ping() >= 0


def test_a_closed_client_leaves_no_callback_thread(make_client: MakeClient) -> None:
    client = make_client()
    heard = threading.Event()
    threads: list[threading.Thread] = []

    def listener(_: object) -> None:
        threads.append(threading.current_thread())
        heard.set()

    client.channels.get("orders").subscribe(listener)
    client.channels.get("orders").publish("created", None)
    assert heard.wait(10)
    client.close()
    threads[0].join(10)
    assert not threads[0].is_alive()


async def test_it_works_in_a_notebook(server: ThreadedLocalAbly) -> None:
    """There an event loop runs already, in the thread of the cells."""
    with AblyRealtime(**server.client_options()) as client:
        channel = client.channels.get("orders")
        with channel.messages(timeout=10_000) as stream:
            channel.publish("created", "1")
            assert next(stream).data == "1"
        await asyncio.to_thread(channel.publish, "created", "2")
    assert [message.data for message in server.published("orders")] == ["1", "2"]


def test_flask_views_publish(make_client: MakeClient, server: ThreadedLocalAbly) -> None:
    app = flask.Flask(__name__)
    client = make_client()

    @app.post("/orders/<int:number>")
    def create(number: int) -> dict[str, object]:
        result = client.channels.get("orders").publish("created", {"id": number}, timeout=10_000)
        return {"serials": result.serials}

    def order(number: int) -> str:
        answer = app.test_client().post(f"/orders/{number}")
        assert answer.status_code == 200
        (serial,) = answer.get_json()["serials"]
        return str(serial)

    with ThreadPoolExecutor(8) as workers:
        serials = list(workers.map(order, range(16)))
    found = {message.serial: message.data["id"] for message in server.published("orders")}
    assert [found[serial] for serial in serials] == list(range(16))
