"""Push administration: devices and subscriptions are kept, notifications only recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import Code, Refusal, refusal
from .formats import compact_json, is_json
from .ids import random_id

PLATFORMS = ("ios", "android", "browser")
FORM_FACTORS = (
    "phone",
    "tablet",
    "desktop",
    "tv",
    "watch",
    "car",
    "embedded",
    "other",
)

MAX_BATCH = 10_000

_CONTENT_FIELDS = {"notification", "data", "apns", "fcm", "gcm", "web"}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subscription:
    """A device or a client that is to be notified of what is published on a channel."""

    channel: str
    device_id: str | None = None
    client_id: str | None = None

    @classmethod
    def from_wire(cls, body: object) -> Subscription:
        """Read a subscription, which is for either a device or a client."""
        spec = _object(body, "subscription")
        channel, device, client = (spec.get(n) for n in ("channel", "deviceId", "clientId"))
        if not isinstance(channel, str) or not channel:
            raise refusal(Code.BAD_REQUEST, "a subscription names a channel")
        if isinstance(device, str) == isinstance(client, str):
            raise refusal(Code.BAD_REQUEST, "a subscription is for either a deviceId or a clientId")
        return cls(channel, device, client)

    def to_wire(self) -> Json:
        """Return the subscription as it was made."""
        fields = {"channel": self.channel, "deviceId": self.device_id, "clientId": self.client_id}
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notification for a device under test, whose recipient is a channel."""

    channel: str
    payload: str


