"""Arguments that make no sense are refused at once, by an error that names them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from ably_realtime import AblyRealtime, Channel, ChannelOptions
from tests.behaviour.scene import come, say
from tests.uts.harness import complete
from tests.uts.harness.channels import ChannelServer
from tests.uts.harness.frames import Action
from tests.uts.harness.messages import failure, send

# `Any`, as most of these calls are type errors.
MISUSES: dict[str, Callable[[Any, Any], Any]] = {
    "a channel name that is no text": lambda client, _: client.channels.get(5),
    "an empty channel name": lambda client, _: client.channels.get(""),
    "a channel option that is misspelt": lambda client, _: client.channels.get("a", {"moeds": []}),
    "channel options twice": lambda client, _: client.channels.get("a", ChannelOptions(), modes=[]),
    "no channel options": lambda _, channel: channel.set_options(None),
    "modes by name": lambda client, _: ChannelOptions(modes=["subscribe"]),  # type: ignore[list-item]
    "params as a list": lambda client, _: ChannelOptions(params=["rewind"]),  # type: ignore[arg-type]
    "a filter that is no DeriveOptions": lambda client, _: client.channels.get_derived("a", "x"),
    "a message name that is no text": lambda _, channel: channel.subscribe(5, print),
    "a list of names that are no text": lambda _, channel: channel.subscribe(["a", 5], print),
    "no name at all": lambda _, channel: channel.subscribe([], print),
    "a listener that is none": lambda _, channel: channel.subscribe("a", None),
    "a presence action that is none": lambda _, channel: channel.presence.subscribe("enetr", print),
    "an annotation type that is no text": lambda _, channel: channel.annotations.subscribe(
        5, print
    ),
    "a buffer that is no number": lambda _, channel: channel.messages(max_pending="5"),
    "a state listener that is none": lambda _, channel: channel.when_state("attached", None),
    "a gap listener that is none": lambda _, channel: channel.on_discontinuity("attached"),
    "params of a publish that are no dict": lambda _, channel: channel.publish("a", params=5),
    "nothing to publish": lambda _, channel: channel.publish([]),
    "a payload that is a number": lambda _, channel: channel.publish("a", 5),
    "a message field that is misspelt": lambda _, channel: channel.publish({"nmae": "a"}),
    "a client id that is no text": lambda _, channel: channel.presence.enter_client(5),
    "an update without a serial": lambda _, channel: channel.update_message({"data": "a"}),
    "an annotation without a type": lambda _, channel: channel.annotations.publish("s", {}),
}


@pytest.mark.parametrize("misuse", MISUSES)
async def test_it_is_refused(
    client: AblyRealtime, channel: Channel, server: ChannelServer, misuse: str
) -> None:
    async def call() -> None:
        outcome = MISUSES[misuse](client, channel)
        if inspect.isawaitable(outcome):
            await outcome

    sent = len(server.sent)
    error = await failure(call())
    assert 40000 <= error.code < 40100
    assert error.status_code == 400
    assert len(server.sent) == sent
    await complete(channel.publish("all is well"))
    assert len(server.sent_with(Action.MESSAGE)) == 1


# What the types allow works


@pytest.mark.parametrize("kind", [list, tuple, set, dict.fromkeys, iter])
async def test_any_iterable_of_names_selects_messages(
    channel: Channel, server: ChannelServer, kind: Callable[[list[str]], Iterable[str]]
) -> None:
    heard: list[str | None] = []
    names = kind(["a", "b"])
    await complete(channel.subscribe(names, lambda message: heard.append(message.name)))
    await say(server, "a", "b", "c")
    assert heard == ["a", "b"]


async def test_any_iterable_of_names_selects_what_is_iterated(
    channel: Channel, server: ChannelServer
) -> None:
    async with channel.messages(name for name in "b") as stream:
        await say(server, "a", "b")
        assert (await complete(anext(stream))).name == "b"


async def test_any_iterable_of_actions_selects_presence(
    channel: Channel, server: ChannelServer
) -> None:
    heard: list[Any] = []
    actions = (action for action in ("enter", "leave"))
    await complete(channel.presence.subscribe(actions, heard.append))
    await come(server, "ann")
    assert len(heard) == 1


async def test_any_iterable_of_types_selects_annotations(
    channel: Channel, server: ChannelServer
) -> None:
    heard: list[Any] = []
    await complete(channel.annotations.subscribe((t for t in ("like",)), heard.append))
    annotation = {"type": "like"}
    frame = {"action": Action.ANNOTATION, "channel": channel.name, "annotations": [annotation]}
    await send(server, frame)
    assert len(heard) == 1
