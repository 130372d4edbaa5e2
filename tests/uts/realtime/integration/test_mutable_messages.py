"""RTL28, RTL31, RTL32, RTAN: messages that change, and annotations."""

from __future__ import annotations

from typing import Any

import pytest
from ably.http.paginatedresult import PaginatedResult

from ably_realtime import (
    Annotation,
    AnnotationAction,
    Channel,
    ChannelMode,
    ChannelOptions,
    Message,
    MessageAction,
    MessageOperation,
    UpdateDeleteResult,
)
from tests.integration.live import eventually, reach
from tests.integration.sandbox import Sandbox, unique
from tests.uts.realtime.integration.pair import join

ANNOTATES = ChannelOptions(
    modes=[
        ChannelMode.PUBLISH,
        ChannelMode.SUBSCRIBE,
        ChannelMode.ANNOTATION_PUBLISH,
        ChannelMode.ANNOTATION_SUBSCRIBE,
    ]
)
HEARS_ANNOTATIONS = ChannelOptions(modes=[ChannelMode.SUBSCRIBE, ChannelMode.ANNOTATION_SUBSCRIBE])
LIKE = Annotation(type="com.ably.reactions", name="like")
HEART = Annotation(type="com.ably.reactions", name="heart")
COMMENT = Annotation(type="com.example.comments", name="comment")


class Story:
    """A channel on which one client publishes, and what another hears there."""

    def __init__(self, channel: Channel, received: list[Message]) -> None:
        self.channel = channel
        self.received = received

    async def publish(self, name: str, data: str) -> str:
        """Publish the message that is to change; return its serial."""
        await self.channel.publish(name, data)
        await self.hear(1)
        serial = self.received[0].serial
        assert serial
        return serial

    async def hear(self, count: int) -> Message:
        """The last message when so many have been heard."""
        await eventually(lambda: len(self.received) >= count, waiting_for=f"message {count}")
        return self.received[count - 1]


async def story(sandbox: Sandbox, prefix: str, *, binary: bool) -> Story:
    name = unique(f"mutable:{prefix}")
    teller = await join(sandbox, name, use_binary_protocol=binary)
    listener = await join(sandbox, name, use_binary_protocol=binary)
    received: list[Message] = []
    await listener.channel.subscribe(received.append)
    await teller.channel.attach()
    return Story(teller.channel, received)


def assert_version(result: Any) -> None:
    assert isinstance(result, UpdateDeleteResult)
    assert result.version_serial


@pytest.mark.uts("realtime/integration/RTL32/update-message-observed-0")
async def test_update(sandbox: Sandbox, binary: bool) -> None:
    its = await story(sandbox, "rt-update", binary=binary)
    serial = await its.publish("original", "v1")

    result = await its.channel.update_message(
        Message(serial=serial, name="updated", data="v2"),
        operation=MessageOperation(description="edited"),
    )
    update = await its.hear(2)

    assert_version(result)
    original = its.received[0]
    assert original.action is MessageAction.MESSAGE_CREATE
    assert (original.name, original.data) == ("original", "v1")
    assert update.action is MessageAction.MESSAGE_UPDATE
    assert (update.name, update.data, update.serial) == ("updated", "v2", serial)


@pytest.mark.uts("realtime/integration/RTL32/delete-message-observed-1")
async def test_delete(sandbox: Sandbox, binary: bool) -> None:
    its = await story(sandbox, "rt-delete", binary=binary)
    serial = await its.publish("to-delete", "ephemeral")

    result = await its.channel.delete_message(Message(serial=serial))
    deletion = await its.hear(2)

    assert_version(result)
    assert deletion.action is MessageAction.MESSAGE_DELETE
    assert deletion.serial == serial


@pytest.mark.uts("realtime/integration/RTL32/append-message-observed-2")
async def test_append(sandbox: Sandbox, binary: bool) -> None:
    its = await story(sandbox, "rt-append", binary=binary)
    serial = await its.publish("appendable", "original")

    result = await its.channel.append_message(
        Message(serial=serial, data="appended-data"),
        operation=MessageOperation(description="thread reply"),
    )
    appended = await its.hear(2)

    assert_version(result)
    assert appended.action is MessageAction.MESSAGE_APPEND
    assert (appended.data, appended.serial) == ("appended-data", serial)


@pytest.mark.uts("realtime/integration/RTL32/full-mutation-lifecycle-3")
async def test_whole_life(sandbox: Sandbox, binary: bool) -> None:
    its = await story(sandbox, "rt-lifecycle", binary=binary)
    serial = await its.publish("lifecycle", "v1")

    await its.channel.update_message(
        Message(serial=serial, name="lifecycle", data="v2"),
        operation=MessageOperation(description="edit 1"),
    )
    await its.hear(2)
    await its.channel.append_message(
        Message(serial=serial, data="reply-data"),
        operation=MessageOperation(description="thread reply"),
    )
    await its.hear(3)
    await its.channel.delete_message(Message(serial=serial))
    await its.hear(4)

    created, updated, appended, deleted = its.received
    assert created.action is MessageAction.MESSAGE_CREATE
    assert (created.name, created.data) == ("lifecycle", "v1")
    assert updated.action is MessageAction.MESSAGE_UPDATE
    assert (updated.name, updated.data) == ("lifecycle", "v2")
    assert appended.action is MessageAction.MESSAGE_APPEND
    assert appended.data == "reply-data"
    assert deleted.action is MessageAction.MESSAGE_DELETE
    assert {message.serial for message in its.received} == {serial}


