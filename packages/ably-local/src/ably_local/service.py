"""The whole server without its sockets: apps, authentication and connections on one clock."""

from __future__ import annotations

from .activity import Activity
from .apps import App, Apps
from .auth import Authenticator
from .channel import PERSISTED_RETENTION
from .clock import Clock
from .errors import Code, refusal
from .frame_log import FrameLog
from .limits import Limits
from .logs import logger
from .policy import Policy
from .realtime import Realtime
from .revocation import Revocation
from .storage import InMemory, Storage, StorageError

SWEEP_INTERVAL = 60_000
MINUTE = 60_000


class Service:
    """What the REST routes and the WebSocket endpoint work on."""

    def __init__(self, clock: Clock, limits: Limits, *, storage: Storage | None = None) -> None:
        self.clock = clock
        self.activity: Activity = Activity()
        self.storage: Storage | InMemory = storage or InMemory()
        self.apps: Apps = Apps(clock, limits, self.activity, storage=self.storage)
        self.authenticator: Authenticator = Authenticator(self.apps)
        self.log: FrameLog = FrameLog(clock, self.activity)
        self.policy: Policy = Policy(clock)
        self.realtime: Realtime = Realtime(
            clock, self.authenticator, self.log, self.policy, self.activity
        )
        clock.call_later(SWEEP_INTERVAL, self._sweep)
        self._await_minute()

    def open(self) -> None:
        """Take up what a former process left; raise StorageError if that can't be read."""
        self.storage.open()
        self.storage.forget_before(self.clock.now() - PERSISTED_RETENTION)
        self.apps.restore()

    def delete_app(self, app: App) -> None:
        """Forget an app; its connections fail."""
        self.apps.delete(app.id)
        gone = refusal(Code.NOT_FOUND, f"the application {app.id} was deleted")
        self.realtime.close_app(app, gone.error)

    def revoke(self, app: App, revocation: Revocation) -> None:
        """Revoke tokens at the time it says; until then, ask the clients concerned for new ones."""
        delay = revocation.applies_at - self.clock.now()
        if delay <= 0:
            self._apply(app, revocation)
            return
        self.realtime.request_renewal(app, revocation)
        self.clock.call_later(delay, lambda: self._apply(app, revocation))

    def _apply(self, app: App, revocation: Revocation) -> None:
        app.tokens.revoke(revocation)
        self.realtime.disconnect_revoked(app, revocation)

    def _sweep(self) -> None:
        for app in self.apps:
            app.channels.sweep()
            app.tokens.sweep()
        self.storage.forget_before(self.clock.now() - PERSISTED_RETENTION)
        try:
            self.storage.commit()
        except StorageError:
            logger.exception("the data file can't be written")
        self.clock.call_later(SWEEP_INTERVAL, self._sweep)

    def _await_minute(self) -> None:
        """Arrange for what happens at the beginning of the next minute."""
        self.clock.call_later(MINUTE - self.clock.now() % MINUTE, self._minute_passed)

    def _minute_passed(self) -> None:
        for app in self.apps:
            app.lifecycle.minute_passed()
        self._await_minute()
