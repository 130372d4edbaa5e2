"""What a script does with the synchronous client, against a server in another thread."""

from __future__ import annotations

import gc
import threading
from queue import Queue
from typing import Any

import pytest
from ably.sync import AblyRestSync

from ably_local import ErrorInfo, ThreadedLocalAbly
from ably_realtime.sync import (
    AblyError,
    AblyRealtime,
    Annotation,
    ChannelMode,
    ChannelOptions,
    Message,
    PresenceMessage,
    PublishResult,
)
from tests.integration.sync.conftest import MakeClient

PATIENCE = 10_000
"""Milliseconds after which something that takes a few is taken for broken."""
SECONDS = PATIENCE / 1000


def test_a_message_is_published_and_heard(client: AblyRealtime, server: ThreadedLocalAbly) -> None:
    heard = Queue[Message]()
    channel = client.channels.get("orders")
    channel.subscribe("created", heard.put)
    result = channel.publish("created", {"id": 1})
    assert isinstance(result, PublishResult)
    assert heard.get(timeout=SECONDS).serial == result.serials[0]
    assert [message.data for message in server.published("orders")] == [{"id": 1}]


def test_it_works_without_with(server: ThreadedLocalAbly) -> None:
    client = AblyRealtime(**server.client_options())
    assert client.connection.state == "initialized"
    client.channels.get("orders").publish("created", "1")
    assert client.connection.state == "connected"
    client.close()
    assert client.connection.state == "closed"
    client.close()
    assert not any(connection.is_connected for connection in server.connections)


def test_it_can_connect_again(client: AblyRealtime) -> None:
    heard = Queue[Message]()
    channel = client.channels.get("orders")
    channel.subscribe(heard.put)
    client.close()
    client.connect()
    client.connection.when_state("connected", timeout=PATIENCE)
    channel.attach()
    channel.publish("again", "here")
    assert heard.get(timeout=SECONDS).data == "here"


def test_it_waits_to_connect_if_told(make_client: MakeClient) -> None:
    client = make_client(auto_connect=False)
    assert client.channels.get("orders").state == "initialized"
    assert client.connection.state == "initialized"
    client.connect()
    client.connection.when_state("connected", timeout=PATIENCE)


def test_closing_what_was_never_used_connects_nowhere(server: ThreadedLocalAbly) -> None:
    AblyRealtime(**server.client_options()).close()
    assert server.frames == []


def test_a_forgotten_client_warns(server: ThreadedLocalAbly) -> None:
    def forget() -> None:
        AblyRealtime(**server.client_options()).connection.when_state("connected")

    with pytest.warns(ResourceWarning, match="AblyRealtime client was not closed"):  # noqa: PT031
        forget()
        gc.collect()
    server.wait_until_sync(lambda: not any(c.is_connected for c in server.connections))


def test_a_channel_keeps_its_client(server: ThreadedLocalAbly) -> None:
    channel = AblyRealtime(**server.client_options()).channels.get("orders")
    gc.collect()
    channel.publish("created", "1")
    assert len(server.published("orders")) == 1
    with pytest.warns(ResourceWarning, match="AblyRealtime client was not closed"):  # noqa: PT031
        del channel
        gc.collect()
    server.wait_until_sync(lambda: not any(c.is_connected for c in server.connections))


def test_options_that_cannot_work_are_refused(server: ThreadedLocalAbly) -> None:
    options: dict[str, Any] = server.client_options()
    with AblyRestSync(**options) as rest, pytest.raises(AblyError, match="takes no rest="):
        AblyRealtime(rest=rest)  # type: ignore[call-arg]
    with pytest.raises(AblyError, match="callback_executor is"):
        AblyRealtime(**options, callback_executor="main")  # type: ignore[arg-type]
    with pytest.raises(AblyError, match="no way to authenticate"):
        AblyRealtime()


# Timeouts


def test_a_wait_ends_after_its_timeout(client: AblyRealtime) -> None:
    channel = client.channels.get("never")
    with pytest.raises(TimeoutError, match="within 10 ms"):
        channel.when_state("attached", timeout=10)
    with pytest.raises(AblyError, match="number of milliseconds"):
        channel.attach(timeout=-1)


def test_what_was_asked_for_outlives_the_wait(
    make_client: MakeClient, server: ThreadedLocalAbly
) -> None:
    client = make_client(disconnected_retry_timeout=10)
    client.connection.when_state("connected")
    channel = client.channels.get("orders")
    with server.faults.refuse_connections():
        with client.connection.changes() as changes:
            server.faults.drop_connections()
            assert next(changes).current == "disconnected"
        with pytest.raises(TimeoutError):
            channel.publish("created", "while away", timeout=1)
        assert server.published("orders") == []

    server.wait_until_sync(lambda: server.published("orders"))


