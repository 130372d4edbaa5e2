"""What `_rest` relies on in `ably` beyond its documentation: one test each, so that a release that
changes something is told by the name of the test that fails.

No module of this package is used here: a failure is `ably`'s doing.
"""

from __future__ import annotations

import base64
import importlib
import inspect
import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from ably import AblyException, AblyRest, Auth
from ably.http.http import Response
from ably.http.paginatedresult import HttpPaginatedResponse, PaginatedResult
from ably.types.authoptions import AuthOptions
from ably.types.message import Message
from ably.types.options import Options
from ably.types.tokendetails import TokenDetails
from ably.types.tokenrequest import TokenRequest

KEY = "app.key:secret"


class Host:
    """All that an Auth may ask of its client."""

    _is_realtime = False

    def __init__(self, answer: Response | None = None, now: float = 0.0) -> None:
        self.http = self
        self.posted: list[tuple[str, Any]] = []
        self._answer = answer
        self._now = now

    async def post(self, path: str, body: Any = None, **_: Any) -> Any:
        self.posted.append((path, body))
        return self._answer

    async def time(self) -> float:
        return self._now


class Spy(Auth):
    """Notes how `ably` calls the methods that a hook replaces."""

    def __init__(self, options: Options, host: Host | None = None) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.issued = TokenDetails(token="t1", client_id="me")
        any_host: Any = host or Host()
        super().__init__(any_host, options)

    async def _ensure_valid_auth_credentials(self, *args: Any, **named: Any) -> Any:
        self.calls.append(("_ensure_valid_auth_credentials", (args, named)))
        base: Any = super()
        return await base._ensure_valid_auth_credentials(*args, **named)

    async def request_token(  # type: ignore[override]  # the same names, as they come
        self, token_params: Any = None, **options: Any
    ) -> Any:
        self.calls.append(("request_token", (token_params, options)))
        return self.issued

    def _configure_client_id(self, new_client_id: Any) -> None:
        self.calls.append(("_configure_client_id", new_client_id))

    def called(self, name: str) -> list[Any]:
        return [arguments for called, arguments in self.calls if called == name]


class View:
    """Notes what the HTTP layer asks of its Auth."""

    def __init__(self, auth: Any) -> None:
        self._auth = auth
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self._auth, name)

    async def authorize(self) -> None:
        self.asked.append("authorize")

    async def _get_auth_headers(self) -> dict[str, str]:
        self.asked.append("_get_auth_headers")
        return {"Authorization": "Bearer test"}


def token_auth(**options: Any) -> Spy:
    return Spy(Options(key=KEY, use_token_auth=True, **options))


