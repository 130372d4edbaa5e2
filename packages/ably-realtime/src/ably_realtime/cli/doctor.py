"""`ably-realtime doctor`: each step on the way to Ably, tried by itself."""

from __future__ import annotations

import asyncio
import contextlib
import textwrap
import time
from dataclasses import replace

import click
from rich.text import Text

from .checks import CHECKS, Check, Outcome, Patient, Skipped, Status
from .output import Output, printable
from .problems import Failure, problem_of, redact
from .session import Session, command_with_session

_TIMEOUT = 10.0
_STYLES = {
    Status.OK: "green",
    Status.WARNING: "yellow",
    Status.FAILED: "bold red",
    Status.SKIPPED: "dim",
}
_INDENT = 30
_WIDTH = 80


@click.command()
@click.option("--channel", metavar="NAME", help="Try the capability on this channel.")
@click.option(
    "--needs",
    type=click.Choice(["subscribe", "publish", "presence"]),
    multiple=True,
    default=["subscribe", "publish"],
    show_default=True,
    help="What must be possible there.",
)
@click.option("--fallback-host", "fallback_hosts", metavar="HOST", multiple=True,
              help="Try this fallback host instead of Ably's.")  # fmt: skip
@command_with_session
async def doctor(
    session: Session,
    channel: str | None,
    needs: tuple[str, ...],
    fallback_hosts: tuple[str, ...],
) -> None:
    """Find out why there is no connection, or that all is well.

    Tries DNS, TCP, TLS, HTTP, the clock, the key or token, the WebSocket, the
    capability and the fallback hosts, and says what to do about what fails.
    """
    output = session.output
    failed: list[str] = []
    blocked: set[str] = set()
    async with Patient(session, channel, needs, fallback_hosts or None) as patient:
        for check in CHECKS:
            missing = next((name for name in check.after if name in blocked), None)
            if missing is not None:
                outcome = Outcome(Status.SKIPPED, f"needs {missing}")
                blocked.add(check.title)
            else:
                with output.stderr.status(check.title) if output.is_live else _NOTHING:
                    outcome = await _carry_out(check, patient)
            if outcome.status is Status.FAILED:
                failed.append(check.title)
                blocked.add(check.title)
            _print(output, check.title, outcome, session.settings.secrets)
    if failed:
        raise Failure(f"{', '.join(failed)} failed", "What to do is said above.")


_NOTHING: contextlib.AbstractContextManager[object] = contextlib.nullcontext()


async def _carry_out(check: Check, patient: Patient) -> Outcome:
    began = time.perf_counter()
    try:
        async with asyncio.timeout(_TIMEOUT):
            outcome = await check.carry_out(patient)
    except Skipped as reason:
        return Outcome(Status.SKIPPED, str(reason))
    except TimeoutError:
        hint = "Something on the way swallows what is sent: look at firewalls and proxies."
        outcome = Outcome(Status.FAILED, f"no answer within {_TIMEOUT:.0f} s", hint)
    except Exception as error:
        problem = problem_of(error)
        code = "" if problem.code is None else f" (code {problem.code})"
        to_do = check.hint if problem.is_network and check.hint else problem.hint
        outcome = Outcome(Status.FAILED, f"{problem.message}{code}", to_do)
    if outcome.milliseconds is not None:
        return outcome
    return replace(outcome, milliseconds=(time.perf_counter() - began) * 1000)


def _print(output: Output, title: str, outcome: Outcome, secrets: tuple[str, ...]) -> None:
    detail = redact(outcome.detail, secrets)
    hint = None if outcome.hint is None else redact(outcome.hint, secrets)
    took = outcome.milliseconds
    if output.as_json:
        record = {
            "check": title,
            "status": outcome.status.value,
            "ms": None if took is None else round(took, 1),
            "detail": detail,
            "hint": hint,
        }
        output.record({name: value for name, value in record.items() if value is not None})
        return
    shown = "" if took is None else f"{took:,.0f} ms"
    head = (f"{outcome.status.label:<6}", _STYLES[outcome.status])
    first, *rest = _wrapped(printable(detail))
    told = Text.assemble(head, f"{title:<12}{shown:>9}   {first}")
    output.stdout.print(told, soft_wrap=True)
    for line in rest:
        output.say(" " * _INDENT + line)
    for number, line in enumerate(_wrapped(printable(hint)) if hint else []):
        output.say(" " * (_INDENT - 3) + ("-> " if number == 0 else "   ") + line, "bold")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH - _INDENT) or [""]
