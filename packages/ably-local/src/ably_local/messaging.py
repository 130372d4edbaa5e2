"""The messages of one channel: published, changed, annotated and remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .annotations import Annotations
from .clock import Clock
from .errors import Code, refusal
from .feed import Feed, Origin
from .frames import Action, Flag, Frame
from .history import History, serial_of, timestamp_of
from .messages import Annotation, Message, MessageAction, Payload, Version
from .paging import Page, Query, page_of
from .storage import Entry, Journal
from .stream import Whole


class Messages:
    """The messages of one channel. What it is given has been checked and may be done."""

    def __init__(
        self, channel: str, feed: Feed, clock: Clock, journal: Journal, *, mutable: bool
    ) -> None:
        self._journal = journal
        self._channel = channel
        self._feed = feed
        self._clock = clock
        self._mutable = mutable
        self._annotations: dict[str, Annotations] = {}
        self.history: History = History()

    def restore(self, item: Message | Annotation) -> None:
        """Take up what a former process wrote in the journal, in the order it was written."""
        if isinstance(item, Annotation):
            summary = self._annotations_of(item).add(item)
            if summary is not None:
                self.history.annotate(item.message_serial or "", summary)
        elif item.version is None or item.version.serial == item.serial:
            self.history.append(item)
        else:
            self.history.replace(item)

    def publish(self, messages: Sequence[Message], origin: Origin) -> tuple[str, ...]:
        """Publish messages as one event and return their serials.

        Messages published before with the same explicit ids are not published again: their first
        serials are returned (RSL1k5).
        """
        repeated = [self.history.serial_by_id(message.id or "") for message in messages]
        if all(repeated):
            return tuple(serial for serial in repeated if serial is not None)
        now = self._clock.now()
        channel_serial = self._feed.next_serial()
        published = [
            message.accepted(
                message.id or f"{origin.base_id}:{index}",
                origin.connection_id,
                now,
                f"{channel_serial}:{index:03d}",
            )
            for index, message in enumerate(messages)
        ]
        for message in published:
            self._journal.write(Entry(serial_of(message), now, message))
            self.history.append(message)
        self._emit(channel_serial, published, origin)
        return tuple(serial_of(message) for message in published)

    def find(self, serial: str) -> Message:
        """Return the latest version of a message, or refuse with 40400."""
        message = self.history.find(serial)
        if message is None:
            raise refusal(Code.NOT_FOUND, f"there is no message with serial {serial[:100]}")
        return message

    def changeable(self, serial: str) -> Message:
        """Return a message that is about to be changed; refuse where none may be (93002)."""
        self._require_mutable()
        return self.find(serial)

    def amend(self, change: Message, author: str | None, origin: Origin) -> str:
        """Update, delete or append to the message that `change` names; return the version's serial.

        Fields that the change does not have keep their values (RSL15b). `author` is the client that
        makes the change.
        """
        before = self.find(change.serial or "")
        assert before.version is not None
        channel_serial = self._feed.next_serial()
        version = _version(
            change.operation,
            f"{channel_serial}:000",
            max(self._clock.now(), before.version.timestamp + 1),
            author,
        )
        amended = replace(
            before,
            id=change.id or f"{origin.base_id}:0",
            connection_id=origin.connection_id,
            name=before.name if change.name is None else change.name,
            payload=_amended_payload(before.payload, change),
            extras=before.extras if change.extras is None else change.extras,
            action=(
                MessageAction.UPDATE if change.action is MessageAction.APPEND else change.action
            ),
            version=version,
        )
        self._journal.write(Entry(version.serial, timestamp_of(amended), amended))
        self.history.replace(amended)
        if change.action is MessageAction.APPEND:
            # Those who have what it is appended to get the addition, the others the whole.
            builds_on = before.version.serial.rpartition(":")[0]
            whole = Whole(self._frame(channel_serial, [amended], origin), builds_on)
            appended = replace(amended, action=MessageAction.APPEND, payload=change.payload)
            self._emit(channel_serial, [appended], origin, whole)
        else:
            self._emit(channel_serial, [amended], origin)
        return version.serial

    def annotate(self, annotations: Sequence[Annotation], origin: Origin) -> tuple[str, ...]:
        """Publish annotations, then the new summaries of the messages concerned."""
        self._require_mutable()
        now = self._clock.now()
        for annotation in annotations:
            self.find(annotation.message_serial or "")
        channel_serial = self._feed.next_serial()
        published = [
            replace(
                annotation,
                id=annotation.id or f"{origin.base_id}:{index}",
                connection_id=origin.connection_id,
                timestamp=now,
                serial=f"{channel_serial}:{index:03d}",
            )
            for index, annotation in enumerate(annotations)
        ]
        self._feed.emit(
            Frame(
                action=Action.ANNOTATION,
                id=origin.base_id,
                channel=self._channel,
                channel_serial=channel_serial,
                connection_id=origin.connection_id,
                timestamp=now,
                annotations=tuple(published),
            ),
            Flag.ANNOTATION_SUBSCRIBE,
        )
        for annotation in published:
            self._summarise(annotation)
        return tuple(annotation.serial or "" for annotation in published)

    def annotations(self, serial: str, query: Query) -> Page[Annotation]:
        """Return the annotations of a message."""
        self.find(serial)
        known = self._annotations.get(serial)
        return page_of(
            known.all if known else (),
            query,
            position=lambda annotation: annotation.serial or "",
            timestamp=lambda annotation: annotation.timestamp or 0,
        )

    def versions(self, serial: str, query: Query) -> Page[Message]:
        """Return every version of a message."""
        self.find(serial)
        return page_of(
            self.history.versions(serial),
            query,
            position=lambda message: message.version.serial if message.version else "",
            timestamp=lambda message: message.version.timestamp if message.version else 0,
        )

    def forget_before(self, moment: int) -> None:
        """Drop the messages first received before `moment`, with their annotations."""
        for serial in self.history.forget_before(moment):
            self._annotations.pop(serial, None)

    def _require_mutable(self) -> None:
        if not self._mutable:
            raise refusal(
                Code.UPDATES_NOT_ENABLED,
                "the namespace of the channel does not allow messages to be changed or annotated",
            )

    def _summarise(self, annotation: Annotation) -> None:
        serial = annotation.message_serial or ""
        since = timestamp_of(self.find(serial))
        self._journal.write(Entry(annotation.serial or "", since, annotation))
        summary = self._annotations_of(annotation).add(annotation)
        if summary is None:
            return
        message = self.history.annotate(serial, summary)
        self._emit(
            self._feed.next_serial(),
            [
                Message(
                    action=MessageAction.SUMMARY,
                    serial=serial,
                    name=message.name,
                    version=message.version,
                    timestamp=message.timestamp,
                    summary=summary,
                )
            ],
            Origin.rest(),
        )

    def _annotations_of(self, annotation: Annotation) -> Annotations:
        return self._annotations.setdefault(annotation.message_serial or "", Annotations())

    def _emit(
        self,
        channel_serial: str,
        messages: Sequence[Message],
        origin: Origin,
        whole: Whole | None = None,
    ) -> None:
        self._feed.emit(self._frame(channel_serial, messages, origin), Flag.SUBSCRIBE, whole)

    def _frame(self, channel_serial: str, messages: Sequence[Message], origin: Origin) -> Frame:
        return Frame(
            action=Action.MESSAGE,
            id=origin.base_id,
            channel=self._channel,
            channel_serial=channel_serial,
            connection_id=origin.connection_id,
            timestamp=self._clock.now(),
            messages=tuple(messages),
        )


def _version(
    operation: Mapping[str, Any] | None, serial: str, timestamp: int, author: str | None
) -> Version:
    described = operation or {}
    description, metadata = described.get("description"), described.get("metadata")
    if description is not None and not isinstance(description, str):
        raise refusal(Code.INVALID_REQUEST_BODY, "the description of a change is a string")
    if metadata is not None and not isinstance(metadata, dict):
        raise refusal(Code.INVALID_REQUEST_BODY, "the metadata of a change is an object")
    return Version(
        serial=serial,
        timestamp=timestamp,
        client_id=author,
        description=description,
        metadata=metadata,
    )


def _amended_payload(before: Payload, change: Message) -> Payload:
    if change.payload.data is None:
        return before
    if change.action is not MessageAction.APPEND:
        return change.payload
    added = change.payload.data
    if before.data is None:
        return change.payload
    if before.encoding == change.payload.encoding:
        if isinstance(before.data, str) and isinstance(added, str):
            return replace(before, data=before.data + added)
        if isinstance(before.data, bytes) and isinstance(added, bytes):
            return replace(before, data=before.data + added)
    raise refusal(
        Code.INVALID_DATA_OR_ENCODING,
        "data can only be appended to data of the same type and encoding",
    )
