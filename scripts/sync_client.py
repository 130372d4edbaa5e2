"""Writes the facades of `ably_realtime.sync` from the asynchronous client: `nox -s sync`.

A public method of the asynchronous client becomes one of the same name, parameters and docstring,
which has its counterpart done on the background loop; one that is awaited there waits here, and
takes `timeout`. What a facade is made of, and whatever has no counterpart, is written by hand
beside them (`HANDWRITTEN` below).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "packages" / "ably-realtime" / "src" / "ably_realtime"


@dataclass(frozen=True)
class Facade:
    """A class to write a facade of; `internal` are the methods that are not for users."""

    module: str
    name: str
    base: str = "Facade[Async{name}]"
    internal: frozenset[str] = field(default_factory=frozenset)


def internal(names: str) -> frozenset[str]:
    """Names in a set, written with spaces between them."""
    return frozenset(names.split())


FACADES = [
    Facade("annotations", "Annotations", internal=internal("deliver")),
    Facade(
        "channel",
        "Channel",
        "Emitter[Async{name}, ChannelStateChange]",
        internal(
            "stream call was_released packer rest replace_options announce first_warning_about "
            "deliver discontinued send"
        ),
    ),
    Facade("channels", "Channels", internal=internal("find forget")),
    Facade("client", "AblyRealtime", "Client"),
    Facade(
        "connection",
        "Connection",
        "Emitter[Async{name}, ConnectionStateChange]",
        internal("announce"),
    ),
    Facade(
        "events",
        "Emitter",
        "Facade[Source], Generic[Source, Change]",
        internal("watch call_now emit is_heard"),
    ),
    Facade("presence", "Presence", internal=internal("deliver")),
    Facade("subscription", "Subscription"),
]

HANDWRITTEN = {
    "Client": "lifecycle",
    "Facade": "facade",
    "Stream": "streams",
}
"""What the facades are made of, and where it is."""

INHERITED = internal("__init__ __repr__ __aenter__ __aexit__ __del__") | {"AblyRealtime.close"}
"""What the handwritten bases have instead."""

ON_THE_LOOP = {
    "AblyRealtime.auth",
    "AblyRealtime.push",
    "AblyRealtime.rest",
    "Channel.properties",
}
"""Properties that make something, or read several things which belong together."""

WORDING = [
    ("async with ", "with "),
    ("async for ", "for "),
    ("await channel.", "channel."),
    ("is something to await, the same as", "waits, as does"),
    ("Starts at once; await it for the outcome.", "Returns when it is detached."),
    ("running listeners and sockets as long to end", "its sockets as long to end"),
    (
        "A sync listener runs as each message arrives. An async one takes the messages one after "
        "another, in order; a slow one delays only itself.",
        "The listener is called on the client's callback thread, or by its `callback_executor`,\n"
        "        with one message after another, in order.",
    ),
    ("Cancelling the wait", "Giving up the wait"),
]
"""What docstrings say of awaiting, and what they say instead."""

OWN = {"Change", "Source"}
OWN_DEFINED = (
    'Source = TypeVar("Source", bound=AsyncEmitter[Any])',
    'Change = TypeVar("Change")',
)
"""The type variables of the emitter."""

WAITS = "Waits `timeout` milliseconds at most, if given."
WAITS_FOR_EACH = "Each item is waited for `timeout` milliseconds at most, if given."


def write(folder: Path) -> None:
    """Write every facade into a folder."""
    for facade in FACADES:
        (folder / f"{facade.module}.py").write_text(source_of(facade), encoding="utf-8")


def source_of(facade: Facade) -> str:
    """The module of a facade, not formatted yet."""
    module = _parse(facade.module)
    written = ast.unparse(_facade_class(facade, _class_of(module, facade.name)))
    imports = _imports(facade, module, written)
    docstring = ast.get_docstring(module)
    return "\n".join(
        [
            f'"""{docstring}"""',
            f"# Written by `nox -s sync` from ../{facade.module}.py: change that and run it again.",
            "from __future__ import annotations",
            *sorted(imports),
            *(OWN_DEFINED if facade.name == "Emitter" else ()),
            written,
            "",
        ]
    )


def _parse(module: str) -> ast.Module:
    return ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))


def _class_of(module: ast.Module, name: str) -> ast.ClassDef:
    return next(
        node for node in module.body if isinstance(node, ast.ClassDef) and node.name == name
    )


def _facade_class(facade: Facade, original: ast.ClassDef) -> ast.ClassDef:
    base = facade.base.format(name=facade.name)
    written = ast.parse(f"class {facade.name}({base}):\n    pass").body[0]
    assert isinstance(written, ast.ClassDef)
    written.body = [ast.Expr(ast.Constant(_class_docstring(facade, original)))]
    for node in original.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and is_public(
            facade, node.name
        ):
            written.body.append(_method(facade, node))
    return ast.fix_missing_locations(written)


def _class_docstring(facade: Facade, original: ast.ClassDef) -> str:
    """The original's, unless the class is described where it is made by hand."""
    if facade.base in HANDWRITTEN:
        described = _class_of(_parse(f"sync/{HANDWRITTEN[facade.base]}"), facade.base)
        return ast.get_docstring(described, clean=False) or ""
    return reworded(ast.get_docstring(original, clean=False) or "")


