"""Tokens: requested and revoked."""

from __future__ import annotations

from starlette.routing import Route

from ..apps import Key
from ..errors import Code, Refusal, refusal
from ..revocation import MAX_REACH_BACK, REAUTH_MARGIN, Revocation
from ..tokens import TokenRequest
from .call import Answer, Call, endpoint


async def request_token(call: Call) -> Answer:
    """Issue a token for a signed request, or for an unsigned one made with the key itself."""
    name = call.path("key")
    app = call.service.apps.find(name.partition(".")[0])
    if app is None:
        raise refusal(Code.NOT_FOUND, f"no application found for key {name}")
    call.count_for(app)
    key = app.key(name)
    body = await call.body()
    request = TokenRequest.from_wire(body)
    if body.get("keyName") not in (None, name):
        raise refusal(Code.INCOMPATIBLE_CREDENTIALS, "the keyName is not that of the path")
    authenticated = request.mac is None and call.is_authenticated
    if authenticated and call.grant.key_name != name:
        raise refusal(Code.INCOMPATIBLE_CREDENTIALS, "the credentials belong to another key")
    details = app.tokens.issue(request, key, authenticated=authenticated)
    return Answer(details.to_wire(), 201)


async def revoke_tokens(call: Call) -> Answer:
    """Revoke tokens by target, each on its own (RSA17)."""
    key = _revoking_key(call)
    body = await call.body()
    targets = body.get("targets") if isinstance(body, dict) else None
    if not isinstance(targets, list) or not targets:
        raise refusal(Code.INVALID_REQUEST_BODY, "targets is an array of targets to revoke")
    if not all(isinstance(target, str) for target in targets):
        raise refusal(Code.INVALID_REQUEST_BODY, "a target is text such as clientId:bob")
    now = call.service.clock.now()
    issued_before = body.get("issuedBefore", now)
    if type(issued_before) is not int or not now - MAX_REACH_BACK <= issued_before <= now:
        raise refusal(Code.INVALID_PARAMETER_VALUE, "issuedBefore lies within the past hour")
    margin_wanted = body.get("allowReauthMargin", False)
    if not isinstance(margin_wanted, bool):
        raise refusal(Code.INVALID_REQUEST_BODY, "allowReauthMargin is true or false")
    margin = REAUTH_MARGIN if margin_wanted else 0
    results: list[dict[str, object]] = []
    for target in targets:
        try:
            revocation = Revocation.of_target(target, key.name, issued_before, now + margin)
        except Refusal as refused:
            results.append({"target": target, "error": refused.error.to_wire()})
        else:
            call.service.revoke(call.app, revocation)
            results.append(revocation.to_wire())
    return call.batch(results, 201)


def _revoking_key(call: Call) -> Key:
    """Return the key that the request is made with and whose tokens may be revoked."""
    name = call.path("key")
    if not call.grant.is_key:
        raise refusal(
            Code.BASIC_AUTH_REQUIRED, "tokens are revoked with the key itself", status=401
        )
    if call.grant.key_name != name:
        raise refusal(
            Code.WRONG_KEY_FOR_REVOCATION, "tokens are revoked with the key they belong to"
        )
    key = call.app.key(name)
    if not key.revocable_tokens:
        raise refusal(
            Code.REVOCATION_NOT_ENABLED, f"the tokens of key {name} are not revocable", status=401
        )
    return key


routes: list[Route] = [
    Route("/keys/{key}/requestToken", endpoint(request_token), methods=["POST"]),
    Route("/keys/{key}/revokeTokens", endpoint(revoke_tokens), methods=["POST"]),
]
