"""One Auth and several members, on the REST SDK's own Auth with everything around it in memory."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from ably import AblyException, AblyRest, Auth
from ably.types.tokendetails import TokenDetails
from ably.types.tokenrequest import TokenRequest

from ably_realtime._rest.shared_auth import SharedAuth
from tests.unit.realtime.rest.fakes import (
    HOUR,
    KEY,
    TIMEOUT,
    FakeHttp,
    FakeMember,
    Provider,
    answer,
    make_auth,
    started,
)
from tests.uts.harness import settle

# -- renewal


async def test_whoever_asks_during_a_request_shares_it(member: FakeMember, held: Provider) -> None:
    auth = make_auth(auth_callback=held)
    shared = SharedAuth.join(auth, member)
    tasks = [await started(shared.token(None)) for _ in range(5)]
    tasks.append(await started(auth._ensure_valid_auth_credentials()))
    assert len(held.pending) == 1
    held.pending[0].set_result("t1")
    assert {details.token for details in await asyncio.gather(*tasks)} == {"t1"}
    assert auth.token_details.token == "t1"


async def test_a_token_is_used_until_it_is_refused(member: FakeMember, provider: Provider) -> None:
    shared = SharedAuth.join(make_auth(auth_callback=provider, auth_token="t0"), member)
    assert (await shared.token(None)).token == "t0"
    assert (await shared.token("other")).token == "t0"
    assert provider.params == []
    assert (await shared.token("t0")).token == "t1"
    assert (await shared.token("t0")).token == "t1"
    assert len(provider.params) == 1


async def test_every_member_hears_of_a_new_token_once(provider: Provider) -> None:
    auth = make_auth(auth_callback=provider)
    members = [FakeMember() for _ in range(3)]
    *_, shared = [SharedAuth.join(auth, member) for member in members]
    await asyncio.gather(*(shared.token(None) for _ in range(10)))
    await shared.token(None)
    assert [member.heard for member in members] == [["t1"]] * 3


async def test_the_same_token_again_is_no_news(member: FakeMember) -> None:
    shared = SharedAuth.join(make_auth(auth_callback=lambda _: "t0", auth_token="t0"), member)
    assert (await shared.token("t0")).token == "t0"
    assert member.heard == []


async def test_a_failed_request_fails_everyone_and_the_next_tries_again(
    member: FakeMember, held: Provider
) -> None:
    shared = SharedAuth.join(make_auth(auth_callback=held), member)
    tasks = [await started(shared.token(None)) for _ in range(3)]
    held.pending[0].set_exception(OSError("down"))
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome.__cause__) for outcome in outcomes] == [OSError] * 3
    again = await started(shared.token(None))
    held.pending[1].set_result("t1")
    assert (await again).token == "t1"
    assert member.heard == ["t1"]


async def test_a_request_ends_with_the_last_who_waits_for_it(
    member: FakeMember, held: Provider
) -> None:
    shared = SharedAuth.join(make_auth(auth_callback=held), member)
    first, last = [await started(shared.token(None)) for _ in range(2)]
    first.cancel()
    await settle()
    assert not held.pending[0].cancelled()
    last.cancel()
    await settle()
    assert held.pending[0].cancelled()
    assert member.clock.pending == []
    again = await started(shared.token(None))
    held.pending[1].set_result("t1")
    assert (await again).token == "t1"


async def test_a_request_has_a_deadline(member: FakeMember, held: Provider) -> None:
    """RSA4e."""
    shared = SharedAuth.join(make_auth(auth_callback=held), member)
    waiting = await started(shared.token(None))
    await member.clock.advance(TIMEOUT - 1)
    assert not waiting.done()
    await member.clock.advance(1)
    with pytest.raises(AblyException, match="no token was obtained within 10000 ms") as caught:
        await waiting
    assert (caught.value.code, caught.value.status_code) == (40170, 401)
    assert held.pending[0].cancelled()


async def test_a_timeout_of_the_provider_is_its_own(member: FakeMember, held: Provider) -> None:
    shared = SharedAuth.join(make_auth(auth_callback=held), member)
    waiting = await started(shared.token(None))
    held.pending[0].set_exception(TimeoutError("slow database"))
    with pytest.raises(AblyException, match="auth_callback failed: TimeoutError: slow database"):
        await waiting


async def test_without_a_way_to_a_token_there_is_none(member: FakeMember) -> None:
    """RSA4a2. The message names the token by its key, not by its value."""
    shared = SharedAuth.join(make_auth(auth_token="the-secret-token"), member)
    assert (await shared.token(None)).token == "the-secret-token"
    with pytest.raises(AblyException, match="no way to another token") as caught:
        await shared.token("the-secret-token")
    assert (caught.value.code, caught.value.status_code) == (40171, 401)
    assert "the-secret-token" not in str(caught.value)


async def test_an_expired_token_is_renewed_before_its_use(
    member: FakeMember, provider: Provider
) -> None:
    """RSA4b1: as soon as the server's time is known."""
    http = FakeHttp(answer([2 * HOUR]))
    old = TokenDetails(token="t0", expires=HOUR, issued=1)
    auth = make_auth(http, auth_callback=provider, token_details=old, **KEY)
    shared = SharedAuth.join(auth, member)
    assert (await shared.token(None)).token == "t0"
    await auth.create_token_request(query_time=True)
    assert (await shared.token(None)).token == "t1"


async def test_a_token_that_cannot_be_renewed_is_used_to_the_end(member: FakeMember) -> None:
    old = TokenDetails(token="t0", expires=1, issued=1)
    auth = make_auth(token_details=old)
    shared = SharedAuth.join(auth, member)
    assert (await shared.token(None)).token == "t0"


# -- the ways to a token