def http_answer(status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(httpx.Response(status, json=body, headers=headers))


@pytest.fixture
async def rest() -> AsyncIterator[Any]:
    async with AblyRest(KEY, use_token_auth=True, use_binary_protocol=False) as rest:
        yield rest


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Request]:
    """The requests that left; they are answered with a token error, `[]`, `[]`, ..."""
    requests: list[httpx.Request] = []
    expired = {"error": {"code": 40142, "statusCode": 401, "message": "expired"}}

    async def handle(_: object, request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return (
            httpx.Response(401, json=expired)
            if len(requests) == 1
            else httpx.Response(200, json=[])
        )

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", handle)
    return requests


# -- where things are


@pytest.mark.parametrize(
    "name",
    [
        "ably.AblyRest",
        "ably.Auth",
        "ably.http.http.Response",
        "ably.http.paginatedresult.HttpPaginatedResponse",
        "ably.http.paginatedresult.PaginatedResult",
        "ably.types.authoptions.AuthOptions",
        "ably.types.options.Options",
        "ably.types.tokendetails.TokenDetails",
        "ably.types.tokenrequest.TokenRequest",
        "ably.util.exceptions.AblyAuthException",
        "ably.util.exceptions.AblyException",
        "ably.util.exceptions.IncompatibleClientIdException",
    ],
)
def test_name_is_where_it_was(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    assert isinstance(getattr(importlib.import_module(module), attribute), type)


# -- Auth: what it needs


async def test_auth_needs_of_its_client_only_post_and_time() -> None:
    host: Any = Host(http_answer(201, {"token": "t1", "issued": 1, "expires": 2}), now=5.0)
    auth: Any = Auth(host, Options(key=KEY, use_token_auth=True, query_time=True))
    details = await auth.authorize()
    assert (details.token, auth.token_details) == ("t1", details)
    ((path, body),) = host.posted
    assert (path, body["keyName"], body["timestamp"]) == (
        "/keys/app.key/requestToken",
        "app.key",
        5,
    )


def test_auth_method_names_its_mechanism() -> None:
    host: Any = Host()
    assert Auth(host, Options(key=KEY)).auth_mechanism == Auth.Method.BASIC
    assert token_auth().auth_mechanism == Auth.Method.TOKEN


def test_auth_ably_is_its_client() -> None:
    host: Any = Host()
    assert Auth(host, Options(key=KEY)).ably is host


def test_auth_auth_options_are_those_given() -> None:
    host: Any = Host()
    options = Options(key=KEY)
    assert Auth(host, options).auth_options is options


def test_auth_basic_credentials_are_the_encoded_key() -> None:
    host: Any = Host()
    credentials: Any = Auth(host, Options(key=KEY)).basic_credentials
    assert base64.b64decode(credentials) == KEY.encode()


def test_auth_client_id_is_the_option_else_that_of_the_token() -> None:
    details = TokenDetails(token="t", client_id="a")
    host: Any = Host()
    assert Auth(host, Options(token_details=details)).client_id == "a"
    assert Auth(host, Options(token_details=details, client_id="b")).client_id == "b"


def test_a_bare_token_becomes_the_token_details() -> None:
    host: Any = Host()
    auth: Any = Auth(host, Options(auth_token="t1"))
    assert auth.token_details.token == "t1"


def test_an_auth_can_change_its_class_and_back() -> None:
    host: Any = Host()
    auth = Auth(host, Options(key=KEY))
    before = set(vars(auth))
    auth.__class__ = type("Hooked", (Auth,), {})
    auth.__class__ = Auth
    assert (type(auth), set(vars(auth))) == (Auth, before)


# -- Auth: the ways through the hook


async def test_authorize_calls_ensure_valid_auth_credentials_with_force() -> None:
    auth = token_auth()
    options = AuthOptions(key=KEY)
    await auth.authorize({"ttl": 5}, options)
    ((args, named),) = auth.called("_ensure_valid_auth_credentials")
    signature = inspect.signature(Auth._ensure_valid_auth_credentials)
    bound = signature.bind(auth, *args, **named).arguments
    assert bound == {
        "self": auth,
        "token_params": {"ttl": 5},
        "auth_options": options,
        "force": True,
    }


async def test_get_auth_headers_calls_ensure_valid_auth_credentials_without_force() -> None:
    auth: Any = token_auth()
    headers = await auth._get_auth_headers()
    ((args, named),) = auth.called("_ensure_valid_auth_credentials")
    assert not any(args)
    assert not any(named.values())
    assert headers == {"Authorization": f"Bearer {base64.b64encode(b't1').decode()}"}


async def test_ensure_valid_auth_credentials_keeps_what_request_token_returns() -> None:
    host: Any = Host()
    auth = Spy(Options(key=KEY), host)
    details = await Auth._ensure_valid_auth_credentials(auth, None, None, True)
    assert details is auth.token_details is auth.issued
    assert auth.auth_mechanism == Auth.Method.TOKEN
    assert auth.called("_configure_client_id") == ["me"]


async def test_request_token_gets_every_name_of_the_replaced_options() -> None:
    auth = token_auth()
    options = AuthOptions(key="app.k2:s2")
    options.auth_options["given_token"] = "anything"
    await Auth._ensure_valid_auth_credentials(auth, {"ttl": 5}, options, True)
    ((params, named),) = auth.called("request_token")
    assert params == {"ttl": 5}
    assert named == {**AuthOptions(key="app.k2:s2").auth_options, "given_token": "anything"}
    assert auth.auth_options.key_name == "app.k2"


async def test_token_params_are_kept_without_their_timestamp() -> None:
    auth = token_auth()
    await Auth._ensure_valid_auth_credentials(auth, {"ttl": 5, "timestamp": 9}, None, True)
    assert auth.auth_options.default_token_params == {"ttl": 5}


async def test_token_params_name_what_the_client_id_property_says() -> None:
    class Named(Spy):
        @property
        def client_id(self) -> str:
            return "property"

    auth = Named(Options(key=KEY, use_token_auth=True))
    await Auth._ensure_valid_auth_credentials(auth, None, None, True)
    ((params, _),) = auth.called("request_token")
    assert params == {"client_id": "property"}


async def test_create_token_request_takes_a_key_and_query_time() -> None:
    request = await token_auth().create_token_request(
        {"ttl": 5, "client_id": "me"}, key_name="app.k2", key_secret="s2", query_time=False
    )
    assert (request.key_name, request.ttl, request.client_id) == ("app.k2", 5, "me")
    assert request.mac


async def test_a_token_expires_only_where_the_servers_time_is_known() -> None:
    details = TokenDetails(token="t1", expires=1, issued=1)
    host: Any = Host(now=9e15)
    auth = Auth(host, Options(key=KEY, use_token_auth=True, token_details=details))
    assert (auth.time_offset, auth.token_details_has_expired()) == (None, False)
    await auth.create_token_request(query_time=True)
    assert (auth.time_offset is not None, auth.token_details_has_expired()) == (True, True)


# -- options


def test_auth_options_keeps_its_values_in_a_dict_that_can_be_set() -> None:
    options = AuthOptions(key=KEY)
    assert set(options.auth_options) == {
        "auth_callback",
        "auth_url",
        "auth_method",
        "auth_headers",
        "auth_params",
        "query_time",
        "key_name",
        "key_secret",
    }
    options.auth_options = {**options.auth_options, "auth_url": "https://a.example.com"}
    assert options.auth_url == "https://a.example.com"


def test_auth_options_holds_a_token_beside_them() -> None:
    details = TokenDetails(token="t1")
    options = AuthOptions(auth_token="t0", token_details=details)
    assert (options.auth_token, options.token_details) == ("t0", details)


def test_auth_options_replace_takes_auth_options() -> None:
    options = Options(key=KEY)
    options.replace(AuthOptions(auth_url="https://a.example.com"))
    assert (options.auth_url, options.key_name) == ("https://a.example.com", None)


def test_options_know_what_is_read_of_a_handed_in_client() -> None:
    options = Options(key=KEY, client_id="me", endpoint="a.example.com", port=1, tls_port=2)
    assert (options.key_name, options.key_secret) == ("app.key", "secret")
    assert (options.client_id, options.endpoint) == ("me", "a.example.com")
    assert (options.port, options.tls_port, options.tls) == (1, 2, True)
    assert list(options.get_fallback_hosts()) == []
    assert (options.use_binary_protocol, options.query_time) == (True, False)


def test_options_are_of_auth_options_kind() -> None:
    assert isinstance(Options(key=KEY), AuthOptions)


# -- AblyRest and its HTTP layer


async def test_rest_is_marked_as_not_realtime(rest: Any) -> None:
    assert rest._is_realtime is False


async def test_rest_asks_its_auth_property_who_may_publish(network: list[httpx.Request]) -> None:
    class Nobody:
        client_id = None

        def can_assume_client_id(self, client_id: str) -> bool:
            return False

    class Rest(AblyRest):
        @property
        def auth(self) -> Any:
            return Nobody()

    async with Rest(KEY) as rest:
        with pytest.raises(AblyException) as caught:
            await rest.channels.get("c").publish(Message("name", "data", client_id="you"))
    assert caught.value.code == 40012
    assert network == []


async def test_http_uses_the_auth_that_is_set(rest: Any, network: list[httpx.Request]) -> None:
    view = rest.http.auth = View(rest.auth)
    assert rest.http.auth is view
    await rest.channels.get("c").history()
    assert [request.headers["authorization"] for request in network] == ["Bearer test"] * 2


async def test_http_calls_authorize_once_for_a_token_error(
    rest: Any, network: list[httpx.Request]
) -> None:
    view = rest.http.auth = View(rest.auth)
    await rest.channels.get("c").history()
    order = [name for name in view.asked if name in ("_get_auth_headers", "authorize")]
    assert order == ["_get_auth_headers", "authorize", "_get_auth_headers"]


async def test_http_asks_its_auth_for_nothing_else(rest: Any, network: list[httpx.Request]) -> None:
    view = rest.http.auth = View(rest.auth)
    await rest.channels.get("c").history()
    assert set(view.asked) == {"token_details", "auth_mechanism", "_get_auth_headers", "authorize"}


async def test_http_post_without_auth_takes_a_body(rest: Any, network: list[httpx.Request]) -> None:
    with pytest.raises(AblyException) as caught:
        await rest.http.post("/keys/app.key/requestToken", body={"a": 1}, skip_auth=True)
    assert caught.value.code == 40142
    (request,) = network
    assert "authorization" not in request.headers
    assert request.content == b'{"a":1}'


async def test_http_prefers_the_fallback_host_of_its_options(rest: Any) -> None:
    hosts = rest.options.get_hosts()
    assert rest.options.get_hosts() is hosts
    hosts.append("other.example.com")
    rest.options.fallback_host = "other.example.com"
    assert rest.http.get_hosts()[0] == "other.example.com"
    rest.options.fallback_host = None
    assert rest.http.get_hosts()[0] != "other.example.com"


async def test_http_client_can_be_replaced(rest: Any, network: list[httpx.Request]) -> None:
    assert isinstance(rest.http._Http__client, httpx.AsyncClient)
    other = rest.http._Http__client = httpx.AsyncClient(
        verify=ssl.create_default_context(), headers={"x-other": "1"}
    )
    with pytest.raises(AblyException):
        await rest.time()
    assert network[0].headers["x-other"] == "1"
    await rest.close()
    assert other.is_closed


async def test_response_reads_json_and_passes_on_the_rest() -> None:
    response = http_answer(200, {"a": 1}, {"link": '<./n>; rel="next"'})
    assert response.to_native() == {"a": 1}
    assert (response.status_code, response.links["next"]["url"]) == (200, "./n")


@pytest.mark.parametrize("kind", [PaginatedResult, HttpPaginatedResponse])
async def test_pagination_needs_of_http_only_make_request(kind: type) -> None:
    class OnlyMakeRequest:
        async def make_request(self, method: str, url: str, **named: Any) -> Response:
            self.asked = (method, url, named["version"], named["body"], named["raise_on_error"])
            return http_answer(200, [1, 2], {"link": '<./next>; rel="next"'})

    http = OnlyMakeRequest()
    page: Any = await kind.paginated_query(  # type: ignore[attr-defined]
        http,
        "POST",
        "/path",
        version="3",
        body={"a": 1},
        headers={},
        response_processor=lambda response: response.to_native(),
        raise_on_error=False,
    )
    assert http.asked == ("POST", "/path", "3", {"a": 1}, False)
    assert (page.items, page.has_next()) == ([1, 2], True)


# -- values


def test_token_details_from_dict_reads_wire_names() -> None:
    details = TokenDetails.from_dict(
        {"token": "t1", "expires": 9, "issued": 5, "clientId": "me", "capability": '{"a":["*"]}'}
    )
    assert (details.token, details.expires, details.issued) == ("t1", 9, 5)
    assert (details.client_id, details.capability.to_dict()) == ("me", {"a": ["*"]})


def test_a_bare_token_was_not_issued_at_a_known_time() -> None:
    assert TokenDetails(token="t1").issued == 0


def test_token_details_do_not_show_their_token() -> None:
    assert "t1-secret" not in repr(TokenDetails(token="t1-secret"))


def test_token_request_from_json_reads_wire_names() -> None:
    request = TokenRequest.from_json({"keyName": "a.b", "clientId": "me", "mac": "m"})
    assert (request.key_name, request.client_id, request.mac) == ("a.b", "me", "m")
    assert request.to_dict()["keyName"] == "a.b"


def test_token_request_from_json_raises_type_error_for_other_names() -> None:
    with pytest.raises(TypeError):
        TokenRequest.from_json({"secret": "s"})


def test_ably_exception_raises_for_an_error_response() -> None:
    AblyException.raise_for_response(http_answer(201, {}))
    body = {"error": {"code": 40300, "statusCode": 403, "message": "no"}}
    with pytest.raises(AblyException) as caught:
        AblyException.raise_for_response(http_answer(403, body))
    error = caught.value
    assert (error.code, error.status_code, error.message) == (40300, 403, "no")
    assert (error.cause, error.is_server_error) == (None, False)


def test_ably_exception_can_be_subclassed_with_other_arguments() -> None:
    class Other(AblyException):
        def __new__(cls, text: str) -> Other:
            return Exception.__new__(cls)

        def __init__(self, text: str) -> None:
            super().__init__(text, 401, 40170, None)  # type: ignore[no-untyped-call]

    assert (Other("why").code, Other("why").message) == (40170, "why")
