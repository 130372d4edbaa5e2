"""RTAN: annotations.

`get` (RTAN3) has no case id of its own: it goes by the REST cases of RSAN3.
"""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from ably.http.paginatedresult import PaginatedResult

from ably_realtime import Annotation, AnnotationAction, Annotations, Channel
from tests.uts.harness import KEY, Action, ClientFactory, Frame, await_state, complete
from tests.uts.harness.channels import (
    CHANNEL,
    Answer,
    ChannelServer,
    Flag,
    answer_with,
    attached_channel,
    confirm_attach,
    connected_channel,
    fail_channel,
    refuse_attach,
    refuse_publish,
    rest_channel,
)
from tests.uts.harness.messages import STAY_DETACHED, collect, failure, send

SERIAL = "msg-serial-1"
REACTION = "com.example.reaction"
COMMENT = "com.example.comment"
LIKE = Annotation(type=REACTION, name="like")

ANNOTATION_CREATE, ANNOTATION_DELETE = 0, 1


def received(type_: str, name: str, number: int = 1, **fields: Any) -> Frame:
    """An annotation as a server sends it."""
    return {
        "action": ANNOTATION_CREATE,
        "type": type_,
        "name": name,
        "messageSerial": SERIAL,
        "serial": f"ann-serial-{number}",
        "timestamp": 1700000000000 + (number - 1) * 1000,
        **fields,
    }


def annotation_frame(*annotations: Frame) -> Frame:
    return {"action": Action.ANNOTATION, "channel": CHANNEL, "annotations": list(annotations)}


def sent_annotation(server: ChannelServer) -> Frame:
    """The only annotation that the client sent."""
    (frame,) = server.sent_with(Action.ANNOTATION)
    assert frame["channel"] == CHANNEL
    (annotation,) = frame["annotations"]
    assert isinstance(annotation, dict)
    return annotation


@pytest.fixture
def server() -> ChannelServer:
    """A server that lets clients publish annotations and subscribe to them."""
    return ChannelServer(
        on_attach=confirm_attach(
            flags=Flag.PUBLISH | Flag.ANNOTATION_PUBLISH | Flag.ANNOTATION_SUBSCRIBE
        )
    )


@pytest.fixture
async def channel(create_client: ClientFactory, server: ChannelServer) -> Channel:
    return await attached_channel(create_client, server, STAY_DETACHED)


@pytest.mark.uts("realtime/unit/RTL26/annotations-attribute-type-0")
async def test_attribute(create_client: ClientFactory) -> None:
    client = create_client(key=KEY, auto_connect=False)

    assert isinstance(client.channels.get(CHANNEL).annotations, Annotations)


@pytest.mark.uts("realtime/unit/RTAN1a/publish-sends-annotation-0")
async def test_publish(channel: Channel, server: ChannelServer) -> None:
    await complete(channel.annotations.publish(SERIAL, LIKE))

    annotation = sent_annotation(server)
    assert annotation["action"] == ANNOTATION_CREATE
    assert annotation["messageSerial"] == SERIAL
    assert annotation["type"] == REACTION
    assert annotation["name"] == "like"


@pytest.mark.uts("realtime/unit/RTAN1a/validates-type-required-1")
async def test_publish_without_type(channel: Channel, server: ChannelServer) -> None:
    await failure(channel.annotations.publish(SERIAL, Annotation(name="like")))

    assert server.sent_with(Action.ANNOTATION) == []


@pytest.mark.uts("realtime/unit/RTAN1a/encodes-data-json-2")
async def test_publish_data(channel: Channel, server: ChannelServer) -> None:
    data = {"key": "value", "nested": {"a": 1}}

    await complete(
        channel.annotations.publish(SERIAL, Annotation(type="com.example.data", data=data))
    )

    annotation = sent_annotation(server)
    assert isinstance(annotation["data"], str)
    assert annotation["encoding"] == "json"
    assert json.loads(annotation["data"]) == data


