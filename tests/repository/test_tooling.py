"""The commands, sessions and pins say what the documentation promises."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("ably-realtime", "ably-local")


def session_docstrings(noxfile: str) -> dict[str, str | None]:
    """The docstring of every function of a noxfile that is decorated as a session."""
    return {
        node.name: ast.get_docstring(node)
        for node in ast.parse(noxfile).body
        if isinstance(node, ast.FunctionDef)
        and any(
            ast.unparse(decorator).split("(")[0].split(".")[-1] == "session"
            for decorator in node.decorator_list
        )
    }


def not_a_pin(constraints: str) -> list[str]:
    """The lines of a constraints file that are neither a comment nor `name==version`."""
    return [
        line
        for line in constraints.splitlines()
        if not re.fullmatch(r"#.*|[a-z0-9-]+==[0-9a-z.]+", line)
    ]


def test_every_session_has_a_docstring() -> None:
    docstrings = session_docstrings((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    assert {
        "demo", "tests", "unit", "uts", "integration", "interop",
        "types", "lint", "minimums", "bench", "docs", "build",
    } <= docstrings.keys()  # fmt: skip
    assert [name for name, docstring in docstrings.items() if not docstring] == []


def test_a_session_without_a_docstring_is_found() -> None:
    planted = "@nox.session(python='3.11')\ndef a(s): ...\n@session\ndef b(s):\n    'Said.'"
    assert session_docstrings(planted) == {"a": None, "b": "Said."}


def test_continuous_integration_runs_the_readme_test_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^\$ (.+?)\s+#", readme, flags=re.MULTILINE)
    assert commands == ["python3 run.py demo", "python3 run.py tests"]
    last_line = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1]
    assert last_line == f"exec {commands[1]}"


@pytest.mark.parametrize("path", sorted((ROOT / "constraints").iterdir()), ids=lambda p: p.name)
def test_constraints_are_names_and_versions_only(path: Path) -> None:
    assert not_a_pin(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line", ["a>=1", "-e .", "--index-url x", "a==1 --hash=sha256:0", "a @ https://host/a.whl"]
)
def test_anything_else_in_constraints_is_found(line: str) -> None:
    assert not_a_pin(f"# comment\na-b==1.0rc1\n{line}\n") == [line]


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_carries_the_licence(package: str) -> None:
    carried = ROOT / "packages" / package / "LICENSE"
    assert carried.read_bytes() == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_is_marked_as_typed(package: str) -> None:
    source = ROOT / "packages" / package / "src" / package.replace("-", "_")
    assert (source / "py.typed").is_file()
