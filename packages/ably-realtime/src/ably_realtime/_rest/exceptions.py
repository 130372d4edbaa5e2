"""What `ably` raises, with the types that `ably` lacks.

`ably` is not marked as typed, so a class that derives from one of its own has no known type. What
type checkers read here is what we hold on to; at run time it is the very class of `ably`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:

    class Answer(Protocol):
        """An HTTP response."""

        @property
        def status_code(self) -> int: ...

    class AblyException(Exception):
        """`ably.AblyException`: what the REST SDK raises."""

        message: str
        status_code: int
        code: int
        cause: BaseException | None

        def __init__(
            self, message: str, status_code: int, code: int, cause: BaseException | None = None
        ) -> None: ...

        @property
        def is_server_error(self) -> bool: ...

        @staticmethod
        def raise_for_response(response: Answer) -> None: ...

    class AblyAuthException(AblyException):
        """`ably.util.exceptions.AblyAuthException`: the same, for a status of 401."""

else:
    from ably.util.exceptions import AblyAuthException, AblyException

__all__ = ["AblyAuthException", "AblyException"]
