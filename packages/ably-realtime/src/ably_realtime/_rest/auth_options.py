"""The auth options of an `authorize()` call, made complete (RSA10e, RSA10g, RSA10j)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..options import Options, bad_option, check_options
from . import AuthOptions, TokenDetails
from .token_source import details_from

_NAMES = frozenset(
    {
        "key",
        "token",
        "token_details",
        "auth_callback",
        "auth_url",
        "auth_method",
        "auth_headers",
        "auth_params",
        "use_token_auth",
        "query_time",
    }
)
_NAMES_OF_ABLY = {"auth_token": "token"}


def can_renew(options: AuthOptions) -> bool:
    """Whether these options lead to a token, again and again."""
    return bool(options.auth_callback or options.auth_url or options.key_secret)


def key_of(options: AuthOptions) -> tuple[str, str] | None:
    """The name and the secret of the key in these options."""
    return (options.key_name, options.key_secret) if options.key_secret else None


def complete(options: AuthOptions) -> None:
    """Put back the defaults that `ably` loses where it is given a dict."""
    options.auth_options = {**AuthOptions().auth_options, **options.auth_options}


def read_auth_options(
    given: Any, key: tuple[str, str] | None
) -> tuple[AuthOptions, TokenDetails | None]:
    """Complete options from a dict or an `AuthOptions`, and the token among them, if any.

    What is not given goes back to its default, but `key`, a name and a secret, stays: `ably` would
    go without whatever a dict does not name, and trip over it later. Raises `AblyError` for
    options that do not exist.
    """
    if isinstance(given, AuthOptions):
        options, token, details = AuthOptions(), given.auth_token, given.token_details
        options.auth_options = dict(given.auth_options)
        complete(options)
    elif isinstance(given, Mapping):
        values = _checked(given)
        token, details = values.pop("token", None), values.pop("token_details", None)
        options = AuthOptions(**values)
    else:
        raise bad_option(f"auth_options is a dict or AuthOptions, not {type(given).__name__}")
    if key is not None and not options.key_secret:
        options.key_name, options.key_secret = key
    given_token = details or token
    return options, None if given_token is None else details_from(given_token)


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    values = {_NAMES_OF_ABLY.get(name, name): value for name, value in given.items()}
    key = (values.pop("key_name", None), values.pop("key_secret", None))
    if all(key):
        values["key"] = ":".join(key)
    unknown = values.keys() - _NAMES
    if unknown:
        raise bad_option(
            f"there is no auth option {min(unknown)!r}",
            f"The auth options are {', '.join(sorted(_NAMES))}.",
        )
    check_options(values)
    if values.get("key") is not None:
        Options.read({"key": values["key"]})  # checks its form without quoting it
    return {name: value for name, value in values.items() if value is not None}
