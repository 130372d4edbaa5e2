"""Who publishes: what they may do on a channel, and in whose name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .annotations import check_type
from .errors import Code, refusal
from .grants import ANY_CLIENT, Grant
from .limits import Limits
from .messages import (
    Annotation,
    AnnotationAction,
    Message,
    MessageAction,
    PresenceAction,
    PresenceMessage,
)
from .stats import Stats


@dataclass(frozen=True, slots=True)
class Actor:
    """A client in the act of publishing.

    `client_id` is the identity it is bound to: `*` for any, None for none. What it publishes is
    counted in `stats` under `transport`, which is `realtime` or `rest`.
    """

    grant: Grant
    client_id: str | None
    limits: Limits
    stats: Stats
    transport: str

    def messages(self, messages: Sequence[Message]) -> list[Message]:
        """Check messages to be published and attribute each to a client.

        Refused are too many (40034), too large ones together (40009), a clientId the client may not
        use (40012) and malformed ids (40031).
        """
        if not messages:
            raise refusal(Code.INVALID_REQUEST_BODY, "there is no message to publish")
        if len(messages) > self.limits.max_messages_per_publish:
            raise refusal(
                Code.TOO_MANY_MESSAGES,
                f"at most {self.limits.max_messages_per_publish} messages are published at once",
            )
        self._admit("messages", messages)
        _check_ids(messages)
        return [message.by(self._speaking_for(message.client_id)) for message in messages]

    def presence(self, messages: Sequence[PresenceMessage]) -> list[PresenceMessage]:
        """Check presence messages and attribute each to the client it is about.

        Refused are a client this one may not speak for (40012), none at all (91000) and too much
        data (40009).
        """
        if not messages:
            raise refusal(Code.INVALID_REQUEST_BODY, "there is no presence message")
        self._admit("presence", messages)
        checked = []
        for message in messages:
            if message.action in (PresenceAction.ABSENT, PresenceAction.PRESENT):
                raise refusal(
                    Code.INVALID_REQUEST_BODY, "a client can only enter, update or leave presence"
                )
            client_id = self._speaking_for(message.client_id)
            if client_id is None:
                raise refusal(Code.NO_CLIENT_ID_FOR_PRESENCE, "presence needs a clientId")
            checked.append(replace(message, client_id=client_id))
        return checked

    def annotations(
        self, annotations: Sequence[Annotation], message_serial: str | None = None
    ) -> list[Annotation]:
        """Check annotations, of the message with `message_serial` if they name none themselves."""
        if not annotations:
            raise refusal(Code.INVALID_REQUEST_BODY, "there is no annotation")
        self._admit("messages", annotations)
        checked = [
            replace(
                annotation,
                client_id=self._speaking_for(annotation.client_id),
                message_serial=annotation.message_serial or message_serial,
            )
            for annotation in annotations
        ]
        for annotation in checked:
            if annotation.action is AnnotationAction.CREATE:
                check_type(annotation)
        return checked

    def author_of(self, change: Message, before: Message, channel: str) -> str | None:
        """Return the client that changes a message, or refuse the change.

        A client may change messages with the `-any` form of the capability, and its own messages
        with the `-own` form (40160); an unidentified client has no messages of its own (40166).
        """
        self._admit("messages", [change])
        verb = "delete" if change.action is MessageAction.DELETE else "update"
        any_message, own_message = f"message-{verb}-any", f"message-{verb}-own"
        named = (change.operation or {}).get("clientId")
        if named is not None and not isinstance(named, str):
            raise refusal(Code.INVALID_CLIENT_ID, "the clientId of a change is a string")
        author = self._speaking_for(named)
        capability = self.grant.capability
        if capability.allows_any(channel, (any_message,)):
            return author
        self.grant.require(channel, own_message, any_message)
        if author is None:
            raise refusal(
                Code.UNIDENTIFIED_CANNOT_MODIFY_OWN,
                "a client without clientId has no messages of its own to change",
                status=401,
            )
        if before.client_id != author:
            raise refusal(
                Code.CAPABILITY_DENIED,
                "the capability permits changes to the client's own messages only",
                status=401,
            )
        return author

    def _speaking_for(self, named: str | None) -> str | None:
        """Return whose doing it is: the client `named`, or the one this client is bound to.

        Refused with 40012 where the two contradict each other (RSL1m4, RTL6g3).
        """
        if named is None:
            return None if self.client_id == ANY_CLIENT else self.client_id
        if named == ANY_CLIENT or not named:
            raise refusal(Code.INVALID_CLIENT_ID, "a message cannot have the clientId '*' or ''")
        if self.client_id not in (named, ANY_CLIENT):
            raise refusal(Code.INVALID_CLIENT_ID, "the clientId of the message is not permitted")
        return named

    def _admit(
        self, kind: str, items: Sequence[Message] | Sequence[PresenceMessage] | Sequence[Annotation]
    ) -> None:
        """Count what is published, and refuse with 40009 what is too large (TM6)."""
        size = sum(item.size for item in items)
        self.stats.count_messages("inbound", self.transport, kind, len(items), size)
        if size > self.limits.max_message_size:
            raise refusal(
                Code.MAX_MESSAGE_SIZE_EXCEEDED,
                f"{size} bytes exceed the maximum message size of {self.limits.max_message_size}",
            )


def _check_ids(messages: Sequence[Message]) -> None:
    """Refuse ids by which a repeated publish of several messages could not be recognised."""
    ids = [message.id for message in messages]
    if len(ids) == 1 or not any(ids):
        return
    base = (ids[0] or "").rpartition(":")[0]
    if not base or any(given != f"{base}:{index}" for index, given in enumerate(ids)):
        raise refusal(
            Code.INVALID_MESSAGE_ID,
            "the ids of messages published together are base:0, base:1 and so on",
        )
