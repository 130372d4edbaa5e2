"""One Auth and several members, on the REST SDK's own Auth with everything around it in memory."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from ably import AblyException, AblyRest, Auth
from ably.types.authoptions import AuthOptions
from ably.types.options import Options
from ably.types.tokendetails import TokenDetails
from ably.types.tokenrequest import TokenRequest

from ably_realtime import AblyError
from ably_realtime._rest.auth_host import AuthHost
from ably_realtime._rest.shared_auth import SharedAuth
from tests.unit.realtime.rest.fakes import TIMEOUT, FakeHttp, FakeMember, answer
from tests.uts.harness import settle

HOUR = 3_600_000
KEY = {"key_name": "app.key", "key_secret": "secret"}


class Provider:
    """An `auth_callback` that is answered by the test, or at once with `t1`, `t2`, ..."""

    def __init__(self, *, held: bool = False) -> None:
        self.params: list[dict[str, Any]] = []
        self.pending: list[asyncio.Future[Any]] = []
        self._held = held

    async def __call__(self, params: dict[str, Any]) -> Any:
        self.params.append(params)
        if not self._held:
            return f"t{len(self.params)}"
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.pending.append(future)
        return await future


def make_auth(http: FakeHttp | None = None, **options: Any) -> Any:
    options.setdefault("use_token_auth", True)
    own = Options(endpoint="localhost", **options)
    host: Any = AuthHost(own, 443, http or FakeHttp(), "test")
    return Auth(host, own)


@pytest.fixture
async def member() -> FakeMember:
    return FakeMember()


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def held() -> Provider:
    return Provider(held=True)


async def started(work: Awaitable[Any]) -> asyncio.Task[Any]:
    task = asyncio.ensure_future(work)
    await settle()
    assert isinstance(task, asyncio.Task)
    return task


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
    shared = [SharedAuth.join(auth, member) for member in members][0]
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
    assert [type(outcome.__cause__) for outcome in outcomes] == [OSError] * 3  # type: ignore[union-attr]
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
    """RSA4b1: where the server's time is known."""
    clock: list[float] = [0.0]
    http = FakeHttp(lambda request: answer([clock[0]]))
    old = TokenDetails(token="t0", expires=HOUR, issued=1)
    auth = make_auth(http, auth_callback=provider, token_details=old, query_time=True, **KEY)
    shared = SharedAuth.join(auth, member)
    await auth.create_token_request(query_time=True)
    assert (await shared.token(None)).token == "t0" if auth.time_offset is None else "t1"


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
    body = answer_body(request)
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


# -- authorize()


async def test_authorize_reaches_every_member_and_settles_with_the_last(
    provider: Provider,
) -> None:
    auth = make_auth(auth_callback=provider)
    members = [FakeMember(), FakeMember()]
    for member in members:
        member.accepts = False
        SharedAuth.join(auth, member)
    call = await started(auth.authorize({"ttl": 5}))
    assert [member.authorizations[0].result().token for member in members] == ["t1", "t1"]
    members[0].accepted[0].set_result(None)
    await settle()
    assert not call.done()
    members[1].accepted[0].set_result(None)
    assert (await call).token == "t1"
    assert provider.params == [{"ttl": 5}]
    assert [member.heard for member in members] == [[], []]


async def test_a_member_whose_server_refuses_fails_the_call_once_all_have_settled(
    provider: Provider,
) -> None:
    auth = make_auth(auth_callback=provider)
    members = [FakeMember(), FakeMember()]
    for member in members:
        member.accepts = False
        SharedAuth.join(auth, member)
    call = await started(auth.authorize())
    members[0].accepted[0].set_exception(AblyError(code=40102, status_code=401, message="no"))
    await settle()
    assert not call.done()
    members[1].accepted[0].set_result(None)
    with pytest.raises(AblyError) as caught:
        await call
    assert caught.value.code == 40102


