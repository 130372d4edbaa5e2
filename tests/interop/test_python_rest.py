"""The REST client of `ably` against the server: what awaits and what blocks, in both formats."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from itertools import product
from types import ModuleType
from typing import Any

import httpx
import pytest
import pytest_asyncio
from ably import AblyRest
from ably.sync import AblyRestSync

from ably_local import LocalAbly
from tests.interop.payloads import PAYLOADS, exact

pytestmark = pytest.mark.asyncio(loop_scope="module")

CROWD = [f"member-{number:03}" for number in range(120)]
APP = {
    "keys": [{}, {"capability": '{"open":["*"]}'}],
    "namespaces": [
        {"id": "persisted", "persisted": True},
        {"id": "mutable", "mutableMessages": True},
        {"id": "pushenabled", "pushEnabled": True},
    ],
    "channels": [
        {
            "name": "persisted:crowd",
            "presence": [{"clientId": name, "data": f"I am {name}"} for name in CROWD],
        }
    ],
}
APNS = {"transportType": "apns", "deviceToken": "abc"}
PHONE = {"transportType": "ablyChannel", "channel": "pushenabled:phone"}


class Client:
    """A REST client of either kind. Its calls are made through `call()`, which awaits both."""

    def __init__(self, rest: Any, package: str, narrow: Any) -> None:
        self.rest = rest
        self.narrow = narrow
        self._package = package

    async def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a method; one that blocks is called in a thread, as the server runs in this loop."""
        if isinstance(self.rest, AblyRest):
            return await function(*args, **kwargs)
        return await asyncio.to_thread(function, *args, **kwargs)

    async def pages(self, first: Any) -> list[list[Any]]:
        """The items of this page and of those after it."""
        found = [first.items]
        while first.has_next():
            first = await self.call(first.next)
            found.append(first.items)
        return found

    def module(self, name: str) -> ModuleType:
        """A module of the package the client is from, whose types it takes."""
        return importlib.import_module(f"{self._package}.{name}")

    def message(self, *args: Any, **kwargs: Any) -> Any:
        return self.module("types.message").Message(*args, **kwargs)


