"""What a set of credentials permits, once they have been verified."""

from __future__ import annotations

from dataclasses import dataclass

from .capability import Capability
from .errors import Code, refusal

ANY_CLIENT = "*"


@dataclass(frozen=True, slots=True)
class Grant:
    """The outcome of authentication.

    `client_id` is the identity the credentials are bound to, `*` where they may assume any, or None
    where they may assume none. A key never expires and has no `issued` time.
    """

    app_id: str
    key_name: str
    capability: Capability
    client_id: str | None
    issued: int | None = None
    expires: int | None = None
    revocation_key: str | None = None

    @property
    def is_key(self) -> bool:
        return self.issued is None

    def assume(self, client_id: str | None) -> str | None:
        """Return the identity in force for a client that says it is `client_id`.

        Refused with 40102 where the credentials don't permit that identity (RSA15, RTC4a).
        """
        if client_id is None:
            return self.client_id
        if not client_id or client_id == ANY_CLIENT:
            raise refusal(Code.INVALID_CLIENT_ID, "a clientId is a non-empty string other than '*'")
        if self.client_id not in (client_id, ANY_CLIENT):
            raise refusal(
                Code.INCOMPATIBLE_CREDENTIALS,
                "the clientId does not match the one the credentials are for",
                status=401,
            )
        return client_id

    def require(self, channel: str, *operations: str) -> None:
        """Refuse with 40160 unless one of `operations` is permitted on `channel`."""
        if not self.capability.allows_any(channel, operations):
            raise refusal(
                Code.CAPABILITY_DENIED,
                f"the capability does not permit {operations[0]} on channel {channel}",
                status=401,
            )
