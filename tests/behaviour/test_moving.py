"""The guide for those who come from `ably` 3.x: each row of its tables is a test."""

from __future__ import annotations

import ast
import asyncio
import dataclasses
import datetime
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from ably import AblyAuthException, AblyException, AblyRest
from ably import ChannelMode as TheirMode
from ably import ChannelOptions as TheirOptions
from ably.types.connectionstate import ConnectionState as TheirState
from ably.types.presence import PresenceMessage as TheirPresenceMessage

from ably_realtime import (
    AblyError,
    AblyRealtime,
    Channel,
    ChannelMode,
    ChannelOptions,
    ConnectionState,
    Message,
    PresenceMessage,
)
from tests.behaviour.scene import new_server
from tests.uts.harness import KEY, ClientFactory, complete, settle
from tests.uts.harness.channels import CHANNEL, ChannelServer, answer_with, rest_channel
from tests.uts.harness.frames import Action, connected, message
from tests.uts.harness.messages import begin, collect, connect, failure, send
from tests.uts.harness.presence import Wire, member, presence

Test = TypeVar("Test", bound=Callable[..., Any])

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "moving-from-ably.md"
covered: list[str] = []
"""The rows that the tests below are about, by how they begin."""


def row(beginning: str) -> Callable[[Test], Test]:
    """Say which row of "What differs" a test is about."""
    covered.append(beginning)
    return lambda test: test


def rows(heading: str) -> list[str]:
    """The first cells of the table under a heading."""
    _, _, rest = GUIDE.read_text(encoding="utf-8").partition(f"## {heading}\n")
    section, _, _ = rest.partition("\n## ")
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [line.split(" | ")[0].removeprefix("| ") for line in lines[1:]]


def test_each_difference_has_a_test() -> None:
    told = rows("What differs")
    assert len(told) == len(covered)
    assert [next((b for b in covered if cell.startswith(b)), cell) for cell in told] == covered


# The first words of a row, and the tests that show it: of each file, one or several.
PEERS = "tests/behaviour/test_peers_"
FALLBACK = "tests/integration/test_fallback_hosts.py"
CONNECTION = "tests/integration/test_connection.py"
DELETED = {
    "After DISCONNECTED": {CONNECTION: "test_disconnected_without_a_fallback_reconnects"},
    "An error of": {CONNECTION: "test_connection_error_fails_channels_and_publishes"},
    "After a resume": {CONNECTION: "test_failed_resume_renumbers"},
    "A publish while": {CONNECTION: "test_publish_while_connecting_is_sent_once"},
    "`publish()` on a dead": {CONNECTION: "test_publish_on_a_dead_socket"},
    "`connect()` while": {CONNECTION: "test_connect_takes_over_from_a_retry_timer"},
    "A refused connection": {
        CONNECTION: "test_refused_connection_ends_the_attempt",
        FALLBACK: "test_refused_primary",
    },
    "The retry delay": {
        CONNECTION: "test_retry_delays_grow_and_vary",
        f"{PEERS}missing.py": "test_retry_in",
    },
    "A server that restarts": {CONNECTION: "test_server_restarted_at_once"},
    "An idle connection": {CONNECTION: "test_alive_by_websocket_pings_alone"},
    "The option `port`": {CONNECTION: "test_port_option"},
    "The connectivity check": {FALLBACK: "test_connectivity_check_does_not_block_the_loop"},
    "INFO logs": {"tests/integration/test_secrets.py": "test_secrets_stay_secret"},
    "A REST call": {CONNECTION: "test_rest_calls_leave_the_socket_alone"},
    "Each cold call": {
        "tests/integration/auth/test_sharing.py": (
            "test_a_hundred_refused_calls_and_five_clients_need_one_token"
        )
    },
    "A client cannot": {CONNECTION: "test_client_made_outside_a_loop"},
    "A message named": {f"{PEERS}listeners.py": "test_a_message_named_error"},
    "One bad payload": {f"{PEERS}messages.py": "test_one_bad_payload_in_a_batch_of_three"},
    "`functools.partial`": {"tests/behaviour/test_listeners.py": "test_any_callable_is_a_listener"},
    "One listener on": {f"{PEERS}listeners.py": "test_one_listener_on_two_events"},
    "A state listener": {
        f"{PEERS}listeners.py": "test_a_state_listener_that_creates_channels_disturbs_no_other"
    },
    "`attach()` succeeds": {f"{PEERS}channels.py": "test_attach_when_detached_arrives_instead"},
    "`detach()` and": {
        f"{PEERS}channels.py": "test_detach_without_an_answer test_set_options_without_an_answer"
    },
    "A cancelled": {CONNECTION: "test_cancelled_once_async"},
    "A message without": {f"{PEERS}messages.py": "test_a_message_without_an_action"},
    "The server's": {f"{PEERS}messages.py": "test_a_max_message_size_from_the_server"},
    "A client with a key": {
        "tests/uts/realtime/unit/presence/test_realtime_presence_enter.py": "test_enter_for_others"
    },
    "Deltas need": {"tests/examples/test_examples.py": "test_iot_fan_in"},
    "An ACK": {f"{PEERS}messages.py": "test_an_ack_with_more_results_than_messages_pending"},
    "There are no": {
        f"{PEERS}missing.py": (
            "test_recovery_keys test_history_until_attach test_presence_history test_filters "
            "test_derived_channels test_echo_messages test_when_state_is_public test_type_marker"
        )
    },
}


