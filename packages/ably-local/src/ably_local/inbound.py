"""What the frames of a client do."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from .actor import Actor
from .apps import App
from .channel import Channel
from .clock import Clock
from .connection import Connection
from .errors import Code, Refusal, refusal
from .feed import Origin
from .frames import Action, Flag, Frame, Received
from .grants import Grant
from .policy import Nack, Policy, WithholdAcks
from .publishing import publish

REMEMBERED_ANSWERS = 2_000
FIRST_VERSION_WITH_RESULTS = 5


class Inbound:
    """Carries out the frames that arrive for one connection, over however many sockets."""

    def __init__(
        self,
        connection: Connection,
        clock: Clock,
        policy: Policy,
        authenticate: Callable[[str], tuple[App, Grant]],
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._policy = policy
        self._authenticate = authenticate
        self._answers: OrderedDict[int, tuple[int, Frame]] = OrderedDict()
        self._second = 0
        self._count = 0

    def receive(self, frame: Received) -> None:
        """Do what a frame asks for. An action this server does not know is ignored (RTF1)."""
        connection = self._connection
        try:
            match frame.action:
                case Action.HEARTBEAT:
                    connection.send(Frame(action=Action.HEARTBEAT, id=frame.id))
                case Action.PING:
                    connection.send(Frame(action=Action.PONG, id=frame.id))
                case Action.MESSAGE | Action.PRESENCE | Action.ANNOTATION | Action.OBJECT:
                    self._answer(frame)
                case Action.ATTACH:
                    connection.attachments.attach(
                        frame, connection.grant, echo=connection.profile.echo
                    )
                case Action.DETACH:
                    connection.attachments.detach(frame)
                case Action.SYNC:
                    connection.attachments.sync(frame)
                case Action.AUTH:
                    self._reauthenticate(frame)
                case Action.CLOSE:
                    connection.close()
                case Action.DISCONNECT:
                    connection.drop()
        except Refusal as refused:
            connection.fail(refused.error)

    def _answer(self, frame: Received) -> None:
        """Do what is answered with ACK or NACK (RTN7a), once per serial however often it comes.

        A client resends what was not answered when it resumes, under the same serial (RTN19a2).
        """
        _, answer = self._answers.get(frame.msg_serial, (0, None))
        if answer is None:
            answer = self._carry_out(frame)
            self._remember(frame.msg_serial, answer)
        if self._policy.strike(WithholdAcks, self._connection.id, frame.channel) is None:
            self._connection.answer(answer, frame.channel)

    def _remember(self, serial: int, answer: Frame) -> None:
        """Keep an answer while the client could resume without having got it."""
        now = self._clock.now()
        self._answers[serial] = (now, answer)
        too_old = now - self._connection.app.limits.connection_state_ttl
        oldest, _ = next(iter(self._answers.values()))
        while oldest < too_old or len(self._answers) > REMEMBERED_ANSWERS:
            self._answers.popitem(last=False)
            oldest, _ = next(iter(self._answers.values()))

    def _carry_out(self, frame: Received) -> Frame:
        try:
            fault = self._policy.strike(Nack, self._connection.id, frame.channel)
            if fault is not None:
                raise Refusal(fault.error)
            self._check_rate()
            serials = self._perform(frame)
        except Refusal as refused:
            return Frame(
                action=Action.NACK, msg_serial=frame.msg_serial, count=1, error=refused.error
            )
        with_results = self._connection.profile.version >= FIRST_VERSION_WITH_RESULTS
        return Frame(
            action=Action.ACK,
            msg_serial=frame.msg_serial,
            count=1,
            serials=serials if with_results else None,
        )

    def _perform(self, frame: Received) -> tuple[str, ...]:
        """Publish what a frame carries and return the serials of it."""
        connection = self._connection
        app = connection.app
        actor = Actor(connection.grant, connection.client_id, app.limits, app.stats, "realtime")
        origin = Origin(f"{connection.id}:{frame.msg_serial}", connection.id)
        match frame.action:
            case Action.MESSAGE:
                channel = self._channel(frame, Flag.PUBLISH)
                return publish(app, channel, frame.messages(), actor, origin)
            case Action.PRESENCE:
                channel = self._channel(frame, Flag.PRESENCE)
                members = actor.presence(frame.presence())
                connection.attachments.enter(frame.channel)
                channel.presence.apply(members, origin)
                return ()
            case Action.ANNOTATION:
                channel = self._channel(frame, Flag.ANNOTATION_PUBLISH)
                return channel.messages.annotate(actor.annotations(frame.annotations()), origin)
        raise refusal(Code.FEATURE_NOT_AVAILABLE, "this server does not support such frames")

    def _channel(self, frame: Received, mode: Flag) -> Channel:
        connection = self._connection
        return connection.attachments.require(frame.channel, mode, connection.grant)

    def _check_rate(self) -> None:
        second = self._clock.now() // 1000
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        limit = self._connection.app.limits.max_inbound_rate
        if self._count > limit:
            raise refusal(
                Code.PER_CONNECTION_RATE_EXCEEDED, f"more than {limit} messages in a second"
            )

    def _reauthenticate(self, frame: Received) -> None:
        if frame.access_token is None:
            raise refusal(Code.INVALID_CREDENTIALS, "the AUTH frame carries no access token")
        self._connection.reauthenticate(*self._authenticate(frame.access_token))
