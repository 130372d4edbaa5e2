"""Sources of tokens for `auth_callback`."""

from __future__ import annotations

from typing import Any

from ably.types.tokendetails import TokenDetails

from .clock import FakeClock


class CountingCallback:
    """An `auth_callback` that returns `token-1`, `token-2`, ..., each valid for an hour.

    From its `fails_from`th call on it raises `error` instead, where one is given.
    """

    def __init__(self, error: Exception | None = None, *, fails_from: int = 1) -> None:
        self.calls = 0
        self.params: list[dict[str, Any]] = []
        self._error = error
        self._fails_from = fails_from

    async def __call__(self, params: dict[str, Any]) -> TokenDetails:
        self.calls += 1
        self.params.append(params)
        if self._error is not None and self.calls >= self._fails_from:
            raise self._error
        expires = FakeClock.running().time() + 3_600_000
        return TokenDetails(token=f"token-{self.calls}", expires=int(expires))
