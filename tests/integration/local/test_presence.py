from __future__ import annotations

import pytest

from ably_local import Limits, LocalAbly
from tests.integration.local.raw import (
    ACK,
    DETACH,
    DETACHED,
    HAS_PRESENCE,
    NACK,
    PRESENCE,
    PRESENCE_MODE,
    SUBSCRIBE_MODE,
    SYNC,
    Api,
    Frame,
    Socket,
    error_of,
)

ABSENT, PRESENT, ENTER, LEAVE, UPDATE = range(5)


async def enter(socket: Socket, channel: str, *members: Frame) -> Frame:
    """Enter a channel that the socket is attached to; return the event it hears of itself."""
    await socket.request(
        PRESENCE, channel=channel, presence=[{"action": ENTER} | member for member in members]
    )
    event = await socket.expect(PRESENCE)
    await socket.expect(ACK)
    return event


async def test_enter_update_and_leave_are_told_in_order(api: Api, binary: bool) -> None:
    async with api.socket(token={"clientId": "alice"}) as alice, api.socket(binary=binary) as other:
        await alice.attach("room")
        await other.attach("room")
        connection_id = alice.connected["connectionId"]
        await enter(alice, "room", {"data": "here"})
        for action, data in ((UPDATE, "busy"), (LEAVE, None)):
            await alice.request(
                PRESENCE, channel="room", presence=[{"action": action, "data": data}]
            )
            await alice.expect(PRESENCE)
            await alice.expect(ACK)
        events = [(await other.expect(PRESENCE))["presence"][0] for _ in range(3)]
        assert [event["action"] for event in events] == [ENTER, UPDATE, LEAVE]
        assert [event["id"] for event in events] == [f"{connection_id}:{n}:0" for n in range(3)]
        assert {event["clientId"] for event in events} == {"alice"}
        assert {event["connectionId"] for event in events} == {connection_id}
        # RTP8e: a leave without data keeps that of the member.
        assert [event["data"] for event in events] == ["here", "busy", "busy"]


async def test_a_newcomer_is_sent_the_members_in_pages(api: Api) -> None:
    async with api.socket(token={"clientId": "*"}) as socket, api.socket() as newcomer:
        assert not (await socket.attach("room"))["flags"] & HAS_PRESENCE
        await enter(socket, "room", *({"clientId": f"c{n:03}"} for n in range(250)))
        assert (await newcomer.attach("room"))["flags"] & HAS_PRESENCE
        pages = [await newcomer.expect(SYNC) for _ in range(3)]
        assert [len(page["presence"]) for page in pages] == [100, 100, 50]
        assert {m["action"] for page in pages for m in page["presence"]} == {PRESENT}
        assert len({m["clientId"] for page in pages for m in page["presence"]}) == 250
        sequences = [page["channelSerial"].split(":") for page in pages]
        assert len({sequence for sequence, _ in sequences}) == 1
        assert [bool(cursor) for _, cursor in sequences] == [True, True, False]
        await newcomer.silent()
        await newcomer.send(action=SYNC, channel="room")
        assert [len((await newcomer.expect(SYNC))["presence"]) for _ in range(3)] == [100, 100, 50]


async def test_members_leave_some_time_after_their_connection_is_lost(api: Api) -> None:
    async with api.socket() as watcher:
        await watcher.attach("room")
        async with api.socket(token={"clientId": "alice"}) as alice:
            await alice.attach("room")
            await enter(alice, "room", {"data": "here"})
            await watcher.expect(PRESENCE)
            await alice.vanish(api.server)
        api.server.clock.advance(14_000)
        await watcher.silent()
        api.server.clock.advance(1_500)
        (left,) = (await watcher.expect(PRESENCE))["presence"]
        assert (left["action"], left["clientId"], left["data"]) == (LEAVE, "alice", "here")
        # RTP2b1: an id that does not begin with the connection id shows who made the event up.
        assert not left["id"].startswith(left["connectionId"])


async def test_a_client_says_how_long_its_members_remain(api: Api) -> None:
    async with api.socket() as watcher:
        await watcher.attach("room")
        async with api.socket(token={"clientId": "alice"}, remainPresentFor="1000") as alice:
            await alice.attach("room")
            await enter(alice, "room", {})
            await watcher.expect(PRESENCE)
            await alice.vanish(api.server)
        api.server.clock.advance(1_000)
        assert (await watcher.expect(PRESENCE))["presence"][0]["action"] == LEAVE


async def test_members_stay_when_the_connection_resumes_in_time(api: Api) -> None:
    async with api.socket() as watcher:
        await watcher.attach("room")
        async with api.socket(token={"clientId": "alice"}) as alice:
            key = alice.connected["connectionDetails"]["connectionKey"]
            await alice.attach("room")
            entered = (await enter(alice, "room", {"data": "here"}))["presence"][0]
            await watcher.expect(PRESENCE)
            await alice.vanish(api.server)
        async with api.socket(token={"clientId": "alice"}, resume=key) as again:
            await again.attach("room")
            await again.expect(SYNC)
            api.server.clock.advance(20_000)
            # RTP17g: re-entering with the id of the member that is there changes nothing.
            await again.send(
                action=PRESENCE,
                msgSerial=1,
                channel="room",
                presence=[{"action": ENTER, "id": entered["id"], "data": "here"}],
            )
            assert (await again.receive())["action"] == ACK
            await watcher.silent()


