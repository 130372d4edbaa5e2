"""Apps, their keys and their channel namespaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from .activity import Activity
from .capability import Capability
from .channel_names import ChannelName
from .channels import Channels
from .clock import Clock
from .errors import Code, refusal
from .formats import Format
from .frames import Frame
from .ids import random_id
from .lifecycle import Lifecycle
from .limits import Limits
from .logs import log_event
from .messages import Message, PresenceMessage
from .push import PushRegistry
from .stats import Stats
from .storage import InMemory, Journal, Storage
from .tokens import Tokens

ACCOUNT_ID = "local"


@dataclass(frozen=True, slots=True)
class Key:
    """An API key. Its secret is left out of the representation, so that no log can show it."""

    app_id: str
    id: str
    secret: str = field(repr=False)
    capability: Capability
    revocable_tokens: bool = False

    @property
    def name(self) -> str:
        return f"{self.app_id}.{self.id}"

    @property
    def text(self) -> str:
        """The whole key, secret included, as client options take it."""
        return f"{self.name}:{self.secret}"

    def to_wire(self) -> dict[str, object]:
        return {
            "id": self.id,
            "keyName": self.name,
            "keySecret": self.secret,
            "keyStr": self.text,
            "value": self.secret,
            "capability": self.capability.to_json(),
            "revocableTokens": self.revocable_tokens,
            "status": 0,
        }


@dataclass(frozen=True, slots=True)
class Namespace:
    """The rules for channels whose name starts with `id:` (or is `id`)."""

    id: str
    persisted: bool = False
    mutable_messages: bool = False
    push_enabled: bool = False

    @property
    def keeps_messages(self) -> bool:
        """Whether what happens on its channels is remembered for a day, and outlives the server."""
        return self.persisted or self.mutable_messages

    def to_wire(self) -> dict[str, object]:
        return {
            "id": self.id,
            "persisted": self.persisted,
            "mutableMessages": self.mutable_messages,
            "pushEnabled": self.push_enabled,
        }


DEFAULT_NAMESPACES = (
    Namespace("persisted", persisted=True),
    Namespace("mutable", mutable_messages=True),
    Namespace("pushenabled", push_enabled=True),
)


class App:
    """One application: everything in it is invisible to every other application.

    `keys_need_tls` says whether its keys are refused over plain HTTP (RSC18). Those of a sandbox
    app are not: they were handed out over the same transport, and suites of SDKs use them over it.
    """

    def __init__(
        self,
        clock: Clock,
        limits: Limits,
        activity: Activity | None = None,
        *,
        storage: Storage | None = None,
        app_id: str | None = None,
        namespaces: Iterable[Namespace] = DEFAULT_NAMESPACES,
        created: int | None = None,
    ) -> None:
        self.id: str = app_id or random_id(6)
        self._storage = storage or InMemory()
        self.clock = clock
        self.limits = limits
        self._activity = activity or Activity()
        self.created: int = clock.now() if created is None else created
        self.keys_need_tls: bool = True
        self.keys: dict[str, Key] = {}
        self.namespaces: dict[str, Namespace] = {
            namespace.id: namespace for namespace in namespaces
        }
        self.tokens: Tokens = Tokens(clock, self.id, self.keys)
        self.push: PushRegistry = PushRegistry()
        self.stats: Stats = Stats(clock, self.id)
        self.lifecycle: Lifecycle = Lifecycle(self)
        self.channels: Channels = Channels(
            clock, limits, self.namespace, self._journal, self.lifecycle, self._tell
        )

    def add_key(
        self,
        *,
        key_id: str | None = None,
        secret: str | None = None,
        capability: Capability | None = None,
        revocable_tokens: bool = False,
    ) -> Key:
        """Create a key; what isn't given is generated, and permits everything.

        `Apps.save()` is what makes a key of an app in use outlive the server.
        """
        key = Key(
            self.id,
            key_id or random_id(6),
            secret or random_id(43),
            capability or Capability.all(),
            revocable_tokens,
        )
        self.keys[key.name] = key
        return key

    def key(self, name: str) -> Key:
        """Return the key called `name`, or refuse with 40400."""
        key = self.keys.get(name)
        if key is None:
            raise refusal(Code.NOT_FOUND, f"no key found with name {name}", status=401)
        return key

    def namespace(self, channel: str) -> Namespace:
        """Return the rules that apply to the channel called `channel`."""
        prefix = channel.partition(":")[0]
        return self.namespaces.get(prefix) or Namespace(prefix)

    def _journal(self, channel: str) -> Journal:
        return self._storage.journal(self.id, channel)

    def _tell(self, frame: Frame) -> None:
        """Tell observers of messages and presence on a channel."""
        if not self._activity.is_watched:
            return
        for kind, items in (("message", frame.messages), ("presence", frame.presence)):
            for item in items or ():
                self._activity.tell(kind, partial(self._describe, frame.channel, item))

    def _describe(self, channel: str | None, item: Message | PresenceMessage) -> dict[str, object]:
        return {"appId": self.id, "channel": channel, **item.to_wire(Format.JSON)}

    def to_wire(self) -> dict[str, object]:
        return {
            "status": 1,
            "id": f"{ACCOUNT_ID}:{self.id}",
            "appId": self.id,
            "accountId": ACCOUNT_ID,
            "created": self.created,
            "modified": self.created,
            "tlsOnly": self.keys_need_tls,
            "keys": [key.to_wire() for key in self.keys.values()],
            "namespaces": [namespace.to_wire() for namespace in self.namespaces.values()],
        }


class Apps:
    """The apps of one server, kept in `storage`."""

    def __init__(
        self,
        clock: Clock,
        limits: Limits,
        activity: Activity,
        *,
        storage: Storage | None = None,
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._activity = activity
        self._storage = storage or InMemory()
        self._apps: dict[str, App] = {}

    def restore(self) -> None:
        """Take up the apps that a former process saved."""
        for saved in self._storage.apps():
            app = App(
                self._clock,
                self._limits_of(saved),
                self._activity,
                storage=self._storage,
                app_id=saved["appId"],
                namespaces=[_namespace(item) for item in saved["namespaces"]],
                created=saved["created"],
            )
            app.keys_need_tls = saved["tlsOnly"]
            for key in saved["keys"]:
                app.add_key(
                    key_id=key["id"],
                    secret=key["keySecret"],
                    capability=Capability.parse(key["capability"]),
                    revocable_tokens=key["revocableTokens"],
                )
            self._apps[app.id] = app

    def save(self, app: App) -> None:
        """Keep an app as it is now, where `restore()` finds it."""
        saved = app.to_wire()
        if app.limits != self._limits:
            saved["limits"] = {"presence": {"maxMembers": app.limits.max_presence_members}}
        self._storage.save_app(app.id, saved)

    def given_key(self, name: str, secret: str) -> Key:
        """Return the key with this name and secret, made with its app where it isn't there yet."""
        app_id, _, key_id = name.partition(".")
        app = self.find(app_id) or self.add(app_id)
        key = app.keys.get(name)
        if key is None or key.secret != secret:
            key = app.add_key(key_id=key_id, secret=secret)
            self.save(app)
        return self._noted(key)

    def default_key(self) -> Key:
        """Return the key of the first start, or a new one of a new app if there is none."""
        noted = self._key(self._storage.default_key())
        if noted is not None:
            return noted
        app = self.add()
        key = app.add_key()
        self.save(app)
        return self._noted(key)

    def add(self, app_id: str | None = None) -> App:
        """Create an app without keys and with the default namespaces."""
        return self._register(
            App(self._clock, self._limits, self._activity, storage=self._storage, app_id=app_id)
        )

    def create(self, specification: object) -> App:
        """Create an app as a sandbox app specification describes it; refuse a bad one with 40001.

        The specification may hold `keys`, `namespaces`, `channels` with presence fixtures, and
        `limits`.
        """
        spec = _mapping(specification, "app specification")
        app = App(
            self._clock,
            self._limits_of(spec),
            self._activity,
            storage=self._storage,
            namespaces=[_namespace(item) for item in _list(spec, "namespaces")],
        )
        app.keys_need_tls = False
        for item in _list(spec, "keys"):
            wanted = _mapping(item, "key")
            capability = wanted.get("capability")
            app.add_key(
                capability=None if capability is None else Capability.parse(capability),
                revocable_tokens=bool(wanted.get("revocableTokens")),
            )
        if not app.keys:
            app.add_key()
        for item in _list(spec, "channels"):
            fixture = _mapping(item, "channel")
            name = ChannelName.parse(str(fixture.get("name", ""))).base
            members = [PresenceMessage.from_wire(item) for item in _list(fixture, "presence")]
            if members:
                app.channels.get(name).presence.add_fixtures(members)
        log_event("app.created", app=app.id)
        return self._register(app)

    def find(self, app_id: str) -> App | None:
        return self._apps.get(app_id)

    def delete(self, app_id: str) -> None:
        """Forget an app and everything in it."""
        self._apps.pop(app_id, None)
        log_event("app.deleted", app=app_id)
        self._storage.delete_app(app_id)

    def __iter__(self) -> Iterator[App]:
        return iter(list(self._apps.values()))

    def _register(self, app: App) -> App:
        self._apps[app.id] = app
        self.save(app)
        return app

    def _key(self, name: str | None) -> Key | None:
        app = self._apps.get((name or "").partition(".")[0])
        return None if app is None else app.keys.get(name or "")

    def _noted(self, key: Key) -> Key:
        """Return `key`, noted as the key of the first start unless another one was."""
        if self._key(self._storage.default_key()) is None:
            self._storage.set_default_key(key.name)
        return key

    def _limits_of(self, spec: Mapping[str, Any]) -> Limits:
        presence = _mapping(_mapping(spec.get("limits") or {}, "limits").get("presence") or {}, "p")
        members = presence.get("maxMembers")
        if members is None:
            return self._limits
        if type(members) is not int or members < 0:
            raise refusal(Code.INVALID_REQUEST_BODY, "maxMembers is a non-negative integer")
        return replace(self._limits, max_presence_members=members)


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise refusal(Code.INVALID_REQUEST_BODY, f"the {what} is an object")
    return value


def _list(spec: Mapping[str, Any], field_name: str) -> list[Any]:
    value = spec.get(field_name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise refusal(Code.INVALID_REQUEST_BODY, f"{field_name} is an array")
    return value


def _namespace(item: object) -> Namespace:
    spec = _mapping(item, "namespace")
    if not isinstance(spec.get("id"), str) or not spec["id"]:
        raise refusal(Code.INVALID_REQUEST_BODY, "a namespace needs an id")
    return Namespace(
        spec["id"],
        persisted=bool(spec.get("persisted")),
        mutable_messages=bool(spec.get("mutableMessages")),
        push_enabled=bool(spec.get("pushEnabled")),
    )