def test_each_deletion_has_a_test() -> None:
    told = rows("What you can delete")
    assert len(told) == len(DELETED)
    for cell, (beginning, tests) in zip(told, DELETED.items(), strict=True):
        assert cell.startswith(beginning)
        for path, names in tests.items():
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            assert set(names.split()) <= {getattr(node, "name", None) for node in tree.body}


# -- what differs, row by row


@row("Some options are refused")
@pytest.mark.parametrize(
    ("name", "value", "instead"),
    [
        ("loop", None, "leave it out"),
        ("log_level", 10, "logger"),
        ("environment", "sandbox", "endpoint="),
        ("rest_host", "rest.example.com", "endpoint="),
        ("realtime_host", "realtime.example.com", "endpoint="),
        ("key_name", "app.key", "keyname:secret"),
        ("key_secret", "secret", "keyname:secret"),
    ],
)
def test_options_of_theirs_alone(name: str, value: object, instead: str) -> None:
    options: dict[str, Any] = {name: value}
    with pytest.raises(AblyError, match=name) as caught:
        AblyRealtime(KEY, **options)
    assert instead in str(caught.value.hint).lower()


@row("A misspelt option")
def test_a_misspelt_option() -> None:
    options: dict[str, Any] = {"realtime_request_timeuot": 1_000}
    with pytest.raises(AblyError) as caught:
        AblyRealtime(KEY, **options)
    assert "'realtime_request_timeout'" in str(caught.value.hint)


@row("A key needs TLS")
def test_a_key_without_tls() -> None:
    with pytest.raises(AblyError, match="without TLS") as caught:
        AblyRealtime(KEY, tls=False)
    assert "use_token_auth" in str(caught.value.hint)


@row("The client is no `AblyRest`")
async def test_the_client_has_a_rest_client(create_client: ClientFactory) -> None:
    client = create_client(key=KEY, auto_connect=False)
    assert not isinstance(client, AblyRest)
    assert isinstance(client.rest, AblyRest)
    assert client.auth is client.rest.auth
    assert client.push is client.rest.push


@row("The state of the connection in detail")
async def test_the_details_of_a_connection(
    create_client: ClientFactory, server: ChannelServer
) -> None:
    client = await connect(create_client, server, client_id="me")
    connection = client.connection
    assert (connection.id, connection.key) == ("connection-id", "connection-key")
    assert connection.details.connection_state_ttl == 120_000
    assert not hasattr(connection, "connection_details")
    assert not hasattr(connection, "connection_manager")


