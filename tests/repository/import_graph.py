"""Which modules a package's source imports, read from the syntax tree without running it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

Imports = Mapping[str, frozenset[str]]


def read_package(source: Path) -> dict[str, str]:
    """The text of every module in a package folder, by dotted name."""
    modules = {}
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        modules[name] = path.read_text(encoding="utf-8")
    return modules


def imports_of(
    modules: Mapping[str, str],
    packages: frozenset[str],
    types_count: Callable[[str], bool] = lambda _: True,
) -> Imports:
    """What each module imports by name, wherever in its text: inside functions too.

    `packages` are the modules that are an `__init__`, against which relative names resolve.
    `types_count` says of a module whether its imports under TYPE_CHECKING, which never run, count.
    An imported submodule also imports the packages around it, save the outermost: that one only
    re-exports, and every module of the package would otherwise import all of it.
    """
    return {
        name: frozenset(
            found
            for target in _targets(
                _nodes(ast.parse(text), types_count(name)), name, packages, modules
            )
            for found in (target, *_packages_around(target))
        )
        for name, text in modules.items()
    }


def package_names(source: Path) -> frozenset[str]:
    """The dotted names of a folder's packages: the modules that are an `__init__`."""
    return frozenset(
        ".".join(path.relative_to(source.parent).parent.parts)
        for path in source.rglob("__init__.py")
    )


def reaches(imports: Imports, start: str) -> Iterator[tuple[str, ...]]:
    """The shortest import chain from a module to everything it reaches, itself excluded."""
    seen = {start}
    chains: list[tuple[str, ...]] = [(start,)]
    for chain in chains:
        for target in sorted(imports.get(chain[-1], frozenset()) - seen):
            seen.add(target)
            chains.append((*chain, target))
            yield chains[-1]


def is_within(module: str, package: str) -> bool:
    """Whether a dotted name is the package or lies inside it."""
    return module == package or module.startswith(package + ".")


def _nodes(tree: ast.AST, types: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and not types and _is_for_types(node.test):
            for otherwise in node.orelse:
                yield otherwise
                yield from _nodes(otherwise, types)
        else:
            yield node
            yield from _nodes(node, types)


def _is_for_types(test: ast.expr) -> bool:
    return ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def _targets(
    nodes: Iterator[ast.AST], name: str, packages: frozenset[str], modules: Mapping[str, str]
) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                parts = name.split(".")
                base = parts[: len(parts) - node.level + (name in packages)]
                origin = ".".join([*base, origin] if origin else base)
            for alias in node.names:
                submodule = f"{origin}.{alias.name}"
                yield submodule if submodule in modules else origin
        elif isinstance(node, ast.Name) and node.id == "__import__":
            yield "importlib"


def _packages_around(module: str) -> Iterator[str]:
    parts = module.split(".")
    for length in range(2, len(parts)):
        yield ".".join(parts[:length])
