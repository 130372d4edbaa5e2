"""The boundaries between the parts, proved from the syntax tree."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.repository.import_graph import (
    imports_of,
    is_within,
    package_names,
    reaches,
    read_package,
)

PACKAGES = Path(__file__).parents[2] / "packages"
CLIENT = PACKAGES / "ably-realtime" / "src" / "ably_realtime"
SERVER = PACKAGES / "ably-local" / "src" / "ably_local"

PURE = ("ably_realtime._core", "ably_realtime._wire")
# What performs, and what gives another answer each time it is asked.
IMPURE = (
    "_socket",
    "_thread",
    "ably",
    "asyncio",
    "concurrent",
    "http",
    "httpx",
    "importlib",
    "multiprocessing",
    "os",
    "random",
    "secrets",
    "select",
    "selectors",
    "socket",
    "socketserver",
    "ssl",
    "subprocess",
    "threading",
    "time",
    "urllib.request",
    "uuid",
    "websockets",
)


def is_pure(module: str) -> bool:
    """Whether a module belongs to the parts that decide and never perform."""
    return any(is_within(module, pure) for pure in PURE)


def impure_chains(modules: Mapping[str, str], packages: frozenset[str]) -> list[str]:
    """Each way a pure module reaches an impure one, as a chain of imports.

    A pure module may not even name an impure type. Elsewhere only imports that run count.
    """
    imports = imports_of(modules, packages, types_count=is_pure)
    return [
        " -> ".join(chain)
        for module in filter(is_pure, modules)
        for chain in reaches(imports, module)
        if any(is_within(chain[-1], impure) for impure in IMPURE)
    ]


def importers_of(package: str, modules: Mapping[str, str], packages: frozenset[str]) -> list[str]:
    """The modules that import a package or a part of it themselves."""
    return [
        module
        for module, targets in imports_of(modules, packages).items()
        if any(is_within(target, package) for target in targets)
    ]


def test_core_and_wire_reach_nothing_that_performs() -> None:
    modules = read_package(CLIENT)
    assert any(is_within(module, PURE[0]) for module in modules)
    assert any(is_within(module, PURE[1]) for module in modules)
    assert impure_chains(modules, package_names(CLIENT)) == []


def test_only_the_rest_seam_imports_ably() -> None:
    importers = importers_of("ably", read_package(CLIENT), package_names(CLIENT))
    assert [name for name in importers if not is_within(name, "ably_realtime._rest")] == []


def test_the_client_does_not_import_the_server() -> None:
    assert importers_of("ably_local", read_package(CLIENT), package_names(CLIENT)) == []


def test_the_server_imports_neither_the_client_nor_the_rest_sdk() -> None:
    modules, packages = read_package(SERVER), package_names(SERVER)
    assert modules
    assert importers_of("ably_realtime", modules, packages) == []
    assert importers_of("ably", modules, packages) == []


@pytest.mark.parametrize(
    "statement",
    [
        "import time",
        "import asyncio.events",
        "from asyncio import Future",
        "import json, random as dice",
        "from ably.util.exceptions import AblyException",
        "def later():\n    import socket",
        "if TYPE_CHECKING:\n    from threading import Lock",
        "__import__('time')",
        "from importlib import import_module",
    ],
)
def test_an_impure_import_is_found(statement: str) -> None:
    modules = {"ably_realtime": "", "ably_realtime._core": "", "ably_realtime._core.bad": statement}
    chains = impure_chains(modules, frozenset({"ably_realtime", "ably_realtime._core"}))
    assert {chain.split(" -> ")[0] for chain in chains} == {"ably_realtime._core.bad"}


@pytest.mark.parametrize(
    ("statement", "chain"),
    [
        ("from ..helpers import clock", "ably_realtime.helpers.clock -> time"),
        ("from ..helpers.clock import now", "ably_realtime.helpers.clock -> time"),
        ("import ably_realtime.helpers.clock", "ably_realtime.helpers.clock -> time"),
        ("from ably_realtime.helpers.text import upper", "ably_realtime.helpers -> ssl"),
        ("from .. import AblyRealtime", "ably_realtime -> asyncio"),
        ("import ably_realtime", "ably_realtime -> asyncio"),
    ],
)
def test_an_impure_import_is_found_through_siblings(statement: str, chain: str) -> None:
    modules = {
        "ably_realtime": "import asyncio",
        "ably_realtime._wire": "",
        "ably_realtime._wire.bad": statement,
        "ably_realtime.helpers": "import ssl",
        "ably_realtime.helpers.clock": "import time",
        "ably_realtime.helpers.text": "",
    }
    packages = frozenset({"ably_realtime", "ably_realtime._wire", "ably_realtime.helpers"})
    assert f"ably_realtime._wire.bad -> {chain}" in impure_chains(modules, packages)


def test_relative_names_resolve_from_a_package_as_from_a_module() -> None:
    modules = {
        "ably_realtime": "",
        "ably_realtime._core": "from . import machine",
        "ably_realtime._core.machine": "from . import clock",
        "ably_realtime._core.clock": "import time",
    }
    packages = frozenset({"ably_realtime", "ably_realtime._core"})
    assert (
        "ably_realtime._core -> ably_realtime._core.machine -> ably_realtime._core.clock -> time"
        in impure_chains(modules, packages)
    )


def test_the_outer_package_is_not_blamed_on_its_modules() -> None:
    modules = {
        "ably_realtime": "import asyncio",
        "ably_realtime.errors": "",
        "ably_realtime._core": "from ably_realtime.errors import ErrorInfo\nfrom ..errors import x",
    }
    packages = frozenset({"ably_realtime", "ably_realtime._core"})
    assert impure_chains(modules, packages) == []


@pytest.mark.parametrize(
    ("sibling", "found"),
    [
        ("if TYPE_CHECKING:\n    import ably", []),
        ("if typing.TYPE_CHECKING:\n    pass\nelse:\n    import ably", ["ably"]),
        ("if DEBUG:\n    import ably", ["ably"]),
    ],
)
def test_of_a_sibling_only_what_runs_counts(sibling: str, found: list[str]) -> None:
    modules = {
        "ably_realtime": "",
        "ably_realtime.states": sibling,
        "ably_realtime._core": "from .. import states",
    }
    packages = frozenset({"ably_realtime", "ably_realtime._core"})
    ends = [chain.split(" -> ")[-1] for chain in impure_chains(modules, packages)]
    assert ends == found


def test_a_name_that_only_starts_alike_is_no_match() -> None:
    modules = {"ably_local": "import ably_realtimes, ably_local.app", "ably_local.app": ""}
    packages = frozenset({"ably_local"})
    assert importers_of("ably", modules, packages) == []
    assert importers_of("ably_realtime", modules, packages) == []
    assert importers_of("ably_local", modules, packages) == ["ably_local"]
