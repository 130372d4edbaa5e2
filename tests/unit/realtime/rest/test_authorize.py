"""`authorize()` on a shared Auth, and who the client is by its tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ably import AblyException
from ably.types.authoptions import AuthOptions
from ably.types.tokendetails import TokenDetails

from ably_realtime import AblyError
from ably_realtime._rest.shared_auth import SharedAuth
from tests.unit.realtime.rest.fakes import FakeMember, Provider, make_auth, started
from tests.uts.harness import settle

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