async def test_token_params_are_kept_without_the_timestamp(
    member: FakeMember, provider: Provider
) -> None:
    """RSA10g."""
    auth = make_auth(auth_callback=provider, default_token_params={"capability": "{}"})
    shared = SharedAuth.join(auth, member)
    await auth.authorize({"ttl": 5, "timestamp": 9})
    await shared.token("t1")
    assert provider.params == [{"ttl": 5, "timestamp": 9}, {"ttl": 5}]


@pytest.mark.parametrize(
    "make",
    [lambda callback: {"auth_callback": callback}, lambda c: AuthOptions(auth_callback=c)],
    ids=["dict", "AuthOptions"],
)
async def test_auth_options_are_kept(
    member: FakeMember, provider: Provider, make: Callable[[Any], Any]
) -> None:
    """RSA10g, RSA10j; a dict is as good as AuthOptions."""
    auth = make_auth(auth_url="https://old.example.com", auth_headers={"old": "1"})
    shared = SharedAuth.join(auth, member)
    assert (await auth.authorize(auth_options=make(provider))).token == "t1"
    assert (await shared.token("t1")).token == "t2"
    assert (auth.auth_options.auth_url, auth.auth_options.auth_headers) == (None, None)
    assert (await auth.authorize()).token == "t3"


async def test_a_sync_callback_may_come_with_authorize(member: FakeMember) -> None:
    auth = make_auth(auth_token="t0")
    SharedAuth.join(auth, member)
    options = {"auth_callback": lambda _: {"token": "t1"}}
    assert (await auth.authorize(auth_options=options)).token == "t1"


async def test_a_token_of_the_options_is_used_as_it_is(
    member: FakeMember, provider: Provider
) -> None:
    """RSA10e: and the way to the next one is kept."""
    auth = make_auth(auth_token="t0")
    shared = SharedAuth.join(auth, member)
    options = {"token": "given", "auth_callback": provider}
    assert (await auth.authorize(auth_options=options)).token == "given"
    assert member.authorizations[0].result().token == "given"
    assert provider.params == []
    assert (await shared.token("given")).token == "t1"
    assert "given" not in str(auth.auth_options.auth_options)


async def test_a_call_without_a_way_to_a_token_changes_nothing(
    member: FakeMember, provider: Provider
) -> None:
    auth = make_auth(auth_callback=provider)
    SharedAuth.join(auth, member)
    with pytest.raises(AblyException) as caught:
        await auth.authorize(auth_options={"query_time": True})
    assert caught.value.code == 40171
    assert member.authorizations == []
    assert (await auth.authorize()).token == "t1"


@pytest.mark.parametrize("arguments", [{"token_params": "ttl"}, {"auth_options": "key"}])
async def test_a_call_that_makes_no_sense(
    member: FakeMember, provider: Provider, arguments: dict[str, Any]
) -> None:
    auth = make_auth(auth_callback=provider)
    SharedAuth.join(auth, member)
    with pytest.raises(AblyError, match="is a dict"):
        await auth.authorize(**arguments)
    assert (member.authorizations, provider.params) == ([], [])


async def test_a_failed_call_tells_every_member(member: FakeMember, held: Provider) -> None:
    auth = make_auth(auth_callback=held)
    SharedAuth.join(auth, member)
    call = await started(auth.authorize())
    held.pending[0].set_exception(OSError("down"))
    with pytest.raises(AblyException, match="auth_callback failed: OSError: down"):
        await call
    assert isinstance(member.authorizations[0].exception(), AblyException)


async def test_cancelling_the_wait_leaves_the_call(member: FakeMember, held: Provider) -> None:
    auth = make_auth(auth_callback=held)
    SharedAuth.join(auth, member)
    call = await started(auth.authorize())
    call.cancel()
    await settle()
    held.pending[0].set_result("t1")
    await settle()
    assert auth.token_details.token == "t1"
    assert member.authorizations[0].result().token == "t1"