def test_an_operation_fails_as_its_own_error(
    client: AblyRealtime, server: ThreadedLocalAbly
) -> None:
    server.faults.fail_requests(ErrorInfo(50003, 504, "too late"))
    with pytest.raises(AblyError, match="too late"):
        client.channels.get("orders").history(timeout=PATIENCE)
    with pytest.raises(AblyError, match="payload is text"):
        client.channels.get("orders").publish("created", object())


# Iterating


def test_messages_are_iterated_over(client: AblyRealtime) -> None:
    channel = client.channels.get("orders")
    with channel.messages("created", timeout=PATIENCE) as stream:
        for number in range(3):
            channel.publish("created", str(number))
        assert [next(stream).data for _ in range(3)] == ["0", "1", "2"]
    assert list(stream) == []


def test_iterating_alone_subscribes_for_the_loop(
    client: AblyRealtime, server: ThreadedLocalAbly
) -> None:
    channel = client.channels.get("orders")
    publisher = threading.Thread(
        target=lambda: (
            server.wait_until_sync(lambda: server.attached("orders")),
            channel.publish("created", "1"),
        )
    )
    publisher.start()
    for message in channel.messages(timeout=PATIENCE):
        assert message.data == "1"
        break
    publisher.join()


def test_a_stream_goes_on_after_a_timeout(client: AblyRealtime) -> None:
    channel = client.channels.get("orders")
    with channel.messages(timeout=1) as stream:
        with pytest.raises(TimeoutError, match="nothing came within 1 ms"):
            next(stream)
        channel.publish([{"name": "a"}, {"name": "b"}])
        names: list[str | None] = []
        while len(names) < 2:
            try:
                names.append(next(stream).name)
            except TimeoutError:
                continue
        assert names == ["a", "b"]


def test_a_stream_overflows_as_it_was_told(client: AblyRealtime) -> None:
    channel = client.channels.get("orders")
    channel.attach()
    seen = Queue[Message]()
    with (
        channel.messages(max_pending=1, timeout=PATIENCE) as strict,
        channel.messages(max_pending=1, overflow="drop_oldest", timeout=PATIENCE) as latest,
    ):
        channel.subscribe("last", seen.put)
        channel.publish([{"name": "first"}, {"name": "second"}, {"name": "last"}])
        seen.get(timeout=SECONDS)
        assert next(strict).name == "first"
        with pytest.raises(AblyError, match="fell more than 1 items behind"):
            next(strict)
        assert next(latest).name == "last"
        assert latest.dropped == 2


def test_a_stream_ends_with_its_channel(client: AblyRealtime) -> None:
    channel = client.channels.get("orders")
    with channel.messages(timeout=PATIENCE) as stream, channel.changes(timeout=PATIENCE) as changes:
        channel.detach()
        assert list(stream) == []
        assert [change.current for change in changes] == ["detaching", "detached"]


def test_a_stream_has_to_be_entered(client: AblyRealtime) -> None:
    with pytest.raises(AblyError, match="before it is entered") as refused:
        next(client.channels.get("orders").messages())
    assert "await" not in str(refused.value)
    assert "async" not in str(refused.value)


def test_each_item_goes_to_one_of_many_threads(client: AblyRealtime) -> None:
    channel = client.channels.get("orders")
    taken = Queue[str]()
    with channel.messages() as stream:

        def take() -> None:
            for message in stream:
                taken.put(message.data)

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for number in range(100):
            channel.publish("created", str(number))
        received = sorted(int(taken.get(timeout=SECONDS)) for _ in range(100))
    for thread in threads:
        thread.join()
    assert received == list(range(100))
    assert taken.empty()


# Everything else


def test_state_changes_are_heard(client: AblyRealtime) -> None:
    changes = Queue[Any]()
    client.connection.on("closing", changes.put)
    client.connection.once(changes.put)
    called = Queue[Any]()
    client.connection.when_state("connected", called.put)
    assert called.get(timeout=SECONDS) is None
    client.close()
    assert [changes.get(timeout=SECONDS).current for _ in range(2)] == ["closing", "closing"]
    assert changes.empty()


