"""Filters of derived channels: JMESPath expressions over the attributes of a message (RTS5)."""

from __future__ import annotations

import jmespath  # type: ignore[import-untyped] # it comes without type information
import jmespath.exceptions  # type: ignore[import-untyped]

from .errors import Code, refusal
from .messages import Message


class Filter:
    """A filter expression, compiled. It sees `name`, `clientId`, `extras` and `headers`."""

    def __init__(self, expression: str) -> None:
        try:
            self._compiled = jmespath.compile(expression)
        except jmespath.exceptions.JMESPathError as error:
            problem = " ".join(str(error).split())[:200]
            raise refusal(
                Code.BAD_REQUEST, f"the filter is not a JMESPath expression: {problem}"
            ) from None

    def passes(self, message: Message) -> bool:
        """Say whether the expression holds for a message; an error means that it doesn't."""
        extras = message.extras or {}
        attributes = {
            "name": message.name,
            "clientId": message.client_id,
            "extras": extras,
            "headers": extras.get("headers"),
        }
        try:
            return bool(self._compiled.search(attributes))
        except jmespath.exceptions.JMESPathError:
            return False