@pytest.mark.uts("realtime/unit/RTAN1b/publish-channel-state-0")
@pytest.mark.parametrize(
    ("on_attach", "state"),
    [
        (fail_channel(40160, 401, "Not permitted"), "failed"),
        (refuse_attach(40160, 401, "Not permitted"), "suspended"),
    ],
)
async def test_publish_by_channel_state(
    create_client: ClientFactory, on_attach: Answer, state: str
) -> None:
    server = ChannelServer(on_attach=on_attach)
    channel = await connected_channel(create_client, server)
    await failure(channel.attach())
    assert channel.state == state

    await failure(channel.annotations.publish(SERIAL, LIKE))

    assert server.sent_with(Action.ANNOTATION) == []


@pytest.mark.uts("realtime/unit/RTAN1d/publish-ack-nack-0")
async def test_publish_acknowledged(channel: Channel, server: ChannelServer) -> None:
    await complete(channel.annotations.publish(SERIAL, LIKE))

    assert len(server.sent_with(Action.ANNOTATION)) == 1


@pytest.mark.uts("realtime/unit/RTAN1d/publish-ack-nack-0")
async def test_publish_refused(channel: Channel, server: ChannelServer) -> None:
    server.on_publish = refuse_publish(40160, 401, "Not permitted")

    refused = await failure(channel.annotations.publish(SERIAL, LIKE))

    assert refused.code == 40160


@pytest.mark.uts("realtime/unit/RTAN2a/delete-sends-annotation-0")
async def test_delete(channel: Channel, server: ChannelServer) -> None:
    await complete(channel.annotations.delete(SERIAL, LIKE))

    annotation = sent_annotation(server)
    assert annotation["action"] == ANNOTATION_DELETE
    assert annotation["messageSerial"] == SERIAL
    assert annotation["type"] == REACTION
    assert annotation["name"] == "like"


@pytest.mark.uts("realtime/unit/RTAN4a/subscribe-delivers-annotations-0")
async def test_subscribe(channel: Channel, server: ChannelServer) -> None:
    annotations = await collect(channel.annotations)

    await send(
        server,
        annotation_frame(
            received(REACTION, "like", 1, id="ann-1", clientId="user-1"),
            received(REACTION, "heart", 2, id="ann-2", clientId="user-2"),
        ),
    )

    like, heart = annotations
    assert isinstance(like, Annotation)
    assert like.id == "ann-1"
    assert like.action == AnnotationAction.ANNOTATION_CREATE
    assert like.type == REACTION
    assert like.name == "like"
    assert like.client_id == "user-1"
    assert like.serial == "ann-serial-1"
    assert like.message_serial == SERIAL
    assert like.timestamp == 1700000000000
    assert heart.name == "heart"
    assert heart.client_id == "user-2"


@pytest.mark.uts("realtime/unit/RTAN4c/subscribe-type-filter-0")
async def test_subscribe_to_a_type(channel: Channel, server: ChannelServer) -> None:
    reactions = await collect(channel.annotations, REACTION)

    await send(
        server,
        annotation_frame(
            received(REACTION, "like", 1),
            received(COMMENT, "text", 2),
            received(REACTION, "heart", 3),
        ),
    )

    assert [annotation.name for annotation in reactions] == ["like", "heart"]


@pytest.mark.uts("realtime/unit/RTAN4d/subscribe-implicit-attach-0")
async def test_subscribe_attaches(create_client: ClientFactory, server: ChannelServer) -> None:
    channel = await connected_channel(create_client, server)
    assert channel.state == "initialized"

    await collect(channel.annotations)

    await await_state(channel, "attached")
    assert len(server.attaches) == 1


