from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.local.raw import (
    ACK,
    ANNOTATION,
    ANNOTATION_SUBSCRIBE_MODE,
    MESSAGE,
    NACK,
    PUBLISH_MODE,
    SUBSCRIBE_MODE,
    Api,
    Frame,
    error_of,
)

CREATE, UPDATE, DELETE, META, SUMMARY, APPEND = range(6)

CHANNEL = "mutable:notes"
PATH = "/channels/mutable%3Anotes/messages"


async def published(api: Api, **message: Any) -> str:
    """Publish a message over REST and return its serial."""
    client_id = message.pop("publisher", "alice")
    response = await api.http.post(PATH, json=message, headers=await api.bearer(clientId=client_id))
    serial: str = response.json()["serials"][0]
    return serial


async def test_a_message_is_changed_over_realtime(api: Api, binary: bool) -> None:
    async with api.socket(token={"clientId": "alice"}) as author, api.socket(binary=binary) as seen:
        await seen.attach(CHANNEL)
        ack = await author.publish(CHANNEL, {"name": "note", "data": "one"})
        serial = ack["res"][0]["serials"][0]
        created = (await seen.expect(MESSAGE))["messages"][0]
        operation = {"description": "typo", "metadata": {"reason": "test"}}
        ack = await author.publish(
            CHANNEL, {"action": UPDATE, "serial": serial, "data": "two", "version": operation}
        )
        (version_serial,) = ack["res"][0]["serials"]
        updated = (await seen.expect(MESSAGE))["messages"][0]
        assert updated["action"] == UPDATE
        assert (updated["serial"], updated["name"], updated["data"]) == (serial, "note", "two")
        assert updated["timestamp"] == created["timestamp"]
        assert updated["version"]["timestamp"] > created["timestamp"]
        assert updated["version"] == {
            "serial": version_serial,
            "timestamp": updated["version"]["timestamp"],
            "clientId": "alice",
            **operation,
        }
        await author.publish(CHANNEL, {"action": APPEND, "serial": serial, "data": ", three"})
        appended = (await seen.expect(MESSAGE))["messages"][0]
        assert (appended["action"], appended["data"]) == (APPEND, ", three")
        await author.publish(CHANNEL, {"action": DELETE, "serial": serial})
        deleted = (await seen.expect(MESSAGE))["messages"][0]
        assert (deleted["action"], deleted["data"]) == (DELETE, "two, three")


async def test_who_lacks_what_is_appended_to_gets_the_whole(api: Api) -> None:
    serial = await published(api, data="one")
    async with api.socket() as author, api.socket() as late:
        await late.attach(CHANNEL)
        for addition in (", two", ", three"):
            await author.publish(CHANNEL, {"action": APPEND, "serial": serial, "data": addition})
        whole, addition_only = [(await late.expect(MESSAGE))["messages"][0] for _ in range(2)]
        assert (whole["action"], whole["data"]) == (UPDATE, "one, two")
        assert (addition_only["action"], addition_only["data"]) == (APPEND, ", three")


async def test_the_versions_of_a_message_are_read_over_rest(api: Api) -> None:
    headers = await api.bearer(clientId="alice")
    serial = await published(api, name="note", data="one")
    path = f"{PATH}/{serial}"
    for change in (
        {"data": "two"},
        {"action": APPEND, "data": "!"},
        {"action": DELETE, "data": ""},
    ):
        response = await api.http.patch(path, json=change, headers=headers)
        assert response.status_code == 200
        assert response.json()["versionSerial"] > serial
    latest = (await api.http.get(path, headers=headers)).json()
    assert (latest["action"], latest["data"], latest["serial"]) == (DELETE, "", serial)
    versions = (await api.http.get(f"{path}/versions", headers=headers)).json()
    assert [(version["action"], version["data"]) for version in versions] == [
        (CREATE, "one"),
        (UPDATE, "two"),
        (UPDATE, "two!"),
        (DELETE, ""),
    ]
    (item,) = (await api.http.get(PATH, headers=headers)).json()
    assert item == latest


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"action": APPEND, "data": {"a": 1}}, (400, 40013)),
        ({"action": APPEND, "data": "AA==", "encoding": "base64"}, (400, 40013)),
        ({"action": META}, (400, 40001)),
        ({"version": {"description": 5}}, (400, 40001)),
        ({"version": {"metadata": 5}}, (400, 40001)),
        ({"version": {"clientId": "mallory"}}, (400, 40012)),
        ({"version": []}, (400, 40001)),
        ({"data": "x" * 70_000}, (413, 40009)),
    ],
)
async def test_a_bad_change_is_refused(api: Api, change: Frame, expected: tuple[int, int]) -> None:
    serial = await published(api, data="text")
    headers = await api.bearer(clientId="alice")
    response = await api.http.patch(f"{PATH}/{serial}", json=change, headers=headers)
    assert error_of(response) == expected


async def test_only_messages_that_exist_are_changed(api: Api) -> None:
    headers = await api.bearer()
    response = await api.http.patch(f"{PATH}/unknown", json={"data": "x"}, headers=headers)
    assert error_of(response) == (404, 40400)
    for suffix in ("", "/versions", "/annotations"):
        response = await api.http.get(f"{PATH}/unknown{suffix}", headers=headers)
        assert error_of(response) == (404, 40400)
    async with api.socket() as socket:
        nack = await socket.publish(CHANNEL, {"action": UPDATE, "serial": "unknown"})
        assert (nack["action"], nack["error"]["code"]) == (NACK, 40400)
        nack = await socket.publish(CHANNEL, {"action": UPDATE, "serial": "x"}, {"data": "y"})
        assert nack["error"]["code"] == 40001