@row("A state prints as its name")
def test_states_are_their_names_and_equal_to_theirs() -> None:
    assert str(ConnectionState.CONNECTED) == "connected" == f"{ConnectionState.CONNECTED}"
    assert ConnectionState.CONNECTED.value == "connected"
    theirs: list[Any] = [TheirState(state) for state in ConnectionState]
    assert theirs == list(ConnectionState)


@row("`once_async(state)` returns")
async def test_waiting_for_a_state_that_is_there_or_cannot_come(client: AblyRealtime) -> None:
    assert await complete(client.connection.once_async("connected")) is None
    await complete(client.close())
    assert (await failure(client.connection.once_async("connected"))).code == 80017
    assert (await failure(client.connection.once_async())).code == 80017


async def test_waiting_for_the_next_change_whichever_it_is(
    client: AblyRealtime, channel: Channel
) -> None:
    waits = [await begin(waiter.once_async()) for waiter in (client.connection, channel)]
    await complete(channel.detach())
    await complete(client.close())
    changes = [await complete(wait) for wait in waits]
    assert [change.current for change in changes if change] == ["closing", "detaching"]


@row("`once_async` waits for states only")
async def test_waiting_for_an_update(client: AblyRealtime, server: ChannelServer) -> None:
    assert "there is no 'update'" in (await failure(client.connection.once_async("update"))).message
    updates: list[Any] = []
    client.connection.once("update", updates.append)
    await send(server, connected())
    assert [change.event for change in updates] == ["update"]


@row("State listeners run in the order")
async def test_the_order_of_state_listeners(client: AblyRealtime) -> None:
    told: list[str] = []
    client.connection.on(lambda _: told.append("any"))
    client.connection.on("closing", lambda _: told.append("closing"))
    client.connection.on(lambda _: told.append("any again"))
    await complete(client.close())
    assert told[:3] == ["any", "closing", "any again"]


@row("An async listener takes messages")
async def test_an_async_listener_is_not_run_twice_at_once(
    channel: Channel, server: ChannelServer
) -> None:
    told: list[str] = []
    may_go_on = asyncio.Event()

    async def listener(received: Message) -> None:
        told.append(f"begin {received.name}")
        await may_go_on.wait()
        told.append(f"end {received.name}")

    await complete(channel.subscribe(listener))
    await send(server, message(CHANNEL, {"name": "1"}, {"name": "2"}))
    assert told == ["begin 1"]
    may_go_on.set()
    await settle()
    assert told == ["begin 1", "end 1", "begin 2", "end 2"]


@row("A bad argument raises")
async def test_a_bad_argument(channel: Channel) -> None:
    subscribe: Any = channel.subscribe
    assert "callable" in (await failure(subscribe())).message
    assert "callable" in (await failure(subscribe("created", None))).message


@row("Every error is an `AblyError`")
async def test_one_class_for_all_errors(channel: Channel) -> None:
    refused = await failure(channel.publish(Message("a", client_id="somebody")))
    assert isinstance(refused, AblyException)
    assert type(refused) is AblyError
    assert refused.code == 40012
    with pytest.raises(AblyException) as caught:
        AblyRealtime(KEY, tls=False)
    assert not isinstance(caught.value, AblyAuthException)
    assert caught.value.status_code == 401


@row("`presence.get()` returns")
async def test_members_are_a_list(channel: Channel, server: ChannelServer) -> None:
    await send(server, presence(CHANNEL, member("ann", "other", Wire.ENTER)))
    members = await complete(channel.presence.get(wait_for_sync=False))
    assert isinstance(members, list)
    assert [each.client_id for each in members] == ["ann"]