@pytest.mark.uts("realtime/integration/RTL28/get-message-and-versions-0")
async def test_get_message_and_versions(sandbox: Sandbox, binary: bool) -> None:
    """What is acknowledged is in the store at once: no polling as the service needs it."""
    side = await join(sandbox, unique("mutable:rt-get-versions"), use_binary_protocol=binary)
    received: list[Message] = []
    await side.channel.subscribe(received.append)
    await side.channel.publish("versioned", "v1")
    await eventually(lambda: received)
    serial = received[0].serial
    assert serial

    for data, description in (("v2", "first edit"), ("v3", "second edit")):
        await side.channel.update_message(
            Message(serial=serial, data=data),
            operation=MessageOperation(description=description),
        )
    message = await side.channel.get_message(serial)
    versions = await side.channel.get_message_versions(serial)

    assert isinstance(message, Message)
    assert (message.serial, message.data) == (serial, "v3")
    assert message.action is MessageAction.MESSAGE_UPDATE
    assert isinstance(versions, PaginatedResult)
    assert len(versions.items) >= 3
    for item in versions.items:
        assert isinstance(item, Message)
        assert item.serial == serial


class Annotated:
    """A message to annotate, and what another client hears of its annotations."""

    def __init__(self, serial: str, annotator: Channel, listener: Channel) -> None:
        self.serial = serial
        self.annotator = annotator
        self.listener = listener
        self.heard: list[Annotation] = []


async def annotated(sandbox: Sandbox, prefix: str, *, binary: bool) -> Annotated:
    name = unique(f"mutable:{prefix}")
    annotator = await join(sandbox, name, ANNOTATES, use_binary_protocol=binary)
    listener = await join(sandbox, name, HEARS_ANNOTATIONS, use_binary_protocol=binary)
    messages: list[Message] = []
    await annotator.channel.subscribe(messages.append)
    await listener.channel.attach()
    await annotator.channel.publish("annotatable", "content")
    await eventually(lambda: messages, waiting_for="the message")
    serial = messages[0].serial
    assert serial
    its = Annotated(serial, annotator.channel, listener.channel)
    await listener.channel.annotations.subscribe(its.heard.append)
    return its


@pytest.mark.uts("realtime/integration/RTAN1/annotation-publish-delete-0")
async def test_publish_and_delete_an_annotation(sandbox: Sandbox, binary: bool) -> None:
    its = await annotated(sandbox, "rt-annotations", binary=binary)

    await its.annotator.annotations.publish(its.serial, LIKE)
    await eventually(lambda: len(its.heard) >= 1)
    await its.annotator.annotations.delete(its.serial, LIKE)
    await eventually(lambda: len(its.heard) >= 2)

    assert [annotation.action for annotation in its.heard] == [
        AnnotationAction.ANNOTATION_CREATE,
        AnnotationAction.ANNOTATION_DELETE,
    ]
    for annotation in its.heard:
        assert (annotation.type, annotation.name) == (LIKE.type, LIKE.name)
        assert annotation.message_serial == its.serial


@pytest.mark.uts("realtime/integration/RTAN4c/annotation-type-filtering-0")
async def test_subscribe_to_a_type(sandbox: Sandbox, binary: bool) -> None:
    its = await annotated(sandbox, "rt-ann-filter", binary=binary)
    filtered: list[Annotation] = []
    await its.listener.annotations.subscribe("com.ably.reactions", filtered.append)

    for annotation in (LIKE, COMMENT, HEART):
        await its.annotator.annotations.publish(its.serial, annotation)
    await eventually(lambda: len(its.heard) >= 3)

    assert len(its.heard) == 3
    assert [(annotation.type, annotation.name) for annotation in filtered] == [
        (LIKE.type, LIKE.name),
        (HEART.type, HEART.name),
    ]


@pytest.mark.uts("realtime/integration/RTAN4d/annotation-implicit-attach-0")
async def test_subscribing_attaches(sandbox: Sandbox, binary: bool) -> None:
    side = await join(
        sandbox,
        unique("mutable:rt-ann-implicit-attach"),
        ChannelOptions(modes=[ChannelMode.ANNOTATION_SUBSCRIBE]),
        use_binary_protocol=binary,
    )
    assert side.channel.state == "initialized"

    await side.channel.annotations.subscribe(lambda _: None)
    await reach(side.channel, "attached")