@pytest.mark.parametrize("how", ["close", "detach"])
async def test_members_leave_at_once_when_their_client_does(api: Api, how: str) -> None:
    async with api.socket() as watcher, api.socket(token={"clientId": "alice"}) as alice:
        await watcher.attach("room")
        await alice.attach("room")
        await enter(alice, "room", {})
        await watcher.expect(PRESENCE)
        if how == "close":
            await alice.send(action=7)
            await alice.closed()
        else:
            await alice.send(action=DETACH, channel="room")
            await alice.expect(DETACHED)
        assert (await watcher.expect(PRESENCE))["presence"][0]["action"] == LEAVE


async def test_a_member_hears_of_itself_even_where_it_may_not_subscribe(api: Api) -> None:
    token = {"clientId": "alice", "capability": '{"room":["presence"]}'}
    async with api.socket(token=token, echo="false") as alice, api.socket() as other:
        frame = await alice.attach("room")
        assert frame["flags"] & ~HAS_PRESENCE == PRESENCE_MODE
        await enter(alice, "room", {})
        await other.attach("room")
        await other.expect(SYNC)
        await alice.silent()


@pytest.mark.parametrize(
    ("token", "member", "code"),
    [
        ({}, {}, 91000),
        ({"clientId": "*"}, {}, 91000),
        ({"clientId": "alice"}, {"clientId": "bob"}, 40012),
        ({"clientId": "alice"}, {"clientId": "*"}, 40012),
        ({"clientId": "alice"}, {"action": PRESENT}, 40001),
        ({"clientId": "alice"}, {"action": 9}, 40001),
        ({"clientId": "alice"}, {"data": "x" * 70_000}, 40009),
        ({"clientId": "alice", "capability": '{"room":["subscribe"]}'}, {}, 40160),
    ],
)
async def test_bad_presence_is_refused(api: Api, token: Frame, member: Frame, code: int) -> None:
    async with api.socket(token=token) as socket:
        await socket.attach("room")
        await socket.request(PRESENCE, channel="room", presence=[{"action": ENTER} | member])
        assert (await socket.expect(NACK))["error"]["code"] == code


async def test_presence_needs_an_attached_channel_with_the_mode(api: Api) -> None:
    async with api.socket(token={"clientId": "alice"}) as socket:
        await socket.request(PRESENCE, channel="room", presence=[{"action": ENTER}])
        assert (await socket.expect(NACK))["error"]["code"] == 91001
        await socket.attach("room", flags=SUBSCRIBE_MODE)
        await socket.request(PRESENCE, channel="room", presence=[{"action": ENTER}])
        assert (await socket.expect(NACK))["error"]["code"] == 40165


async def test_the_number_of_members_is_limited() -> None:
    import httpx

    async with (
        LocalAbly(limits=Limits(max_presence_members=2)) as server,
        httpx.AsyncClient(base_url=server.url) as http,
    ):
        api = Api(server, http)
        async with api.socket(token={"clientId": "*"}) as socket:
            await socket.attach("room")
            await enter(socket, "room", {"clientId": "a"}, {"clientId": "b"})
            await socket.request(
                PRESENCE, channel="room", presence=[{"action": ENTER, "clientId": "c"}]
            )
            assert (await socket.expect(NACK))["error"]["code"] == 91003
            await enter(socket, "room", {"clientId": "a", "data": "again"})


async def test_members_are_read_over_rest(api: Api) -> None:
    headers = await api.bearer()
    async with api.socket(token={"clientId": "*"}) as socket:
        await socket.attach("room")
        await enter(socket, "room", *({"clientId": name} for name in "abc"))
        path = "/channels/room/presence"
        members = (await api.http.get(path, headers=headers)).json()
        assert [(m["clientId"], m["action"]) for m in members] == [(n, PRESENT) for n in "abc"]
        response = await api.http.get(path, params={"clientId": "b"}, headers=headers)
        assert [member["clientId"] for member in response.json()] == ["b"]
        response = await api.http.get(path, params={"connectionId": "other"}, headers=headers)
        assert response.json() == []
        response = await api.http.get(path, params={"limit": "2"}, headers=headers)
        assert len(response.json()) == 2
        assert any('rel="next"' in link for link in response.headers.get_list("link"))
        response = await api.http.get(f"{path}/history", headers=headers)
        assert [m["clientId"] for m in response.json()] == ["c", "b", "a"]
        denied = await api.bearer(capability='{"room":["publish"]}')
        assert error_of(await api.http.get(path, headers=denied)) == (401, 40160)


async def test_fixtures_of_an_app_are_present(api: Api) -> None:
    specification = {
        "channels": [
            {
                "name": "persisted:fixtures",
                "presence": [
                    {"clientId": "one", "data": "true"},
                    {"clientId": "two", "data": '{"a":1}', "encoding": "json"},
                ],
            }
        ],
    }
    key = (await api.http.post("/apps", json=specification)).json()["keys"][0]["keyStr"]
    response = await api.http.get(
        "/channels/persisted%3Afixtures/presence", headers=await api.bearer(key)
    )
    assert [(m["clientId"], m["data"], m.get("encoding")) for m in response.json()] == [
        ("one", "true", None),
        ("two", '{"a":1}', "json"),
    ]
