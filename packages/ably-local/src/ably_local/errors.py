"""The documented error codes this server answers with, and the exception that carries one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Code(IntEnum):
    """Ably's published error codes, by their published identifiers."""

    BAD_REQUEST = 40000
    INVALID_REQUEST_BODY = 40001
    INVALID_PARAMETER_VALUE = 40003
    INVALID_REQUEST_HEADER = 40004
    INVALID_CREDENTIAL = 40005
    INVALID_CONNECTION_ID = 40006
    MAX_MESSAGE_SIZE_EXCEEDED = 40009
    INVALID_CHANNEL_NAME = 40010
    INVALID_CLIENT_ID = 40012
    INVALID_DATA_OR_ENCODING = 40013
    INVALID_DEVICE_ID = 40015
    INVALID_MESSAGE_NAME = 40016
    UNSUPPORTED_PROTOCOL_VERSION = 40017
    BATCH_REQUEST_ERROR = 40020
    FEATURE_NOT_AVAILABLE = 40021
    INVALID_MESSAGE_ID = 40031
    INVALID_MESSAGE_EXTRAS = 40032
    TOO_MANY_MESSAGES = 40034
    RESERVED_FOR_TESTING = 40099
    UNAUTHORIZED = 40100
    INVALID_CREDENTIALS = 40101
    INCOMPATIBLE_CREDENTIALS = 40102
    INSECURE_BASIC_AUTH = 40103
    TIMESTAMP_OUTSIDE_WINDOW = 40104
    NONCE_REPLAYED = 40105
    KEY_REVOKED = 40131
    WRONG_KEY_FOR_REVOCATION = 40133
    TOKEN_UNSPECIFIED = 40140
    TOKEN_REVOKED = 40141
    TOKEN_EXPIRED = 40142
    TOKEN_UNRECOGNIZED = 40143
    INVALID_JWT = 40144
    CAPABILITY_DENIED = 40160
    IDENTIFIED_CLIENT_REQUIRED = 40161
    BASIC_AUTH_REQUIRED = 40162
    REVOCATION_NOT_ENABLED = 40163
    MODE_NOT_REQUESTED = 40165
    UNIDENTIFIED_CANNOT_MODIFY_OWN = 40166
    FORBIDDEN = 40300
    NOT_FOUND = 40400
    METHOD_NOT_ALLOWED = 40500
    PER_CONNECTION_RATE_EXCEEDED = 42911
    INTERNAL_ERROR = 50000
    CONNECTION_DISCONNECTED = 80003
    RECOVERY_FAILED = 80008
    INCOMPATIBLE_AUTH_ON_RESUME = 80011
    PROTOCOL_ERROR = 80013
    CONNECTION_REPLACED = 80016
    CONNECTION_CLOSED = 80017
    INVALID_CONNECTION_KEY = 80018
    CONTINUITY_LOST = 90003
    TOO_MANY_CHANNELS = 90010
    NO_CLIENT_ID_FOR_PRESENCE = 91000
    PRESENCE_IN_CURRENT_STATE = 91001
    NEVER_ENTERED = 91002
    TOO_MANY_MEMBERS = 91003
    UPDATES_NOT_ENABLED = 93002


# The statuses that are documented where the code itself does not tell.
_STATUS = {
    Code.MAX_MESSAGE_SIZE_EXCEEDED: 413,
    Code.CONNECTION_REPLACED: 410,
    Code.CONTINUITY_LOST: 404,
}


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """An error as the protocol carries it."""

    code: int
    status_code: int
    message: str

    @property
    def href(self) -> str:
        return f"https://help.ably.io/error/{self.code}"

    def to_wire(self) -> dict[str, object]:
        return {
            "code": self.code,
            "statusCode": self.status_code,
            "message": f"{self.message} (See {self.href})",
            "href": self.href,
        }


class Refusal(Exception):
    """Raised where a request, frame or credential is refused; `error` says why."""

    def __init__(self, error: ErrorInfo) -> None:
        super().__init__(f"{error.code}: {error.message}")
        self.error = error


def refusal(code: Code, message: str, *, status: int | None = None) -> Refusal:
    """Build a refusal; its status is the documented one of the code unless `status` is given."""
    begins_with = code // 100
    documented = _STATUS.get(code, begins_with if begins_with < 600 else 400)
    return Refusal(ErrorInfo(int(code), status or documented, message))
