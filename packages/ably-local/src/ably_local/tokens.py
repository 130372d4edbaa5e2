"""Tokens of one app: issued by requestToken, signed as JWTs by the app's owner, and revoked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jwt
from jwt.algorithms import HMACAlgorithm

from .capability import Capability
from .clock import Clock
from .errors import Code, Refusal, refusal
from .formats import Format
from .grants import Grant
from .revocation import Revocation
from .sealed import seal, unseal

if TYPE_CHECKING:
    from .apps import Key

DEFAULT_TTL = 60 * 60 * 1000
MAX_TTL = 24 * 60 * 60 * 1000
TIMESTAMP_WINDOW = 2 * 60 * 1000
MIN_NONCE_LENGTH = 16


class _AnyLengthHmac(HMACAlgorithm):
    """HMAC with keys of any length: users choose the secrets of local keys, short ones too."""

    def check_key_length(self, key: bytes) -> None:
        """Accept every key."""


_signatures = jwt.PyJWS(algorithms=[])
_signatures.register_algorithm("HS256", _AnyLengthHmac(HMACAlgorithm.SHA256))


def signed_jwt(
    key_name: str, secret: str, issued: int, ttl: int, client_id: str | None = None
) -> str:
    """Return a JWT that the holder of a key makes; `issued` and `ttl` are seconds."""
    claims: dict[str, object] = {"iat": issued, "exp": issued + ttl}
    if client_id is not None:
        claims["x-ably-clientId"] = client_id
    payload = json.dumps(claims).encode()
    return _signatures.encode(payload, secret, algorithm="HS256", headers={"kid": key_name})


@dataclass(frozen=True, slots=True)
class TokenDetails:
    """An issued token. The token itself is left out of the representation."""

    token: str = field(repr=False)
    grant: Grant

    def to_wire(self) -> dict[str, object]:
        wire: dict[str, object] = {
            "token": self.token,
            "keyName": self.grant.key_name,
            "issued": self.grant.issued,
            "expires": self.grant.expires,
            "capability": self.grant.capability.to_json(),
        }
        if self.grant.client_id is not None:
            wire["clientId"] = self.grant.client_id
        return wire


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request for a token (TE), signed with the key's secret unless made with Basic auth."""

    ttl: int | None
    capability: str | None
    client_id: str | None
    timestamp: int | None
    nonce: str | None
    mac: str | None

    @classmethod
    def from_wire(cls, body: object) -> TokenRequest:
        if not isinstance(body, dict):
            raise refusal(Code.INVALID_REQUEST_BODY, "a token request is an object")
        capability = body.get("capability")
        if isinstance(capability, dict):
            capability = Capability.parse(capability).to_json() if capability else None
        return cls(
            ttl=_integer(body, "ttl"),
            capability=_string({"capability": capability}, "capability") or None,
            client_id=_string(body, "clientId"),
            timestamp=_integer(body, "timestamp"),
            nonce=_string(body, "nonce"),
            mac=_string(body, "mac"),
        )

    def expected_mac(self, key: Key) -> str:
        """Return the signature this request has if the holder of `key` made it (RSA9g)."""
        text = "".join(
            f"{'' if value is None else value}\n"
            for value in (
                key.name,
                self.ttl,
                self.capability,
                self.client_id,
                self.timestamp,
                self.nonce,
            )
        )
        digest = hmac.new(key.secret.encode(), text.encode(), hashlib.sha256).digest()
        return base64.b64encode(digest).decode("ascii")


def ended(grant: Grant, code: Code) -> Refusal:
    """Build the refusal of a token that expired (40142) or was revoked (40141)."""
    how = "expired" if code is Code.TOKEN_EXPIRED else "was revoked"
    return refusal(code, f"the token of key {grant.key_name} {how}", status=401)