def is_public(facade: Facade, name: str) -> bool:
    """Whether a method of the asynchronous class has a counterpart in the written one."""
    if name in facade.internal | INHERITED or f"{facade.name}.{name}" in INHERITED:
        return False
    return not name.startswith("_") or name.startswith("__")


def _method(facade: Facade, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.FunctionDef:
    returned = "None" if node.returns is None else ast.unparse(node.returns)
    waits = isinstance(node, ast.AsyncFunctionDef)
    awaited = re.search(r"\b(?:Awaitable|asyncio\.Future)\[((?:[^][]|\[[^]]*\])*)\]", returned)
    if awaited:
        returned = returned.replace(awaited[0], awaited[1]).replace("| None | None", "| None")
        waits = True
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    is_stub = "overload" in decorators
    iterates = returned.startswith("Stream[")
    if waits or iterates:
        _add_timeout(node.args, is_stub=is_stub)
    docstring = ast.get_docstring(node, clean=False)
    body: list[ast.stmt] = []
    if docstring is not None:
        said = reworded(docstring)
        if waits or iterates:
            said = _with_paragraph(said, WAITS if waits else WAITS_FOR_EACH)
        body.append(ast.Expr(ast.Constant(said)))
    if is_stub:
        body.append(ast.Expr(ast.Constant(...)))
    else:
        qualified = f"{facade.name}.{node.name}"
        direct = "property" in decorators and qualified not in ON_THE_LOOP
        body += ast.parse(_body(node, decorators, returned, waits=waits, direct=direct)).body
    written = ast.parse(f"def {node.name}() -> {returned}: pass").body[0]
    assert isinstance(written, ast.FunctionDef)
    written.args, written.body, written.decorator_list = node.args, body, node.decorator_list
    return written


def _add_timeout(arguments: ast.arguments, *, is_stub: bool) -> None:
    annotation = ast.parse("float | None", mode="eval").body
    arguments.kwonlyargs.append(ast.arg("timeout", annotation))
    arguments.kw_defaults.append(ast.Constant(... if is_stub else None))


def _body(
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    decorators: list[str],
    returned: str,
    *,
    waits: bool,
    direct: bool,
) -> str:
    """The statements of a method: how it has its counterpart called."""
    match node.name:
        case "__iter__":
            (kind,) = re.findall(r"\[(\w+)\]", returned)
            return f"return iter([self._facade({kind}, each) for each in self._source])"
        case "__len__":
            return "return len(self._source)"
        case "__contains__":
            return f"return {node.args.args[1].arg} in self._source"
        case "__getitem__":
            return f"return self.get({node.args.args[1].arg})"
        case "when_state":
            return (
                "if listener is to_await:\n"
                "    return self._wait(lambda: self._source.when_state(state), timeout)\n"
                "heard = self._listener(listener)\n"
                "self._call(lambda: self._source.when_state(state, heard))\n"
                "return None"
            )
    called = f"self._source.{node.name}"
    is_method = "property" not in decorators
    arguments, prepared = _arguments(node) if is_method else ("", "")
    if arguments:
        called = f"lambda: {called}({arguments})"
    elif not is_method and not direct:
        called = f"lambda: {called}"
    kind = returned.split("[")[0]
    if waits:
        value = f"self._wait({called}, timeout)"
    else:
        value = called if direct else f"self._call({called})"
    if kind == "Stream":
        value = f"Stream(self._bridge, {value}, timeout)"
    elif kind in {facade.name for facade in FACADES}:
        value = f"self._facade({kind}, {value})"
    return prepared + (value if returned == "None" else f"return {value}")


def _arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, str]:
    """The arguments to pass on, and what to do to them before."""
    given = node.args
    passed, prepared = [], ""
    for arg in [*given.posonlyargs, *given.args][1:]:
        if arg.arg == "listener":
            prepared = "heard = self._listener(listener)\n"
            passed.append("heard")
        else:
            passed.append(arg.arg)
    if given.vararg is not None:
        if given.kwarg is None:  # the last one is a listener
            prepared = "heard = self._listener_last(args)\n"
            passed.append("*heard")
        else:
            passed.append(f"*{given.vararg.arg}")
    passed += [f"{arg.arg}={arg.arg}" for arg in given.kwonlyargs if arg.arg != "timeout"]
    if given.kwarg is not None:
        passed.append(f"**{given.kwarg.arg}")
    return ", ".join(passed), prepared