async def test_a_cancelled_call_that_fails_is_nobodys_exception(
    member: FakeMember, held: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    auth = make_auth(auth_callback=held)
    SharedAuth.join(auth, member)
    call = await started(auth.authorize())
    call.cancel()
    await settle()
    held.pending[0].set_exception(OSError("down"))
    await settle()
    assert [record for record in caplog.records if record.name == "asyncio"] == []


async def test_who_needs_a_token_during_authorize_gets_that_one(
    member: FakeMember, held: Provider
) -> None:
    auth = make_auth(auth_callback=held, auth_token="t0")
    shared = SharedAuth.join(auth, member)
    call = await started(auth.authorize())
    waiting = await started(shared.token("t0"))
    held.pending[0].set_result("t1")
    assert (await call).token == (await waiting).token == "t1"
    assert len(held.pending) == 1
    assert member.heard == []


async def test_authorize_after_a_renewal_has_the_last_word(
    member: FakeMember, held: Provider
) -> None:
    auth = make_auth(auth_callback=held, auth_token="t0")
    shared = SharedAuth.join(auth, member)
    renewal = await started(shared.token("t0"))
    call = await started(auth.authorize({"ttl": 5}))
    assert len(held.pending) == 1
    held.pending[0].set_result("t1")
    await settle()
    held.pending[1].set_result("t2")
    assert (await renewal).token == "t1"
    assert (await call).token == auth.token_details.token == "t2"


# -- who the client is


async def test_an_opaque_token_goes_with_a_client_id(
    member: FakeMember, provider: Provider
) -> None:
    auth = make_auth(auth_callback=provider, client_id="me")
    shared = SharedAuth.join(auth, member)
    await shared.token(None)
    assert auth.client_id == "me"
    assert auth.can_assume_client_id("me")
    assert provider.params == [{"client_id": "me"}]


async def test_a_token_for_somebody_else_is_not_used(member: FakeMember) -> None:
    """RSA15a, RSA15c; the next attempt asks again."""
    tokens = [TokenDetails(token="t1", client_id="you"), TokenDetails(token="t2", client_id="me")]
    auth = make_auth(auth_callback=lambda _: tokens.pop(0), client_id="me")
    shared = SharedAuth.join(auth, member)
    with pytest.raises(AblyException, match="clientId mismatch") as caught:
        await shared.token(None)
    assert caught.value.code == 40102
    assert member.heard == []
    assert (await shared.token(None)).token == "t2"


async def test_a_token_for_somebody_else_that_is_all_there_is(member: FakeMember) -> None:
    details = TokenDetails(token="t0", client_id="you")
    shared = SharedAuth.join(make_auth(token_details=details, client_id="me"), member)
    with pytest.raises(AblyException) as caught:
        await shared.token(None)
    assert caught.value.code == 40102


async def test_an_unconfigured_client_is_whom_its_token_says(member: FakeMember) -> None:
    """RSA7b2, RSA7b4, RSA12a."""
    ids = ["a", "b", None, "*"]

    def callback(params: object) -> TokenDetails:
        return TokenDetails(token=f"t{len(ids)}", client_id=ids.pop(0))

    auth = make_auth(auth_callback=callback)
    SharedAuth.join(auth, member)
    seen = []
    for _ in range(4):
        await auth.authorize()
        seen.append(auth.client_id)
    assert seen == ["a", "b", "b", "*"]


async def test_who_may_be_anyone_may_ask_to_be_someone(
    member: FakeMember, provider: Provider
) -> None:
    """RSA10h is a default."""
    auth = make_auth(auth_callback=provider)
    SharedAuth.join(auth, member)
    auth._configure_client_id("*")
    await auth.authorize({"client_id": "bob"})
    await auth.authorize({})
    assert [params["client_id"] for params in provider.params] == ["bob", "*"]


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
    async with AblyRest(auth_callback=provider, endpoint="localhost", client_id="me") as rest:
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


def answer_body(request: Any) -> dict[str, Any]:
    import json

    body: dict[str, Any] = json.loads(request.content)
    return body