KINDS = list(product((AblyRest, AblyRestSync), (False, True)))


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=KINDS,
    ids=[f"{kind.__name__}-{'msgpack' if binary else 'json'}" for kind, binary in KINDS],
)
async def client(server: LocalAbly, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """A client for an app of its own; `narrow` has the second key of the app."""
    kind, binary = request.param
    async with httpx.AsyncClient(base_url=server.url) as http:
        app = (await http.post("/apps", json=APP)).json()
    options = {**server.client_options(), "use_binary_protocol": binary}
    rest, narrow = (kind(**{**options, "key": key["keyStr"]}) for key in app["keys"])
    package = "ably" if kind is AblyRest else "ably.sync"
    made = Client(rest, package, narrow)
    yield made
    await made.call(rest.close)
    await made.call(narrow.close)


@pytest.mark.parametrize("data", PAYLOADS.values(), ids=PAYLOADS.keys())
async def test_what_is_published_is_in_the_history(client: Client, channel: str, data: Any) -> None:
    orders = client.rest.channels.get(channel)
    result = await client.call(orders.publish, "created", data)
    page = await client.call(orders.history)
    [message] = page.items
    assert (message.name, exact(message.data)) == ("created", exact(data))
    assert [message.serial] == result.serials


async def test_several_messages_are_published_once(client: Client, channel: str) -> None:
    orders = client.rest.channels.get(channel)
    messages = [
        client.message(f"n{n}", f"d{n}", id=f"base:{n}", extras={"headers": {"n": n}})
        for n in range(3)
    ]
    first = await client.call(orders.publish, messages)
    again = await client.call(orders.publish, messages)
    assert first.serials == again.serials
    page = await client.call(orders.history, direction="forwards")
    assert [(m.name, m.data, m.extras["headers"]["n"]) for m in page.items] == [
        (f"n{n}", f"d{n}", n) for n in range(3)
    ]


async def test_history_is_read_page_by_page(client: Client, channel: str) -> None:
    orders = client.rest.channels.get(channel)
    for letter in "abcde":
        await client.call(orders.publish, "n", letter)
    for direction, expected in (
        ("forwards", ["ab", "cd", "e"]),
        ("backwards", ["ed", "cb", "a"]),
    ):
        first = await client.call(orders.history, direction=direction, limit=2)
        found = await client.pages(first)
        assert ["".join(message.data for message in page) for page in found] == expected


async def test_an_encrypted_channel(client: Client, channel: str) -> None:
    crypto = client.module("util.crypto")
    params = crypto.CipherParams(secret_key=crypto.generate_random_key(), algorithm="aes")
    secret = client.rest.channels.get(channel, cipher=params)
    await client.call(secret.publish, "created", {"id": 1})
    assert (await client.call(secret.history)).items[0].data == {"id": 1}
    client.rest.channels.release(channel)
    read = await client.call(client.rest.channels.get(channel).history)
    assert "cipher+aes-256-cbc" in read.items[0].encoding


async def test_messages_change(client: Client, channel: str) -> None:
    orders = client.rest.channels.get(f"mutable:{channel}")
    [serial] = (await client.call(orders.publish, "draft", "one")).serials
    for change, data in (
        (orders.update_message, "two"),
        (orders.append_message, " three"),
        (orders.delete_message, ""),
    ):
        await client.call(change, client.message(data=data, serial=serial))
    versions = await client.call(orders.get_message_versions, serial)
    assert [version.data for version in versions.items] == ["one", "two", "two three", ""]
    latest = await client.call(orders.get_message, serial)
    assert (latest.data, latest.action.name) == ("", "MESSAGE_DELETE")


async def test_messages_are_annotated(client: Client, channel: str) -> None:
    orders = client.rest.channels.get(f"mutable:{channel}")
    [serial] = (await client.call(orders.publish, "draft", "one")).serials
    annotation = client.module("types.annotation").Annotation(type="likes:total.v1", name="like")
    await client.call(orders.annotations.publish, serial, annotation)
    page = await client.call(orders.annotations.get, serial)
    assert [(one.type, one.name) for one in page.items] == [("likes:total.v1", "like")]
    summary = (await client.call(orders.get_message, serial)).annotations.summary
    assert summary["likes:total.v1"] == {"total": 1}


async def test_members_are_listed_page_by_page(client: Client) -> None:
    presence = client.rest.channels.get("persisted:crowd").presence
    found = await client.pages(await client.call(presence.get, limit=50))
    assert [len(page) for page in found] == [50, 50, 20]
    members = sorted((member.client_id, member.data) for page in found for member in page)
    assert members == [(name, f"I am {name}") for name in CROWD]


async def test_presence_history_is_read_page_by_page(client: Client) -> None:
    presence = client.rest.channels.get("persisted:crowd").presence
    found = await client.pages(await client.call(presence.history, limit=100, direction="forwards"))
    assert [len(page) for page in found] == [100, 20]
    assert [member.client_id for page in found for member in page] == CROWD


async def test_the_status_of_a_channel(client: Client) -> None:
    details = await client.call(client.rest.channels.get("persisted:crowd").status)
    assert details.channel_id == "persisted:crowd"
    assert details.status.is_active
    assert details.status.occupancy.metrics.presence_members == len(CROWD)


async def test_statistics(client: Client) -> None:
    fixtures = [
        {"intervalId": f"2024-02-03:15:0{n}", "inbound": {"realtime": {"messages": {"count": n}}}}
        for n in range(1, 4)
    ]
    answer = await client.call(client.rest.request, "POST", "/stats", "3", body=fixtures)
    assert answer.status_code == 201
    window = {"start": datetime(2024, 2, 3, 15), "end": datetime(2024, 2, 3, 16)}
    first = await client.call(client.rest.stats, direction="forwards", limit=2, **window)
    count = "messages.inbound.all.messages.count"
    found = [
        [(one.interval_id[-2:], one.entries[count]) for one in page]
        for page in await client.pages(first)
    ]
    assert found == [[("01", 1), ("02", 2)], [("03", 3)]]
    [hour] = (await client.call(client.rest.stats, unit="hour", **window)).items
    assert (hour.unit, hour.entries[count]) == ("hour", 6)


async def test_the_time(client: Client, server: LocalAbly) -> None:
    before = server.clock.now()
    assert before <= await client.call(client.rest.time) <= server.clock.now()


async def test_push_administration(client: Client) -> None:
    admin = client.rest.push.admin
    devices, subscriptions = admin.device_registrations, admin.channel_subscriptions
    for device_id, client_id in (("one", "alice"), ("two", "alice"), ("three", "bob")):
        saved = await client.call(
            devices.save,
            {
                "id": device_id,
                "client_id": client_id,
                "platform": "ios",
                "form_factor": "phone",
                "push": {"recipient": APNS},
            },
        )
        assert (saved.id, saved.push["state"]) == (device_id, "ACTIVE")
    assert (await client.call(devices.get, "three")).client_id == "bob"
    found = await client.pages(await client.call(devices.list, limit=2))
    assert [[device.id for device in page] for page in found] == [["one", "three"], ["two"]]

    make = client.module("types.channelsubscription").PushChannelSubscription
    by_client = make("pushenabled:news", client_id="alice")
    by_device = make("pushenabled:sport", device_id="three")
    for subscription in (by_client, by_device):
        assert (await client.call(subscriptions.save, subscription)).channel == subscription.channel
    channels = await client.call(subscriptions.list_channels)
    assert channels.items == ["pushenabled:news", "pushenabled:sport"]
    [listed] = (await client.call(subscriptions.list, channel="pushenabled:sport")).items
    assert listed.device_id == "three"

    for recipient in ({"deviceId": "one"}, PHONE):
        await client.call(admin.publish, recipient, {"notification": {"title": "Hello"}})
    page = await client.call(client.rest.channels.get("pushenabled:phone").history)
    assert [message.name for message in page.items] == ["__ably_push__"]

    await client.call(subscriptions.remove, by_device)
    await client.call(subscriptions.remove_where, clientId="alice")
    assert (await client.call(subscriptions.list)).items == []
    await client.call(devices.remove, "three")
    await client.call(devices.remove_where, clientId="alice")
    assert (await client.call(devices.list)).items == []


async def test_batches_through_request(client: Client, channel: str) -> None:
    specification = {"channels": ["open", channel], "messages": [{"name": "n", "data": "d"}]}
    sent = await client.call(client.narrow.request, "POST", "/messages", "3", body=specification)
    [result] = sent.items
    assert (sent.success, result["successCount"], result["failureCount"]) == (True, 1, 1)
    done, refused = result["results"]
    assert (done["channel"], len(done["serials"])) == ("open", 1)
    assert (refused["channel"], refused["error"]["code"]) == (channel, 40160)

    names = {"channels": "persisted:crowd,persisted:nobody"}
    read = await client.call(client.rest.request, "GET", "/presence", "3", params=names)
    crowd, nobody = read.items[0]["results"]
    assert (len(crowd["presence"]), nobody["presence"]) == (len(CROWD), [])


async def test_a_request_pages_and_reports_errors(client: Client, channel: str) -> None:
    path = f"/channels/{channel}/messages"
    for letter in "abc":
        sent = await client.call(client.rest.request, "POST", path, "3", body={"data": letter})
        assert (sent.status_code, sent.success) == (201, True)
    first = await client.call(client.rest.request, "GET", path, "3", params={"limit": 2})
    found = await client.pages(first)
    assert [[item["data"] for item in page] for page in found] == [["c", "b"], ["a"]]
    refused = await client.call(client.rest.request, "GET", "/nowhere", "3")
    assert (refused.status_code, refused.success, refused.error_code) == (404, False, "40400")
    assert refused.error_message


async def test_what_a_key_does_not_permit_is_refused(client: Client, channel: str) -> None:
    error = client.module("util.exceptions").AblyException
    with pytest.raises(error) as refused:
        await client.call(client.narrow.channels.get(channel).publish, "n", "d")
    assert (refused.value.code, refused.value.status_code) == (40160, 401)