@row("A presence message has its")
async def test_the_time_of_a_presence_message(channel: Channel, server: ChannelServer) -> None:
    received = await collect(channel.presence)
    await send(
        server, presence(CHANNEL, {**member("ann", "other", Wire.ENTER), "timestamp": 1_000})
    )
    assert [each.timestamp for each in received] == [1_000]
    theirs: Any = TheirPresenceMessage.from_encoded({"timestamp": 1_000})
    assert theirs.timestamp == datetime.datetime(1970, 1, 1, 0, 0, 1)


@row("Binary data arrives")
async def test_binary_data(channel: Channel, server: ChannelServer) -> None:
    received = await collect(channel)
    await send(server, message(CHANNEL, {"data": "AAE=", "encoding": "base64"}))
    assert type(received[0].data) is bytes
    assert received[0].data == b"\x00\x01"


@row("Messages are dataclasses")
def test_messages_as_dicts() -> None:
    assert dataclasses.asdict(Message("a", {"b": 1}))["data"] == {"b": 1}
    assert dataclasses.asdict(PresenceMessage(client_id="me"))["client_id"] == "me"


@row("`channel.modes` is a set")
async def test_modes_of_both(create_client: ClientFactory) -> None:
    client = await connect(create_client, new_server())
    channel = client.channels.get(CHANNEL, TheirOptions(modes=[TheirMode.PUBLISH]))
    assert channel.options == ChannelOptions(modes=[ChannelMode.PUBLISH])
    assert ChannelOptions(modes=[TheirMode.PUBLISH]) == channel.options  # type: ignore[list-item]
    await complete(channel.attach())
    assert isinstance(channel.modes, frozenset)
    assert {TheirMode.PUBLISH, ChannelMode.PUBLISH} <= channel.modes


@row("`history` takes its parameters")
async def test_history_by_name(create_client: ClientFactory) -> None:
    http = answer_with([])
    channel: Any = rest_channel(create_client, http)
    with pytest.raises(TypeError, match="positional"):
        await channel.history("forwards")
    await complete(channel.history(direction="forwards"))
    assert http.requests[0].url.params["direction"] == "forwards"


@row("`channels[")
def test_channels_by_name(create_client: ClientFactory) -> None:
    channels: Any = create_client(key=KEY, auto_connect=False).channels
    assert channels["orders"] is channels.get("orders")
    assert not hasattr(channels, "orders")


@row("`channels.release(name)` detaches")
async def test_releasing_detaches(
    client: AblyRealtime, channel: Channel, server: ChannelServer
) -> None:
    await complete(client.channels.release(CHANNEL))
    assert server.sent_with(Action.DETACH)
    assert client.channels.get(CHANNEL) is not channel


@row("The logger is")
async def test_the_logger(client: AblyRealtime, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await complete(client.close())
    assert {entry.name.partition(".")[0] for entry in caplog.records} == {"ably_realtime"}


@row("A client that was never closed")
async def test_a_client_that_was_never_closed(server: ChannelServer) -> None:
    client = AblyRealtime(KEY, transport=server)
    with pytest.warns(ResourceWarning, match="was not closed"):
        del client
    await settle()


# -- what the guide says without a table


async def test_channel_options_in_every_form(client: AblyRealtime) -> None:
    wanted = ChannelOptions(params={"rewind": "1"})
    get = client.channels.get
    assert get("1", TheirOptions(params={"rewind": "1"})).options == wanted
    assert get("2", {"params": {"rewind": "1"}}).options == wanted
    assert get("3", params={"rewind": "1"}).options == wanted
    with pytest.raises(AblyError, match="not both"):
        get("4", wanted, modes=[ChannelMode.PUBLISH])


async def test_params_of_an_annotation(channel: Channel, server: ChannelServer) -> None:
    operation = await begin(channel.annotations.publish("s", {"type": "t"}, {"a": 1, "b": True}))
    (frame,) = server.sent_with(Action.ANNOTATION)
    assert frame["params"] == {"a": "1", "b": "true"}
    operation.cancel()
