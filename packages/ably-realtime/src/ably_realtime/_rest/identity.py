"""Who a client is: what its options, its tokens and the server say (RSA7, RSA12, RSA15)."""

from __future__ import annotations

from ably.util.exceptions import IncompatibleClientIdException

ANYONE = "*"


class Identity:
    """The `client_id` of one Auth.

    `configured` is the option of that name, which stays; without it the identity is whatever the
    last token or connection that named one said. `ably` takes a token without a client_id, as any
    opaque token or JWT is to it, for an anonymous one, and never accepts a wildcard or a change.
    """

    def __init__(self, configured: str | None, known: str | None) -> None:
        self._configured = configured if configured != ANYONE else None
        self.client_id = self._configured or known

    def learn(self, client_id: str | None) -> None:
        """Take what a token or the server said; raises as `check` does."""
        self.check(client_id)
        if self._configured is None and client_id is not None:
            self.client_id = client_id

    def admits(self, client_id: str | None) -> bool:
        """Whether a token for this `client_id`, if for any, can be used (RSA15a, RSA15b)."""
        return self._configured is None or client_id in (None, ANYONE, self._configured)

    def check(self, client_id: str | None) -> None:
        """Raise `IncompatibleClientIdException`, code 40102, for a token of somebody else."""
        if not self.admits(client_id):
            raise IncompatibleClientIdException(
                f"clientId mismatch: the token is for {client_id!r}, "
                f"the client's options say {self._configured!r}",
                401,
                40102,
            )

    def may_act_as(self, client_id: str) -> bool:
        """Whether publishing for this `client_id` can succeed, as far as the client knows."""
        return self.client_id in (None, ANYONE, client_id)