@pytest.mark.uts("realtime/unit/RTAN4e/subscribe-warns-no-mode-0")
async def test_subscribe_without_the_mode(
    create_client: ClientFactory, caplog: pytest.LogCaptureFixture
) -> None:
    """The case's log handler is Python's logging."""
    server = ChannelServer(on_attach=confirm_attach(flags=Flag.PUBLISH))
    channel = await attached_channel(create_client, server, STAY_DETACHED)

    with caplog.at_level(logging.WARNING):
        await collect(channel.annotations)

    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert any("ANNOTATION_SUBSCRIBE" in warning for warning in warnings)


@pytest.mark.uts("realtime/unit/RTAN4e1/no-warn-unattached-0")
async def test_subscribe_when_not_attached(
    create_client: ClientFactory, server: ChannelServer, caplog: pytest.LogCaptureFixture
) -> None:
    channel = await connected_channel(create_client, server, STAY_DETACHED)
    assert channel.state == "initialized"

    with caplog.at_level(logging.WARNING):
        await collect(channel.annotations)

    assert "ANNOTATION_SUBSCRIBE" not in caplog.text


@pytest.mark.uts("realtime/unit/RTAN5a/unsubscribe-removes-listeners-0")
async def test_unsubscribe(channel: Channel, server: ChannelServer) -> None:
    annotations: list[Annotation] = []
    await complete(channel.annotations.subscribe(annotations.append))
    await send(server, annotation_frame(received(REACTION, "like", 1)))
    assert len(annotations) == 1

    channel.annotations.unsubscribe(annotations.append)
    await send(server, annotation_frame(received(REACTION, "heart", 2)))

    assert [annotation.name for annotation in annotations] == ["like"]


@pytest.mark.uts("realtime/unit/RTAN5a/unsubscribe-type-filter-1")
async def test_unsubscribe_from_a_type(channel: Channel, server: ChannelServer) -> None:
    reactions: list[Annotation] = []
    await complete(channel.annotations.subscribe(REACTION, reactions.append))
    comments = await collect(channel.annotations, COMMENT)

    channel.annotations.unsubscribe(REACTION, reactions.append)
    await send(
        server, annotation_frame(received(REACTION, "like", 1), received(COMMENT, "text", 2))
    )

    assert reactions == []
    (comment,) = comments
    assert comment.type == COMMENT


async def test_get_request(create_client: ClientFactory) -> None:
    http = answer_with([received(REACTION, "like", id="ann-1", clientId="user-1")])
    channel = rest_channel(create_client, http)

    await complete(channel.annotations.get(SERIAL))

    (request,) = http.requests
    assert request.method == "GET"
    assert request.url.path == f"/channels/{CHANNEL}/messages/{SERIAL}/annotations"


async def test_get(create_client: ClientFactory) -> None:
    details = {"count": 1, "data": "thumbs-up", "extras": {"custom": "metadata"}}
    http = answer_with(
        [
            received(REACTION, "like", 1, id="ann-1", clientId="user-1", **details),
            received(REACTION, "heart", 2, id="ann-2", clientId="user-2"),
        ]
    )
    channel = rest_channel(create_client, http)

    result = await complete(channel.annotations.get(SERIAL))

    assert isinstance(result, PaginatedResult)
    like, heart = result.items
    assert isinstance(like, Annotation)
    assert like.id == "ann-1"
    assert like.action == AnnotationAction.ANNOTATION_CREATE
    assert like.type == REACTION
    assert like.name == "like"
    assert like.client_id == "user-1"
    assert like.count == 1
    assert like.data == "thumbs-up"
    assert like.serial == "ann-serial-1"
    assert like.message_serial == SERIAL
    assert like.timestamp == 1700000000000
    assert like.extras == {"custom": "metadata"}
    assert heart.name == "heart"
    assert heart.client_id == "user-2"


async def test_get_params(create_client: ClientFactory) -> None:
    http = answer_with([])
    channel = rest_channel(create_client, http)

    await complete(channel.annotations.get(SERIAL, params={"limit": "50"}))

    (request,) = http.requests
    assert request.url.params["limit"] == "50"