async def test_a_key_signs_a_request(member: FakeMember) -> None:
    """RSA8a, RSA9."""
    http = FakeHttp(answer({"token": "t1", "issued": 1, "expires": HOUR}))
    shared = SharedAuth.join(make_auth(http, **KEY, client_id="me"), member)
    assert (await shared.token(None)).token == "t1"
    (request,) = http.requests
    assert request.url == "https://localhost:443/keys/app.key/requestToken"
    body = json.loads(request.content)
    assert (body["keyName"], body["clientId"]) == ("app.key", "me")
    assert body["mac"]
    assert "authorization" not in request.headers


async def test_a_signed_request_of_a_callback_is_exchanged(member: FakeMember) -> None:
    """RSA8d."""
    http = FakeHttp(answer({"token": "t1"}, status=201))

    def callback(params: object) -> TokenRequest:
        return TokenRequest(key_name="app.k2", nonce="n", mac="signed", timestamp=1)

    shared = SharedAuth.join(make_auth(http, auth_callback=callback), member)
    assert (await shared.token(None)).token == "t1"
    assert http.requests[0].url == "https://localhost:443/keys/app.k2/requestToken"


async def test_an_auth_url_is_asked_through_the_members_http(provider: Provider) -> None:
    """RSA8c."""
    http = FakeHttp(answer("t1", kind="text/plain"))
    auth = make_auth(
        auth_url="https://auth.example.com/token",
        auth_method="POST",
        auth_headers={"x-user": "u"},
        auth_params={"a": "b"},
        client_id="me",
        default_token_params={"ttl": 2000},
    )
    shared = SharedAuth.join(auth, FakeMember(http))
    assert (await shared.token(None)).token == "t1"
    (request,) = http.requests
    assert (request.method, request.headers["x-user"]) == ("POST", "u")
    assert request.form == {"a": "b", "clientId": "me", "ttl": "2000"}


async def test_a_callback_comes_before_a_key(member: FakeMember, provider: Provider) -> None:
    shared = SharedAuth.join(make_auth(auth_callback=provider, **KEY), member)
    assert (await shared.token(None)).token == "t1"
    assert len(provider.params) == 1


async def test_a_refusal_by_the_server_is_passed_on(member: FakeMember) -> None:
    """RSA4d."""
    refusal = {"error": {"code": 40300, "statusCode": 403, "message": "disabled"}}
    shared = SharedAuth.join(make_auth(FakeHttp(answer(refusal, 403)), **KEY), member)
    with pytest.raises(AblyException) as caught:
        await shared.token(None)
    assert (caught.value.code, caught.value.status_code) == (40300, 403)


async def test_a_network_that_is_down_is_named(member: FakeMember) -> None:
    error = ConnectionError("no route")
    shared = SharedAuth.join(make_auth(FakeHttp(error), **KEY), member)
    with pytest.raises(AblyException, match="the token request failed: ConnectionError") as caught:
        await shared.token(None)
    assert (caught.value.code, caught.value.__cause__) == (40170, error)


async def test_request_token_changes_nothing(member: FakeMember, provider: Provider) -> None:
    """RSA4d1, RSA8: its own options come first."""
    auth = make_auth(auth_callback=lambda _: "other")
    SharedAuth.join(auth, member)
    details = await auth.request_token({"ttl": 5}, auth_callback=provider)
    assert details.token == "t1"
    assert provider.params == [{"ttl": 5}]
    assert (auth.token_details, member.heard) == (None, [])


async def test_request_token_without_a_way(member: FakeMember) -> None:
    auth = make_auth(auth_token="t0")
    SharedAuth.join(auth, member)
    with pytest.raises(AblyException) as caught:
        await auth.request_token()
    assert caught.value.code == 40171


# -- secrets


async def test_nothing_of_ours_shows_a_token_or_a_key(
    member: FakeMember, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    http = FakeHttp(answer({"token": "SECRET-2", "issued": 1, "expires": HOUR}))
    auth = make_auth(http, key_name="app.key", key_secret="SECRET-KEY", auth_token="SECRET-1")
    shared = SharedAuth.join(auth, member)
    details = await shared.token("SECRET-1")
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("ably_realtime")]
    assert ours == ["renewing the token of key app.key, of unknown expiry"]
    assert "SECRET" not in caplog.text
    assert "SECRET" not in repr((details, shared, auth, member.authorizations))


# -- hooking and unhooking


async def test_the_last_who_leaves_gives_the_auth_back(provider: Provider) -> None:
    async with AblyRest(auth_callback=provider, endpoint="localhost") as rest:
        auth, attributes, view = rest.auth, set(vars(rest.auth)), rest.http.auth
        first, second = FakeMember(), FakeMember()
        shared = SharedAuth.join(auth, first)
        assert SharedAuth.join(auth, second) is shared is SharedAuth.of(auth)
        assert rest.auth is auth
        assert isinstance(auth, Auth)
        shared.leave(first)
        assert SharedAuth.of(auth) is shared
        shared.leave(second)
        assert SharedAuth.of(auth) is None
        assert (type(auth), set(vars(auth)), rest.http.auth) == (Auth, attributes, view)
        await auth.authorize()
        assert (first.heard, first.authorizations, second.authorizations) == ([], [], [])


async def test_who_stays_lends_its_http_and_its_clock(held: Provider) -> None:
    auth = make_auth(auth_callback=held)
    leaving, staying = FakeMember(), FakeMember()
    shared = SharedAuth.join(auth, leaving)
    SharedAuth.join(auth, staying)
    shared.leave(leaving)
    waiting = await started(shared.token(None))
    assert (len(leaving.clock.pending), len(staying.clock.pending)) == (0, 1)
    held.pending[0].set_result("t1")
    await waiting
    assert (leaving.heard, staying.heard) == ([], ["t1"])
