"""The commands together, and what their ends mean to the shell."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field

import click

from ..version import __version__
from .auth import auth
from .bench import bench
from .channels import channels
from .completion import completion
from .connections import connections
from .doctor import doctor
from .output import Output, OutputClosed
from .problems import Problem, problem_of, redact
from .serve import serve
from .session import Terminated
from .settings import Settings

NAME = "ably-realtime"
INTERRUPTED, TERMINATED = 130, 143


@dataclass
class Run:
    """What is known of a run when it ends."""

    settings: Settings = field(default_factory=Settings)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    no_args_is_help=True,
)
@click.version_option(__version__, prog_name=NAME)
def command() -> None:
    """Work with Ably channels from the terminal.

    Credentials come from ABLY_API_KEY or ABLY_TOKEN, and the server from
    ABLY_ENDPOINT: http://localhost:8081 is a local one.
    """


for _group in (channels, connections, auth, bench, serve, doctor, completion):
    command.add_command(_group)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; see `main`."""
    state = Run()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a narrow encoding is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    try:
        status = command.main(
            args=None if arguments is None else list(arguments),
            prog_name=NAME,
            standalone_mode=False,
            obj=state,
        )
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        _report(_usage_problem(error), state.settings)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except Terminated:
        return TERMINATED
    except (OutputClosed, BrokenPipeError):
        _let_go_of_stdout()
        return 0
    except Exception as error:
        problem = problem_of(error)
        if state.settings.verbose and problem.is_unexpected:
            text = "".join(traceback.format_exception(error))
            sys.stderr.write(redact(text, state.settings.secrets))
        _report(problem, state.settings)
        return 1
    return status if isinstance(status, int) else 0


def _report(problem: Problem, settings: Settings) -> None:
    output = Output(as_json=settings.json)
    hint = problem.hint
    if problem.is_network:
        hint = f"{hint or ''} To find out why: {NAME} doctor".lstrip()
    hidden = Problem(
        redact(problem.message, settings.secrets),
        problem.code,
        None if hint is None else redact(hint, settings.secrets),
    )
    output.fail(NAME, hidden)


def _usage_problem(error: click.ClickException) -> Problem:
    message = " ".join(error.format_message().split())
    context = error.ctx if isinstance(error, click.UsageError) else None
    where = NAME if context is None else context.command_path
    return Problem(message[:1].lower() + message[1:], hint=f"Try: {where} --help")


def _let_go_of_stdout() -> None:
    """Give what is still buffered somewhere to go."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