def reworded(docstring: str) -> str:
    """A docstring without awaiting; raises if `WORDING` does not say how."""
    for asynchronous, synchronous in WORDING:
        words = re.sub(r"(\\?\s)+", r"\\s+", re.escape(asynchronous))  # however they are wrapped
        docstring = re.sub(words, synchronous, docstring)
    if left := re.search(r"\b(async|await|coroutine|event loop)", docstring):
        raise ValueError(f"say it without {left[0]!r}, in WORDING: {docstring}")
    return docstring


def _with_paragraph(docstring: str, paragraph: str) -> str:
    return f"{docstring.rstrip()}\n\n        {paragraph}\n        "


def _imports(facade: Facade, module: ast.Module, written: str) -> set[str]:
    """The imports that the written class needs."""
    used = {node.id for node in ast.walk(ast.parse(written)) if isinstance(node, ast.Name)}
    homes = {name: home for name, home in _homes(module, facade.module) if name not in OWN}
    siblings = {each.name: each.module for each in FACADES} | HANDWRITTEN
    lines = set()
    for name in used - {facade.name}:
        if name in siblings:
            lines.add(f"from .{siblings[name]} import {name}")
        elif name.startswith("Async"):
            lines.add(f"from ..{facade.module} import {facade.name} as {name}")
        elif name in homes:
            lines.add(f"from {homes[name]} import {name}")
    if facade.name == "Emitter":
        lines |= {"from typing import Any, TypeVar", "from ..events import Emitter as AsyncEmitter"}
    return lines


def _homes(module: ast.Module, name: str) -> Iterator[tuple[str, str]]:
    """Where the sync package imports each name from that a module imports or defines."""
    for node in _flat(module.body):
        if isinstance(node, ast.ImportFrom):
            level = "." * (node.level + 1) if node.level else ""
            yield from ((each.name, f"{level}{node.module or ''}") for each in node.names)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, f"..{name}"
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, f"..{name}"


def _flat(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.If):  # TYPE_CHECKING
            yield from node.body
        else:
            yield node


if __name__ == "__main__":
    write(PACKAGE / "sync")