@dataclass(frozen=True, slots=True)
class _Ending:
    """Tokens that were ended by a fault: those covered, of the time up to `stamp`."""

    covers: Callable[[Grant], bool]
    code: Code
    stamp: int
    moment: int


class Tokens:
    """Issues and verifies the tokens of one app, whose keys by name are `keys`.

    Each token has a stamp, by which it is later or earlier than others of the same millisecond: an
    issued one from when it was issued, a JWT from when it was first presented.
    """

    def __init__(self, clock: Clock, app_id: str, keys: Mapping[str, Key]) -> None:
        self._clock = clock
        self._app_id = app_id
        self._keys = keys
        self._stamp = 0
        self._jwts: dict[str, tuple[int, int]] = {}  # the stamp, and when it expires
        self._endings: list[_Ending] = []
        self._nonces: dict[tuple[str, int], int] = {}
        self._revocations: list[Revocation] = []

    def issue(self, request: TokenRequest, key: Key, *, authenticated: bool) -> TokenDetails:
        """Issue the token that `request` asks for.

        Unless the caller was authenticated as the holder of `key` by other means, the request must
        carry a valid signature, a current timestamp and a nonce not seen before.
        """
        if not authenticated:
            self._verify_signature(request, key)
        now = self._clock.now()
        ttl = DEFAULT_TTL if request.ttl is None else request.ttl
        if not 0 < ttl <= MAX_TTL:
            raise refusal(Code.INVALID_PARAMETER_VALUE, f"ttl is between 1 and {MAX_TTL} ms")
        if request.client_id == "":
            raise refusal(Code.INVALID_CLIENT_ID, "a clientId is a non-empty string")
        grant = Grant(
            app_id=self._app_id,
            key_name=key.name,
            capability=self._narrowed(key, request.capability),
            client_id=request.client_id,
            issued=now,
            expires=now + ttl,
        )
        return TokenDetails(seal(grant, self._next_stamp(), key), grant)

    def verify(self, token: str) -> Grant:
        """Return what an issued token grants; refuse an unknown, expired or revoked one."""
        said = unseal(token, self._keys)
        if said is None:
            raise refusal(Code.TOKEN_UNRECOGNIZED, "the token is not recognized", status=401)
        grant, stamp = said
        self._check_ended(grant, stamp)
        self.check(grant)
        return grant

    def verify_jwt(self, token: str, key: Key) -> Grant:
        """Return what a JWT signed with `key` grants; refuse a bad, expired or revoked one."""
        try:
            claims = Format.JSON.decode(_signatures.decode(token, key.secret, algorithms=["HS256"]))
        except jwt.InvalidSignatureError:
            raise refusal(
                Code.INVALID_CREDENTIALS, "the signature of the JWT is not valid"
            ) from None
        except Refusal as refused:
            raise refusal(
                Code.INVALID_JWT, f"the claims of the JWT: {refused.error.message}", status=401
            ) from None
        except (jwt.PyJWTError, ValueError) as error:
            raise refusal(
                Code.INVALID_JWT, f"the JWT could not be verified: {error}", status=401
            ) from None
        grant = self._grant_of(claims, key)
        if token not in self._jwts:
            self._jwts[token] = (self._next_stamp(), grant.expires or 0)
        self._check_ended(grant, self._jwts[token][0])
        self.check(grant)
        return grant

    def check(self, grant: Grant) -> None:
        """Refuse a grant that has expired (40142) or been revoked (40141)."""
        if grant.expires is not None and grant.expires <= self._clock.now():
            raise refusal(
                Code.TOKEN_EXPIRED,
                f"the token of key {grant.key_name} expired at {grant.expires}",
                status=401,
            )
        if not grant.is_key and any(one.covers(grant) for one in self._revocations):
            raise refusal(
                Code.TOKEN_REVOKED, f"the token of key {grant.key_name} was revoked", status=401
            )

    def revoke(self, revocation: Revocation) -> None:
        """Refuse, from now on, the tokens that `revocation` covers."""
        self._revocations.append(revocation)

    def end(self, covers: Callable[[Grant], bool], code: Code) -> None:
        """Refuse, from now on, the tokens issued or seen so far that are covered, with `code`."""
        self._endings.append(_Ending(covers, code, self._next_stamp(), self._clock.now()))

    def _check_ended(self, grant: Grant, stamp: int) -> None:
        for ending in self._endings:
            if stamp <= ending.stamp and ending.covers(grant):
                raise ended(grant, ending.code)

    def _next_stamp(self) -> int:
        """Return a number above all others, those given out before a restart too."""
        self._stamp = max(self._stamp + 1, self._clock.now() * 1000)
        return self._stamp

    def _narrowed(self, key: Key, requested: str | None) -> Capability:
        if requested is None:
            return key.capability
        common = key.capability.intersect(Capability.parse(requested))
        if not common.resources:
            raise refusal(
                Code.CAPABILITY_DENIED,
                "the requested capability has nothing in common with that of the key",
                status=401,
            )
        return common

    def _grant_of(self, claims: Any, key: Key) -> Grant:
        if not isinstance(claims, dict):
            raise refusal(Code.INVALID_JWT, "the claims of a JWT are an object", status=401)
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, (int, float)) or not isinstance(expires, (int, float)):
            raise refusal(Code.INVALID_JWT, "iat and exp are numbers of seconds", status=401)
        if (expires - issued) * 1000 > MAX_TTL:
            raise refusal(Code.INVALID_JWT, "a JWT is valid for at most 24 hours", status=401)
        return Grant(
            app_id=self._app_id,
            key_name=key.name,
            capability=self._narrowed(key, _string(claims, "x-ably-capability") or None),
            client_id=_string(claims, "x-ably-clientId"),
            issued=int(issued * 1000),
            expires=int(expires * 1000),
            revocation_key=_string(claims, "x-ably-revocation-key"),
        )

    def _verify_signature(self, request: TokenRequest, key: Key) -> None:
        expected = request.expected_mac(key).encode()
        if request.mac is None or not hmac.compare_digest(request.mac.encode(), expected):
            raise refusal(Code.INVALID_CREDENTIALS, "the signature (mac) does not match")
        now = self._clock.now()
        if request.timestamp is None or abs(now - request.timestamp) > TIMESTAMP_WINDOW:
            raise refusal(
                Code.TIMESTAMP_OUTSIDE_WINDOW,
                "the timestamp is missing or too far from the server's time",
                status=401,
            )
        if request.nonce is None or len(request.nonce) < MIN_NONCE_LENGTH:
            raise refusal(
                Code.INVALID_PARAMETER_VALUE,
                f"a nonce has at least {MIN_NONCE_LENGTH} characters",
            )
        # TE5: it is the nonce together with the timestamp that shows a replay.
        used = (request.nonce, request.timestamp)
        if used in self._nonces:
            raise refusal(Code.NONCE_REPLAYED, "the nonce was used before", status=401)
        self._nonces[used] = request.timestamp + TIMESTAMP_WINDOW

    def sweep(self) -> None:
        """Drop what concerns only nonces and tokens that can't be presented any more."""
        now = self._clock.now()
        for used in [n for n, until in self._nonces.items() if until < now]:
            del self._nonces[used]
        self._revocations = [r for r in self._revocations if r.issued_before + MAX_TTL >= now]
        self._endings = [e for e in self._endings if e.moment + MAX_TTL >= now]
        for token in [t for t, (_, expires) in self._jwts.items() if expires < now]:
            del self._jwts[token]


def _string(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value
    code = Code.INVALID_CLIENT_ID if "clientId" in name else Code.INVALID_REQUEST_BODY
    raise refusal(code, f"{name} is a string")


def _integer(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if value is None or type(value) is int:
        return value
    raise refusal(Code.INVALID_REQUEST_BODY, f"{name} is an integer")
