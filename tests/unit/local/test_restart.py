"""What a service that is made anew remembers of the one before it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ably_local.apps import App
from ably_local.channel import PERSISTED_RETENTION
from ably_local.clock import Clock
from ably_local.feed import Origin
from ably_local.limits import Limits
from ably_local.messages import (
    Annotation,
    Message,
    MessageAction,
    Payload,
    PresenceAction,
    PresenceMessage,
)
from ably_local.paging import Query
from ably_local.service import Service
from ably_local.sqlite_storage import SqliteStorage

FORWARDS = Query(backwards=False)
START = 1_000_000_000_000


@dataclass
class World:
    path: Path
    now: int = START

    @contextmanager
    def service(self) -> Iterator[Service]:
        service = Service(Clock(lambda: self.now), Limits(), storage=SqliteStorage(self.path))
        service.open()
        try:
            yield service
        finally:
            service.storage.close()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "data.db")


def app_of(service: Service) -> App:
    """Return the app of the key the service announces."""
    app = service.apps.find(service.apps.default_key().app_id)
    assert app is not None
    return app


def published(app: App, channel: str, text: str, message_id: str | None = None) -> str:
    message = Message(id=message_id, payload=Payload(data=text))
    return app.channels.get(channel).messages.publish([message], Origin.rest())[0]


def history(app: App, channel: str) -> list[Message]:
    return app.channels.get(channel).messages.history.page(FORWARDS).items


def test_the_key_of_the_first_start_stays(world: World) -> None:
    with world.service() as service:
        first = service.apps.default_key()
    with world.service() as service:
        assert service.apps.default_key() == first
        given = service.apps.given_key("mine.key", "secret")
    with world.service() as service:
        assert service.apps.default_key() == first
        assert service.apps.given_key("mine.key", "secret") == given
        assert service.apps.given_key("mine.key", "changed").secret == "changed"
        service.delete_app(app_of(service))
    with world.service() as service:
        # What it belonged to is gone, so there has to be another one.
        assert service.apps.default_key() not in (first, given)
        mine = service.apps.find("mine")
        assert mine is not None
        assert mine.key("mine.key").secret == "changed"


def test_a_given_key_of_the_first_start_stays(world: World) -> None:
    with world.service() as service:
        given = service.apps.given_key("mine.key", "secret")
    with world.service() as service:
        assert service.apps.default_key() == given


def test_apps_stay_as_they_were_made_until_they_are_deleted(world: World) -> None:
    specification = {
        "keys": [{}, {"capability": {"a": ["publish"]}, "revocableTokens": True}],
        "namespaces": [{"id": "p", "persisted": True, "pushEnabled": True}],
        "limits": {"presence": {"maxMembers": 3}},
    }
    with world.service() as service:
        app = service.apps.create(specification)
        other = service.apps.create({})
        before = app.to_wire()
        service.delete_app(other)
    world.now += 5_000
    with world.service() as service:
        found = service.apps.find(app.id)
        assert found is not None
        assert found.to_wire() == before
        assert found.limits.max_presence_members == 3
        assert service.apps.find(other.id) is None


def test_only_namespaces_that_keep_messages_do(world: World) -> None:
    channels = ["persisted:a", "mutable:a", "orders", "pushenabled:a"]
    with world.service() as service:
        app = app_of(service)
        for channel in channels:
            published(app, channel, "one")
        kept = [history(app, channel) for channel in channels]
    with world.service() as service:
        app = app_of(service)
        assert [history(app, channel) for channel in channels] == [kept[0], kept[1], [], []]


def test_a_message_published_before_is_recognised(world: World) -> None:
    with world.service() as service:
        serial = published(app_of(service), "persisted:a", "one", "unique")
    with world.service() as service:
        app = app_of(service)
        assert published(app, "persisted:a", "again", "unique") == serial
        assert [message.payload.data for message in history(app, "persisted:a")] == ["one"]


def test_versions_annotations_and_summaries_are_as_they_were(world: World) -> None:
    def change(serial: str, action: MessageAction, text: str | None = None) -> Message:
        return Message(serial=serial, action=action, payload=Payload(data=text))

    with world.service() as service:
        messages = app_of(service).channels.get("mutable:a").messages
        serial = published(app_of(service), "mutable:a", "one")
        other = published(app_of(service), "mutable:a", "untouched")
        for text in ("two", "three"):
            remark = Annotation(type="seen:total.v1", message_serial=serial)
            messages.annotate([remark], Origin.rest())
            messages.amend(change(serial, MessageAction.APPEND, text), "bob", Origin.rest())
        messages.amend(change(serial, MessageAction.DELETE), "bob", Origin.rest())
        before = (
            messages.history.page(FORWARDS).items,
            messages.versions(serial, FORWARDS).items,
            messages.annotations(serial, FORWARDS).items,
        )
        assert len(before[1]) == 4
    with world.service() as service:
        messages = app_of(service).channels.get("mutable:a").messages
        assert before == (
            messages.history.page(FORWARDS).items,
            messages.versions(serial, FORWARDS).items,
            messages.annotations(serial, FORWARDS).items,
        )
        assert messages.find(other).summary is None
        # The tally goes on from where it was.
        messages.annotate([Annotation(type="seen:total.v1", message_serial=serial)], Origin.rest())
        assert messages.find(serial).summary == {"seen:total.v1": {"total": 3}}


def test_changes_of_presence_stay_in_the_history_and_members_do_not(world: World) -> None:
    with world.service() as service:
        presence = app_of(service).channels.get("persisted:a").presence
        entering = PresenceMessage(action=PresenceAction.ENTER, client_id="alice")
        presence.apply([entering], Origin("base", "connection"))
        before = presence.history_page(FORWARDS).items
    with world.service() as service:
        presence = app_of(service).channels.get("persisted:a").presence
        assert presence.history_page(FORWARDS).items == before
        assert presence.members() == []


@pytest.mark.parametrize("step", [0, -60_000])
def test_serials_grow_whatever_the_clock_says(world: World, step: int) -> None:
    with world.service() as service:
        app = app_of(service)
        first = [published(app, "mutable:a", "one") for _ in range(5)]
        change = Message(serial=first[0], action=MessageAction.UPDATE, payload=Payload(data="two"))
        version = app.channels.get("mutable:a").messages.amend(change, None, Origin.rest())
    world.now += step
    with world.service() as service:
        app = app_of(service)
        later = published(app, "mutable:a", "three")
        assert later > version > max(first)
        assert app.channels.get("mutable:a").feed.stream.position > version
        assert [message.serial for message in history(app, "mutable:a")] == [*first, later]


def test_what_is_kept_is_forgotten_after_a_day(world: World) -> None:
    with world.service() as service:
        app = app_of(service)
        published(app, "persisted:a", "old")
        world.now += PERSISTED_RETENTION - 1_000
        published(app, "persisted:a", "new")
    world.now += 2_000
    with world.service() as service:
        app = app_of(service)
        assert [message.payload.data for message in history(app, "persisted:a")] == ["new"]
        # Also while it runs, and on channels that nobody uses.
        service.clock.advance(PERSISTED_RETENTION)
        assert service.storage.journal(app.id, "persisted:a").read() == []


def test_a_deleted_app_leaves_nothing(world: World) -> None:
    with world.service() as service:
        app = service.apps.create({"namespaces": [{"id": "p", "persisted": True}]})
        published(app, "p:a", "one")
        service.delete_app(app)
        assert service.storage.journal(app.id, "p:a").read() == []
