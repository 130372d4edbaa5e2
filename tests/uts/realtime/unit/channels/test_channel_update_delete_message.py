"""RTL32: update_message, delete_message and append_message."""

from __future__ import annotations

import pytest

from ably_realtime import Channel, Message, MessageOperation, UpdateDeleteResult
from tests.uts.harness import Action, ClientFactory, Frame, complete
from tests.uts.harness.channels import (
    CHANNEL,
    ChannelServer,
    Flag,
    acknowledge,
    attached_channel,
    confirm_attach,
    refuse_publish,
)
from tests.uts.harness.messages import failure

MESSAGE_UPDATE, MESSAGE_DELETE, MESSAGE_APPEND = 1, 2, 5


@pytest.fixture
def server() -> ChannelServer:
    return ChannelServer(
        on_attach=confirm_attach(flags=Flag.PUBLISH), on_publish=acknowledge("version-serial-1")
    )


@pytest.fixture
async def channel(create_client: ClientFactory, server: ChannelServer) -> Channel:
    return await attached_channel(create_client, server)


def sent_messages(server: ChannelServer) -> list[Frame]:
    """The messages that the client sent, one to a frame."""
    frames = server.sent_with(Action.MESSAGE)
    assert {frame["channel"] for frame in frames} == {CHANNEL}
    assert {len(frame["messages"]) for frame in frames} == {1}
    return [frame["messages"][0] for frame in frames]


@pytest.mark.uts("realtime/unit/RTL32b/update-message-action-0")
async def test_update(channel: Channel, server: ChannelServer) -> None:
    message = Message(serial="msg-serial-1", name="updated", data="new-data")

    await complete(channel.update_message(message))

    (sent,) = sent_messages(server)
    assert sent["action"] == MESSAGE_UPDATE
    assert sent["serial"] == "msg-serial-1"
    assert sent["name"] == "updated"
    assert sent["data"] == "new-data"


@pytest.mark.uts("realtime/unit/RTL32b/delete-message-action-1")
async def test_delete(channel: Channel, server: ChannelServer) -> None:
    await complete(channel.delete_message(Message(serial="msg-serial-1")))

    (sent,) = sent_messages(server)
    assert sent["action"] == MESSAGE_DELETE
    assert sent["serial"] == "msg-serial-1"


@pytest.mark.uts("realtime/unit/RTL32b/append-message-action-2")
async def test_append(channel: Channel, server: ChannelServer) -> None:
    message = Message(serial="msg-serial-1", data="appended-data")
    operation = MessageOperation(description="appended content")

    await complete(channel.append_message(message, operation=operation))

    (sent,) = sent_messages(server)
    assert sent["action"] == MESSAGE_APPEND
    assert sent["serial"] == "msg-serial-1"
    assert sent["data"] == "appended-data"


@pytest.mark.uts("realtime/unit/RTL32b2/version-from-operation-0")
async def test_version(channel: Channel, server: ChannelServer) -> None:
    operation = MessageOperation(description="edited content", metadata={"reason": "typo"})

    await complete(
        channel.update_message(Message(serial="msg-serial-1", data="v2"), operation=operation)
    )
    await complete(channel.update_message(Message(serial="msg-serial-2", data="v2")))

    with_operation, without_operation = sent_messages(server)
    assert with_operation["version"] == {
        "description": "edited content",
        "metadata": {"reason": "typo"},
    }
    assert without_operation.get("version") is None


@pytest.mark.uts("realtime/unit/RTL32c/no-message-mutation-0")
async def test_the_message_stays_as_it_is(channel: Channel) -> None:
    message = Message(serial="msg-serial-1", name="original", data="original-data")

    await complete(channel.update_message(message))

    assert message == Message(serial="msg-serial-1", name="original", data="original-data")
    assert message.action is None


@pytest.mark.uts("realtime/unit/RTL32d/ack-returns-result-0")
async def test_result(channel: Channel, server: ChannelServer) -> None:
    server.on_publish = acknowledge("01770000000000-000@abcdef:000")

    result = await complete(channel.update_message(Message(serial="msg-serial-1", data="updated")))

    assert isinstance(result, UpdateDeleteResult)
    assert result.version_serial == "01770000000000-000@abcdef:000"


@pytest.mark.uts("realtime/unit/RTL32d/nack-returns-error-1")
async def test_nack(channel: Channel, server: ChannelServer) -> None:
    server.on_publish = refuse_publish(40160, 401, "Not permitted")

    refused = await failure(channel.update_message(Message(serial="msg-serial-1", data="updated")))

    assert refused.code == 40160


@pytest.mark.uts("realtime/unit/RTL32e/params-in-protocol-message-0")
async def test_params(channel: Channel, server: ChannelServer) -> None:
    params = {"key1": "value1", "key2": "value2"}

    await complete(channel.update_message(Message(serial="msg-serial-1", data="v2"), params=params))

    (frame,) = server.sent_with(Action.MESSAGE)
    assert frame["params"] == params


@pytest.mark.uts("realtime/unit/RTL32a/serial-validation-required-0")
async def test_missing_serial(channel: Channel, server: ChannelServer) -> None:
    refused = [
        await failure(channel.update_message(Message(serial="", data="v2"))),
        await failure(channel.delete_message(Message(data="v2"))),
        await failure(channel.append_message(Message(data="v2"))),
    ]

    assert [error.code for error in refused] == [40003, 40003, 40003]
    assert server.sent_with(Action.MESSAGE) == []
