"""What users receive travels, compares and prints as plain values do."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest

from ably_realtime import AblyError, Annotation, Channel, Message, PresenceMessage
from tests.uts.harness import complete
from tests.uts.harness.channels import CHANNEL, ChannelServer
from tests.uts.harness.frames import error, message
from tests.uts.harness.messages import collect, failure, send
from tests.uts.harness.presence import Wire, member, presence

FULL = {
    "name": "n",
    "data": '{"a": [1, null]}',
    "encoding": "json",
    "clientId": "ann",
    "id": "i",
    "extras": {"headers": {"k": "v"}},
    "serial": "s",
    "version": {"serial": "v", "timestamp": 5, "metadata": {"m": "1"}},
    "annotations": {"summary": {"reaction:distinct.v1": {"like": {"total": 1}}}},
}


async def one_of_each(channel: Channel, server: ChannelServer) -> list[Any]:
    """A message, a presence message, an annotation and a state change, as received."""
    messages = await collect(channel)
    members = await collect(channel.presence)
    annotations = await collect(channel.annotations)
    changes: list[Any] = []
    channel.on(changes.append)
    entering = member("ann", "other", Wire.ENTER, data="here")
    annotation = {"type": "reaction:distinct.v1", "name": "like", "action": 0, "data": "d"}
    await send(
        server,
        message(CHANNEL, FULL),
        presence(CHANNEL, entering),
        {"action": 21, "channel": CHANNEL, "annotations": [annotation]},
        error(40160, 401, "not yours", channel=CHANNEL),
    )
    received = [messages[0], members[0], annotations[0], changes[0]]
    assert [type(item) for item in received[:3]] == [Message, PresenceMessage, Annotation]
    return received


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))  # noqa: S301  # our own


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, pickled])
async def test_what_was_received_can_be_copied_and_pickled(
    channel: Channel, server: ChannelServer, again: Any
) -> None:
    """To hand it to another process, for instance."""
    *values, change = await one_of_each(channel, server)
    assert [again(value) for value in values] == values
    travelled = again(change)
    assert (travelled.previous, travelled.current) == ("attached", "failed")
    assert travelled.reason.code == change.reason.code == 40160


async def test_states_are_their_names(channel: Channel) -> None:
    assert f"{channel.state}" == "attached"
    assert channel.state == "attached"
    assert json.dumps({"state": channel.state}) == '{"state": "attached"}'


@pytest.mark.parametrize(
    "misuse",
    [
        lambda channel: channel.on("atached", print),
        lambda channel: channel.once("atached", print),
        lambda channel: channel.off("atached", print),
        lambda channel: channel.when_state("atached", print),
        lambda channel: channel.on("attached"),
        lambda channel: channel.on(),
    ],
)
async def test_bad_arguments_of_listening_are_our_errors_too(channel: Channel, misuse: Any) -> None:
    with pytest.raises(AblyError) as caught:
        misuse(channel)
    assert caught.value.code == 40000


async def test_a_misspelt_state_is_named_with_those_that_exist(channel: Channel) -> None:
    error = await failure(channel.once_async("atached"))
    assert error.code == 40000
    assert "atached" in error.message
    assert "attached" in f"{error.message} {error.hint}"


async def test_publishing_leaves_the_callers_objects_alone(
    channel: Channel, server: ChannelServer
) -> None:
    mine = Message(name="n", data={"a": [1]}, extras={"headers": {}})
    before = copy.deepcopy(mine)
    await complete(channel.publish(mine))
    await complete(channel.publish([mine, mine]))
    assert mine == before
