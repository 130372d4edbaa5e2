"""Push administration (RSH1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from starlette.routing import Route

from ..errors import Code, Refusal, refusal
from ..paging import MAX_LIMIT, Query, page_of
from ..publishing import deliver
from ..push import Delivery, PushRegistry, Subscription
from .call import Answer, Call, endpoint

T = TypeVar("T")


def _registry(call: Call, *operations: str) -> PushRegistry:
    """Return the registry of the app, if one of `operations` is permitted."""
    if not any(call.grant.capability.allows_somewhere(one) for one in operations):
        raise refusal(
            Code.CAPABILITY_DENIED, f"the capability does not permit {operations[0]}", status=401
        )
    return call.app.push


async def publish(call: Call) -> Answer:
    """Record a notification, and publish it where its recipient is a channel (RSH1a)."""
    _deliver(call, _registry(call, "push-admin").publish(await call.body()))
    return Answer(None, 204)


async def publish_batch(call: Call) -> Answer:
    """Record several notifications, each of which succeeds or fails on its own."""
    results: list[dict[str, object]] = []
    for outcome in _registry(call, "push-admin").publish_batch(await call.body()):
        try:
            if isinstance(outcome, Refusal):
                raise outcome
            _deliver(call, outcome)
        except Refusal as refused:
            results.append({"error": refused.error.to_wire()})
        else:
            results.append({})
    return call.batch(results, 201)


async def save_device(call: Call) -> Answer:
    """Register a device, or replace its registration (RSH1b3)."""
    return Answer(_registry(call, "push-admin").save_device(call.path("id"), await call.body()))


async def activate_device(call: Call) -> Answer:
    """Register a device at its own request (RSH8b)."""
    body = await call.body()
    return Answer(_registry(call, "push-subscribe", "push-admin").activate(body), 201)


async def update_device(call: Call) -> Answer:
    """Change parts of a registration, such as the recipient (RSH8b)."""
    registry = _registry(call, "push-subscribe", "push-admin")
    return Answer(registry.update_device(call.path("id"), await call.body()))


async def get_device(call: Call) -> Answer:
    """Return a registered device (RSH1b1)."""
    return Answer(_registry(call, "push-admin").device(call.path("id")))


async def remove_device(call: Call) -> Answer:
    """Remove a device, registered or not (RSH1b4)."""
    _registry(call, "push-admin").remove_devices({"deviceId": call.path("id")})
    return Answer(None, 204)


async def list_devices(call: Call) -> Answer:
    """Return the devices that match (RSH1b2)."""
    devices = _registry(call, "push-admin").devices(call.params)
    return _listed(call, devices, lambda device: str(device["id"]))


async def remove_devices(call: Call) -> Answer:
    """Remove the devices that match (RSH1b5)."""
    _check_filter(call, "deviceId", "clientId")
    _registry(call, "push-admin").remove_devices(call.params)
    return Answer(None, 204)


async def subscribe(call: Call) -> Answer:
    """Subscribe a device or a client to a channel (RSH1c3)."""
    subscription = Subscription.from_wire(await call.body())
    registry = _registry(call, "push-admin", "push-subscribe")
    if not call.app.namespace(subscription.channel).push_enabled:
        raise refusal(Code.UNAUTHORIZED, "the namespace of the channel does not allow push")
    registry.subscribe(subscription)
    return Answer(subscription.to_wire(), 201)


async def list_subscriptions(call: Call) -> Answer:
    """Return the subscriptions that match (RSH1c1)."""
    found = _registry(call, "push-admin").subscriptions(call.params)
    items = [subscription.to_wire() for subscription in found]
    items.sort(key=_subscription_position)
    return _listed(call, items, _subscription_position)


async def unsubscribe(call: Call) -> Answer:
    """Remove the subscriptions that match (RSH1c4, RSH1c5)."""
    _check_filter(call, "channel", "deviceId", "clientId")
    _registry(call, "push-admin", "push-subscribe").unsubscribe(call.params)
    return Answer(None, 204)


async def list_channels(call: Call) -> Answer:
    """Return the channels that have subscriptions (RSH1c2)."""
    return _listed(call, _registry(call, "push-admin").channels(), str)


def _deliver(call: Call, deliveries: list[Delivery]) -> None:
    for delivery in deliveries:
        call.named_channel(delivery.channel, "publish")
    deliver(call.app, deliveries)


def _subscription_position(item: dict[str, object]) -> str:
    return "\n".join(str(item.get(name, "")) for name in ("channel", "deviceId", "clientId"))


def _check_filter(call: Call, *names: str) -> None:
    if not any(name in call.params for name in names):
        raise refusal(Code.BAD_REQUEST, f"one of {', '.join(names)} says what to remove")


def _listed(call: Call, items: list[T], position: Callable[[T], str]) -> Answer:
    limit = call.params.get("limit", "")
    capped = {"limit": str(MAX_LIMIT)} if limit.isdecimal() and int(limit) > MAX_LIMIT else {}
    query = Query.parse({**call.params, **capped, "direction": "forwards"})
    page = page_of(items, query, position=position)
    return call.page(page, page.items)


_DEVICES = "/push/deviceRegistrations"
_SUBSCRIPTIONS = "/push/channelSubscriptions"

routes: list[Route] = [
    Route("/push/publish", endpoint(publish), methods=["POST"]),
    Route("/push/batch/publish", endpoint(publish_batch), methods=["POST"]),
    Route(_DEVICES, endpoint(list_devices), methods=["GET"]),
    Route(_DEVICES, endpoint(remove_devices), methods=["DELETE"]),
    Route(_DEVICES, endpoint(activate_device), methods=["POST"]),
    Route(_DEVICES + "/{id}", endpoint(save_device), methods=["PUT"]),
    Route(_DEVICES + "/{id}", endpoint(update_device), methods=["PATCH"]),
    Route(_DEVICES + "/{id}", endpoint(get_device), methods=["GET"]),
    Route(_DEVICES + "/{id}", endpoint(remove_device), methods=["DELETE"]),
    Route(_SUBSCRIPTIONS, endpoint(subscribe), methods=["POST"]),
    Route(_SUBSCRIPTIONS, endpoint(list_subscriptions), methods=["GET"]),
    Route(_SUBSCRIPTIONS, endpoint(unsubscribe), methods=["DELETE"]),
    Route("/push/channels", endpoint(list_channels), methods=["GET"]),
]