def test_listeners_that_are_removed_hear_nothing_that_still_waits(client: AblyRealtime) -> None:
    heard = Queue[str | None]()
    busy, go_on = threading.Event(), threading.Event()
    channel = client.channels.get("orders")

    def keep_busy(_: Message) -> None:
        busy.set()
        go_on.wait(SECONDS)

    def listener(message: Message) -> None:
        heard.put(message.name)

    channel.subscribe("first", keep_busy)
    handle = channel.subscribe("a", listener)
    channel.subscribe("b", listener)
    channel.subscribe("last", listener)
    with channel.messages(timeout=PATIENCE) as stream:
        channel.publish([{"name": "first"}, {"name": "a"}, {"name": "b"}, {"name": "last"}])
        while next(stream).name != "last":
            pass
    assert busy.wait(SECONDS)
    handle.unsubscribe()
    handle.unsubscribe()
    channel.unsubscribe("b", listener)
    go_on.set()
    assert heard.get(timeout=SECONDS) == "last"
    assert heard.empty()


def test_channels_are_one_object_each(client: AblyRealtime) -> None:
    channels = client.channels
    orders = channels.get("orders", ChannelOptions(params={"rewind": "1"}))
    assert channels.get("orders") is orders is channels["orders"]
    assert list(channels) == [orders]
    assert "orders" in channels
    assert len(channels) == 1
    assert orders.presence is orders.presence
    assert repr(orders) == "<Channel 'orders' initialized>"
    channels.release("orders")
    assert "orders" not in channels
    with pytest.raises(AblyError, match="was released"):
        orders.attach()


def test_presence(client: AblyRealtime, make_client: MakeClient) -> None:
    arrivals = Queue[PresenceMessage]()
    presence = make_client().channels.get("room").presence
    presence.subscribe("enter", arrivals.put)
    client.channels.get("room").presence.enter("here")
    assert arrivals.get(timeout=SECONDS).data == "here"
    assert [member.client_id for member in presence.get()] == ["me"]
    client.channels.get("room").presence.leave()


def test_annotations(make_client: MakeClient) -> None:
    modes = [ChannelMode.SUBSCRIBE, ChannelMode.ANNOTATION_SUBSCRIBE, ChannelMode.PUBLISH,
             ChannelMode.ANNOTATION_PUBLISH]  # fmt: skip
    client = make_client(client_id="me")
    channel = client.channels.get("mutable:talk", ChannelOptions(modes=modes))
    liked = Queue[Annotation]()
    channel.annotations.subscribe(liked.put)
    (serial,) = channel.publish("said", "hello").serials
    assert serial is not None
    like = Annotation(type="reaction:distinct.v1", name="like")
    channel.annotations.publish(serial, like)
    assert liked.get(timeout=SECONDS).name == "like"
    page = channel.annotations.get(serial)
    assert [annotation.name for annotation in page.items] == ["like"]


def test_pages_follow_each_other(client: AblyRealtime) -> None:
    channel = client.channels.get("orders")
    channel.attach()
    for number in range(3):
        channel.publish("created", str(number))
    page = channel.history(limit=2, direction="forwards")
    pages = []
    while page is not None:
        pages.append([message.data for message in page.items])
        page = page.next(timeout=PATIENCE) if page.has_next() else None
    assert pages == [["0", "1"], ["2"]]


def test_rest_shares_the_token(make_client: MakeClient) -> None:
    client = make_client()
    client.connection.when_state("connected")
    token = client.auth.token_details.token
    assert client.auth == client.rest.auth
    assert client.rest.auth.token_details.token == token

    channel = client.rest.channels.get("orders")
    channel.publish("created", "over rest")
    assert [message.data for message in channel.history().items] == ["over rest"]
    assert [each.name for each in client.rest.channels] == ["orders"]
    assert "orders" in client.rest.channels
    assert client.rest.auth.token_details.token == token
    assert isinstance(client.time(), int)
    assert client.request("GET", "/time", "3").status_code == 200
    assert client.stats(limit=1).has_next() in (True, False)
    assert client.push.admin.device_registrations.list().items == []


def test_a_renewed_token_is_used_by_both(client: AblyRealtime) -> None:
    before = client.auth.token_details.token
    renewed = client.auth.authorize()
    assert renewed.token != before
    assert client.rest.auth.token_details.token == renewed.token


def test_an_auth_callback_may_block(server: ThreadedLocalAbly, make_client: MakeClient) -> None:
    """It uses the other client, whose event loop is the same."""
    with AblyRestSync(server.key) as signer:
        other = make_client()

        def sign(params: Any) -> Any:
            assert isinstance(other.time(timeout=PATIENCE), int)
            return signer.auth.create_token_request({"client_id": "alice"})

        client = make_client(key=None, auth_callback=sign)
        client.connection.when_state("connected", timeout=PATIENCE)
        assert client.client_id == "alice"
        client.auth.authorize(None, {"auth_callback": sign}, timeout=PATIENCE)