class PushRegistry:
    """What the push API of one app keeps; `published` is every notification with its recipient."""

    def __init__(self) -> None:
        self._devices: dict[str, Json] = {}
        self._subscriptions: dict[Subscription, None] = {}
        self.published: list[Json] = []

    def save_device(self, device_id: str, body: object) -> Json:
        """Register a device or replace its registration."""
        device = _object(body, "device")
        if device.get("id", device_id) != device_id or not device_id:
            raise refusal(Code.INVALID_DEVICE_ID, "the id of the device is not that of the path")
        if device.get("platform") not in PLATFORMS:
            raise refusal(Code.BAD_REQUEST, f"platform is one of {', '.join(PLATFORMS)}")
        if device.get("formFactor") not in FORM_FACTORS:
            raise refusal(Code.BAD_REQUEST, f"formFactor is one of {', '.join(FORM_FACTORS)}")
        push = _object(device.get("push"), "push description")
        _check_recipient(push.get("recipient"))
        state = push.get("state", "ACTIVE")
        kept = device | {"id": device_id, "push": push | {"state": state}}
        self._devices[device_id] = kept
        return kept

    def activate(self, body: object) -> Json:
        """Register a device at its own request; it is given a token that identifies it."""
        device_id = _object(body, "device").get("id")
        if not isinstance(device_id, str):
            raise refusal(Code.INVALID_DEVICE_ID, "a device has an id")
        return self.save_device(device_id, body) | {"deviceIdentityToken": {"token": random_id(32)}}

    def update_device(self, device_id: str, body: object) -> Json:
        """Change parts of a registration."""
        return self.save_device(device_id, self.device(device_id) | _object(body, "device"))

    def device(self, device_id: str) -> Json:
        """Return a registered device, or refuse with 40400."""
        device = self._devices.get(device_id)
        if device is None:
            raise refusal(Code.NOT_FOUND, f"no device is registered with id {device_id[:100]}")
        return device

    def devices(self, params: Mapping[str, str]) -> list[Json]:
        """Return the devices that match `deviceId` and `clientId`, by id and without secrets."""
        wanted = {"id": params.get("deviceId"), "clientId": params.get("clientId")}
        return [
            {name: value for name, value in device.items() if name != "deviceSecret"}
            for _, device in sorted(self._devices.items())
            if all(value in (None, device.get(name)) for name, value in wanted.items())
        ]

    def remove_devices(self, params: Mapping[str, str]) -> None:
        """Remove the devices that match, with their subscriptions."""
        for device in self.devices(params):
            del self._devices[device["id"]]
            self.unsubscribe({"deviceId": device["id"]})

    def subscribe(self, subscription: Subscription) -> None:
        """Keep a subscription, once. Its device, if it is for one, must be registered (40400)."""
        if subscription.device_id is not None:
            self.device(subscription.device_id)
        self._subscriptions[subscription] = None

    def subscriptions(self, params: Mapping[str, str]) -> list[Subscription]:
        """Return the subscriptions that match `channel` and either `deviceId` or `clientId`.

        With `concatFilters` both may be given, and those that match one of the two are returned.
        """
        wanted = {name: params[name] for name in ("deviceId", "clientId") if name in params}
        if len(wanted) > 1 and params.get("concatFilters") != "true":
            raise refusal(
                Code.BAD_REQUEST, "deviceId and clientId are filters together with concatFilters"
            )
        return [
            one
            for one in self._subscriptions
            if params.get("channel") in (None, one.channel)
            and (not wanted or not wanted.items().isdisjoint(one.to_wire().items()))
        ]

    def unsubscribe(self, params: Mapping[str, str]) -> None:
        """Remove the subscriptions that match."""
        for subscription in self.subscriptions(params):
            del self._subscriptions[subscription]

    def channels(self) -> list[str]:
        """Return the channels that have subscriptions, ordered by name."""
        return sorted({subscription.channel for subscription in self._subscriptions})

    def publish_batch(self, body: object) -> list[list[Delivery] | Refusal]:
        """Record the notifications of a batch; return for each what `publish` does, or refuses.

        An entry of the batch has a `payload` and one `recipient` or an array of them.
        """
        if not isinstance(body, list) or not body:
            raise refusal(Code.INVALID_REQUEST_BODY, "a batch is an array of notifications")
        notifications: list[Json] = []
        for entry in body:
            spec = _object(entry, "entry of the batch")
            recipients, payload = spec.get("recipient"), _object(spec.get("payload"), "payload")
            notifications += [
                {**payload, "recipient": recipient}
                for recipient in (recipients if isinstance(recipients, list) else [recipients])
            ]
        if len(notifications) > MAX_BATCH:
            raise refusal(Code.BAD_REQUEST, f"a batch has at most {MAX_BATCH} notifications")
        outcomes: list[list[Delivery] | Refusal] = []
        for notification in notifications:
            try:
                outcomes.append(self.publish(notification))
            except Refusal as refused:
                outcomes.append(refused)
        return outcomes

    def notify(self, channel: str, push: object) -> list[Delivery]:
        """Record the notification of a message published on `channel`, once per subscription.

        Return what is to be delivered, as `publish()` does. What is no notification is ignored.
        """
        if not isinstance(push, dict):
            return []
        content = {name: push[name] for name in sorted(_CONTENT_FIELDS & push.keys())}
        if not content:
            return []
        deliveries = []
        for subscription in self.subscriptions({"channel": channel}):
            recipient = subscription.to_wire()
            del recipient["channel"]
            deliveries += self.publish({"recipient": recipient, **content})
        return deliveries

    def publish(self, body: object) -> list[Delivery]:
        """Record a notification, and return what is to be delivered of it."""
        notification = _object(body, "notification")
        recipient = _object(notification.get("recipient"), "recipient")
        if not any(recipient.get(name) for name in ("transportType", "deviceId", "clientId")):
            raise refusal(
                Code.BAD_REQUEST, "a recipient has a transportType, a deviceId or a clientId"
            )
        unknown = notification.keys() - _CONTENT_FIELDS - {"recipient"}
        if unknown or len(notification) == 1:
            fields = ", ".join(sorted(_CONTENT_FIELDS))
            raise refusal(Code.BAD_REQUEST, f"a notification consists of {fields}")
        self.published.append(notification)
        recipients = [recipient]
        if "transportType" not in recipient:
            devices = self.devices({n: str(recipient[n]) for n in recipient})
            recipients = [device["push"]["recipient"] for device in devices]
        payload = {name: value for name, value in notification.items() if name != "recipient"}
        return [
            Delivery(str(one.get("channel", "")), compact_json(payload))
            for one in recipients
            if one.get("transportType") == "ablyChannel"
        ]


def _object(value: object, what: str) -> Json:
    if not isinstance(value, dict):
        raise refusal(Code.BAD_REQUEST, f"the {what} is an object")
    if not is_json(value):
        raise refusal(Code.BAD_REQUEST, f"the {what} is made of JSON values only")
    return value


def _check_recipient(recipient: object) -> None:
    transport = _object(recipient, "recipient").get("transportType")
    if not isinstance(transport, str) or not transport:
        raise refusal(Code.BAD_REQUEST, "the recipient of a device has a transportType")
