"""From the credentials in a request to the app they belong to and what they permit."""

from __future__ import annotations

import base64
import binascii
import hmac
import json

import jwt
from jwt.utils import base64url_decode

from .apps import App, Apps
from .errors import Code, Refusal, refusal
from .grants import ANY_CLIENT, Grant

EMBEDDED = "x-ably-token"
_SIGNED, _ENCRYPTED = 3, 5  # the parts of a JWS and of a JWE


class Authenticator:
    """Verifies keys and tokens against the apps of the server."""

    def __init__(self, apps: Apps) -> None:
        self._apps = apps

    def with_key(self, text: str, *, secure: bool) -> tuple[App, Grant]:
        """Verify a whole key. Where it needs TLS it is refused without, with 40103, right or wrong.

        A sandbox endpoint, which hands keys out over whatever transport there is, passes
        `secure=True`.
        """
        name, colon, secret = text.partition(":")
        app = self._apps.find(name.partition(".")[0])
        if not secure and app is not None and app.keys_need_tls:
            raise refusal(
                Code.INSECURE_BASIC_AUTH,
                "an API key may only be used over TLS; use token authentication, or serve with TLS",
                status=401,
            )
        if not colon or not name or not secret:
            raise refusal(Code.INVALID_CREDENTIAL, "an API key has the form app.key:secret")
        if app is None:
            raise refusal(Code.INVALID_CREDENTIALS, "no application found for the API key")
        key = app.key(name)
        if not hmac.compare_digest(secret.encode(), key.secret.encode()):
            raise refusal(Code.INVALID_CREDENTIALS, f"the secret is not that of key {key.name}")
        return app, Grant(app.id, key.name, key.capability, ANY_CLIENT)

    def with_token(self, token: str) -> tuple[App, Grant]:
        """Verify an issued token, a JWT, or the token that a JWT of somebody else's carries."""
        return self._with_own_token(_embedded(token) or token)

    def _with_own_token(self, token: str) -> tuple[App, Grant]:
        if token.count(".") == 2:
            return self._with_jwt(token)
        app_id, dot, _ = token.partition(".")
        app = self._apps.find(app_id) if dot else None
        if app is None:
            raise refusal(Code.INVALID_CREDENTIALS, "no application found for the token")
        return app, app.tokens.verify(token)

    def with_header(self, authorization: str, *, secure: bool) -> tuple[App, Grant]:
        """Verify the value of an Authorization header: Basic with a key, or Bearer with a token."""
        scheme, _, value = authorization.partition(" ")
        value = value.strip()
        if scheme.lower() == "basic":
            return self.with_key(self._from_base64(value), secure=secure)
        if scheme.lower() == "bearer":
            # SDKs send the token base64-encoded, the JWTs of other clients come as they are.
            try:
                decoded = self._from_base64(value)
            except Refusal:
                return self.with_token(value)
            return self.with_token(decoded if "." in decoded else value)
        raise refusal(Code.INVALID_CREDENTIALS, "the Authorization scheme is Basic or Bearer")

    def _with_jwt(self, token: str) -> tuple[App, Grant]:
        try:
            name = jwt.get_unverified_header(token).get("kid")
        except jwt.PyJWTError as error:
            raise refusal(Code.INVALID_JWT, f"the JWT is malformed: {error}", status=401) from None
        if not isinstance(name, str):
            raise refusal(Code.INVALID_JWT, "the JWT names no key (kid) in its header", status=401)
        app = self._apps.find(name.partition(".")[0])
        if app is None:
            raise refusal(Code.NOT_FOUND, f"no application found for key {name}")
        return app, app.tokens.verify_jwt(token, app.key(name))

    @staticmethod
    def _from_base64(value: str) -> str:
        try:
            return base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError):
            raise refusal(
                Code.INVALID_CREDENTIALS, "the Authorization header is not valid base64"
            ) from None


def _embedded(token: str) -> str | None:
    """Return the token that a JWT carries in its header or claims, if it does.

    Such a JWT is signed, or encrypted, for somebody else: what counts is the token in it.
    """
    parts = token.split(".")
    readable = {_SIGNED: parts[:2], _ENCRYPTED: parts[:1]}.get(len(parts), [])
    for part in readable:
        try:
            fields = json.loads(base64url_decode(part))
        except (ValueError, RecursionError):
            continue
        carried = fields.get(EMBEDDED) if isinstance(fields, dict) else None
        if isinstance(carried, str):
            return carried
    return None
