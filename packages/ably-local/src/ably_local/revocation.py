"""Revoking tokens that were issued before (RSA17)."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import Code, refusal
from .grants import Grant

KINDS = ("clientId", "revocationKey", "channel")

# How long clients get to renew their tokens, when the caller grants them that.
REAUTH_MARGIN = 31_000

# How far in the past the tokens to revoke may end.
MAX_REACH_BACK = 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Revocation:
    """The tokens of one key that stop being valid: those for a target, issued before a time."""

    key_name: str
    kind: str
    value: str
    issued_before: int
    applies_at: int

    @classmethod
    def of_target(
        cls, target: str, key_name: str, issued_before: int, applies_at: int
    ) -> Revocation:
        """Read a target such as `clientId:bob`; refuse another kind with 40000."""
        kind, colon, value = target.partition(":")
        if not colon or not value or kind not in KINDS:
            raise refusal(Code.BAD_REQUEST, f"a target is one of {', '.join(KINDS)} with a value")
        return cls(key_name, kind, value, issued_before, applies_at)

    def covers(self, grant: Grant) -> bool:
        """Say whether the token behind `grant` is one of them."""
        issued = grant.issued
        if grant.key_name != self.key_name or issued is None or issued >= self.issued_before:
            return False
        match self.kind:
            case "clientId":
                return grant.client_id == self.value
            case "revocationKey":
                return grant.revocation_key == self.value
            case _:
                return self.value in grant.capability.resources

    def to_wire(self) -> dict[str, object]:
        """Return the result of revoking one target (TRS2)."""
        return {
            "target": f"{self.kind}:{self.value}",
            "issuedBefore": self.issued_before,
            "appliesAt": self.applies_at,
        }
