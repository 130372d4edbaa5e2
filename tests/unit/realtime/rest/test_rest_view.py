"""REST requests on a shared Auth, with the REST SDK's whole HTTP layer above a mock network."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from ably import AblyException, AblyRest

from ably_realtime._rest.shared_auth import SharedAuth
from tests.unit.realtime.rest.fakes import FakeMember, Provider
from tests.uts.harness import KEY, MockHttpClient, PendingRequest, settle
from tests.uts.harness.http import route_rest_requests

EXPIRED = {"error": {"code": 40142, "statusCode": 401, "message": "token expired"}}


class Api:
    """A REST API that takes some tokens; the answers to refused requests may be held back."""

    def __init__(self) -> None:
        self.valid: set[str] = set()
        self.tokens: list[str] = []
        self.refused: list[PendingRequest] = []
        self.hold = False

    def answer(self, request: PendingRequest) -> None:
        token = base64.b64decode(request.headers["authorization"].split()[1]).decode()
        self.tokens.append(token)
        if token in self.valid:
            request.respond_with(200, [])
            return
        self.refused.append(request)
        if not self.hold:
            self.release()

    def release(self, count: int | None = None) -> None:
        """Answer what was held back."""
        released, self.refused = self.refused[:count], self.refused[count:] if count else []
        for request in released:
            request.respond_with(401, EXPIRED)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, member: FakeMember) -> Api:
    api = Api()
    route_rest_requests(monkeypatch, MockHttpClient(api.answer))
    return api


@pytest.fixture
async def rest(provider: Provider, member: FakeMember) -> AsyncIterator[AblyRest]:
    async with AblyRest(auth_callback=provider, use_binary_protocol=False) as rest:
        SharedAuth.join(rest.auth, member)
        yield rest


async def ask(rest: AblyRest) -> Any:
    return await rest.request("GET", "/anything", version="5")


async def test_a_request_gets_a_token_and_keeps_it(
    rest: AblyRest, api: Api, member: FakeMember, provider: Provider
) -> None:
    api.valid = {"t1"}
    await ask(rest)
    await ask(rest)
    assert (api.tokens, len(provider.params)) == (["t1", "t1"], 1)
    assert (member.heard, member.authorizations) == (["t1"], [])


async def test_a_refused_request_is_made_again_with_another_token(
    rest: AblyRest, api: Api, member: FakeMember
) -> None:
    """RSA4b, RSC10; for the application nothing was authorized."""
    api.valid = {"t2"}
    channel = rest.channels.get("c")
    await channel.history()
    assert api.tokens == ["t1", "t2"]
    assert (member.heard, member.authorizations) == (["t1", "t2"], [])


async def test_a_request_is_made_twice_at_most(rest: AblyRest, api: Api) -> None:
    with pytest.raises(AblyException) as caught:
        await rest.channels.get("c").history()
    assert caught.value.code == 40142
    assert api.tokens == ["t1", "t2"]


@pytest.mark.parametrize("late", [False, True])
async def test_many_refused_requests_renew_once(
    rest: AblyRest, api: Api, provider: Provider, member: FakeMember, late: bool
) -> None:
    """Also those whose refusal arrives when the new token is there already."""
    api.hold = True
    requests = [asyncio.create_task(rest.channels.get("c").history()) for _ in range(100)]
    await settle()
    assert len(api.refused) == 100
    api.valid = {"t2"}
    if late:
        api.release(60)
        await settle()
    api.release()
    await asyncio.gather(*requests)
    assert len(provider.params) == 2
    assert member.heard == ["t1", "t2"]
    assert api.tokens == ["t1"] * 100 + ["t2"] * 100


async def test_without_a_way_to_another_token(api: Api, member: FakeMember) -> None:
    """RSA4a2: no second request."""
    async with AblyRest(token="static", use_binary_protocol=False) as rest:
        SharedAuth.join(rest.auth, member)
        with pytest.raises(AblyException) as caught:
            await rest.channels.get("c").history()
    assert (caught.value.code, caught.value.status_code) == (40171, 401)
    assert api.tokens == ["static"]


@pytest.mark.parametrize(("configured", "header"), [(None, None), ("me", "me")])
async def test_a_key_names_only_a_configured_client(
    member: FakeMember, configured: str | None, header: str | None
) -> None:
    """RSA7e2: that the server lets a key be anyone is no name."""
    async with AblyRest(KEY, client_id=configured, use_binary_protocol=False) as rest:
        SharedAuth.join(rest.auth, member).identity.learn("*")
        view: Any = rest.http.auth
        headers = await view._get_auth_headers()
    assert headers["Authorization"] == f"Basic {base64.b64encode(KEY.encode()).decode()}"
    named = headers.get("X-Ably-ClientId")
    assert (named and base64.b64decode(named).decode()) == header


async def test_a_request_outlives_the_hook(
    api: Api, rest: AblyRest, member: FakeMember, provider: Provider
) -> None:
    """The last client may close while a request is on its way."""
    api.hold = True
    request = asyncio.create_task(rest.channels.get("c").history())
    await settle()
    shared = SharedAuth.of(rest.auth)
    assert shared is not None
    shared.leave(member)
    api.valid = {"t2"}
    api.release()
    await request
    assert api.tokens == ["t1", "t2"]
    assert member.heard == ["t1"]