async def test_only_namespaces_that_allow_it_have_changes(api: Api) -> None:
    async with api.socket() as socket:
        ack = await socket.publish("orders", {"data": "one"})
        serial = ack["res"][0]["serials"][0]
        nack = await socket.publish("orders", {"action": UPDATE, "serial": serial})
        assert nack["error"]["code"] == 93002
        await socket.request(
            ANNOTATION, channel="orders", annotations=[{"messageSerial": serial, "type": "t"}]
        )
        assert (await socket.expect(NACK))["error"]["code"] == 93002


@pytest.mark.parametrize(
    ("operations", "client_id", "code"),
    [
        (["message-update-any"], "bob", None),
        (["message-update-own"], "alice", None),
        (["message-update-own"], "bob", 40160),
        (["message-update-own"], None, 40166),
        (["message-delete-any"], "alice", 40160),
    ],
)
async def test_changes_need_the_capability(
    api: Api, operations: list[str], client_id: str | None, code: int | None
) -> None:
    serial = await published(api, data="one", publisher="alice")
    capability = json.dumps({"mutable:*": ["publish", *operations]})
    fields = {} if client_id is None else {"clientId": client_id}
    headers = await api.bearer(capability=capability, **fields)
    response = await api.http.patch(f"{PATH}/{serial}", json={"data": "two"}, headers=headers)
    if code is None:
        assert response.status_code == 200
    else:
        assert error_of(response) == (401, code)


async def test_annotations_reach_those_that_asked_and_are_summarised_for_all(api: Api) -> None:
    modes = PUBLISH_MODE | SUBSCRIBE_MODE | ANNOTATION_SUBSCRIBE_MODE
    serial = await published(api, name="note", data="one")
    async with (
        api.socket(token={"clientId": "alice"}) as alice,
        api.socket() as watcher,
        api.socket() as plain,
    ):
        assert (await watcher.attach(CHANNEL, flags=modes))["flags"] & ANNOTATION_SUBSCRIBE_MODE
        assert not (await plain.attach(CHANNEL))["flags"] & ANNOTATION_SUBSCRIBE_MODE
        annotation = {"messageSerial": serial, "type": "reaction:distinct.v1", "name": "like"}
        await alice.request(ANNOTATION, channel=CHANNEL, annotations=[annotation])
        (annotation_serial,) = (await alice.expect(ACK))["res"][0]["serials"]
        (told,) = (await watcher.expect(ANNOTATION))["annotations"]
        assert told == annotation | {
            "id": f"{alice.connected['connectionId']}:0:0",
            "action": 0,
            "clientId": "alice",
            "connectionId": alice.connected["connectionId"],
            "serial": annotation_serial,
            "timestamp": told["timestamp"],
        }
        assert annotation_serial > serial
        for socket in (watcher, plain):
            (summary,) = (await socket.expect(MESSAGE))["messages"]
            assert (summary["action"], summary["serial"]) == (SUMMARY, serial)
            assert summary["name"] == "note"
            assert summary["annotations"]["summary"] == {
                "reaction:distinct.v1": {
                    "like": {"total": 1, "clientIds": ["alice"], "clipped": False}
                }
            }
        await plain.silent()


async def test_annotations_are_published_deleted_and_read_over_rest(api: Api) -> None:
    serial = await published(api, data="one")
    path = f"{PATH}/{serial}/annotations"
    headers = await api.bearer(clientId="alice")
    for number in range(3):
        created = [{"type": "reaction:unique.v1", "name": str(number)}]
        response = await api.http.post(path, json=created, headers=headers)
        assert response.status_code == 201
    items = (await api.http.get(path, params={"limit": "2"}, headers=headers)).json()
    assert [item["name"] for item in items] == ["0", "1"]
    message = (await api.http.get(f"{PATH}/{serial}", headers=headers)).json()
    assert list(message["annotations"]["summary"]["reaction:unique.v1"]) == ["2"]
    body = [{"type": "reaction:unique.v1", "name": "2", "action": 1}]
    assert (await api.http.post(path, json=body, headers=headers)).status_code == 201
    message = (await api.http.get(f"{PATH}/{serial}", headers=headers)).json()
    assert message["annotations"]["summary"] == {"reaction:unique.v1": {}}


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ({}, (400, 40001)),
        ({"type": "reaction:distinct.v1"}, (400, 40001)),
        ({"type": "reaction:flag.v1"}, (401, 40161)),
        ({"type": "t", "count": -1}, (400, 40001)),
        ({"type": "t", "clientId": "mallory"}, (400, 40012)),
        ({"type": "t", "data": "x" * 70_000}, (413, 40009)),
    ],
)
async def test_a_bad_annotation_is_refused(
    api: Api, annotation: Frame, expected: tuple[int, int]
) -> None:
    serial = await published(api, data="one")
    response = await api.http.post(
        f"{PATH}/{serial}/annotations", json=[annotation], headers=await api.bearer()
    )
    assert error_of(response) == expected
