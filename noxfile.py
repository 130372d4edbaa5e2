"""Everything a contributor runs, from the demo to the wheels; `nox --list` is the contents.

`python3 run.py <session>` does the same where nox is not installed.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

nox.needs_version = ">=2025.10.14"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["tests"]

ROOT = Path(__file__).parent
CLIENT = ROOT / "packages" / "ably-realtime"
SERVER = ROOT / "packages" / "ably-local"
EXTRAS = "cli,crypto,delta,otel,proxy"
WITH_SPEED = f"{EXTRAS},speed"
# What goes through frames and sockets, and so through the libraries of that extra.
SPEED_TESTS = [
    "tests/unit/realtime/wire",
    "tests/unit/realtime/test_speed.py",
    "tests/vectors",
    "tests/property/test_codec.py",
    "tests/property/test_transports.py",
    "tests/property/test_typed_codec.py",
    "tests/behaviour",
    "tests/integration/auth",
    "tests/integration/test_bad_input.py",
    "tests/integration/test_connection.py",
    "tests/integration/test_debug_snapshot.py",
    "tests/integration/test_fallback_hosts.py",
    "tests/integration/test_reconnecting.py",
    "tests/integration/test_secrets.py",
    "tests/integration/test_tls.py",
    "tests/integration/test_uvloop.py",
    "tests/interop/test_deltas.py",
    "tests/interop/test_encryption.py",
    "tests/interop/test_messages.py",
    "tests/interop/test_presence.py",
]
REST_SDK = ROOT / "vendor" / "ably-python"
DEVELOPMENT_PINS = ROOT / "constraints" / "development.txt"
REST_SDK_PIN = ROOT / "constraints" / "rest-sdk.txt"

ROOT_PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
# The newest Python is left to the hosted matrix, which asks for it with --force-python.
PYTHONS = [
    version
    for version in nox.project.python_versions(nox.project.load_toml(CLIENT / "pyproject.toml"))
    if version != "3.14"
]

# Ours, and what virtualenv puts into an environment by itself.
NEVER_PINNED = {"ably-local", "ably-realtime", "pip", "setuptools"}
LIST_INSTALLED = """
import re
from importlib.metadata import distributions

for found in distributions():
    print(re.sub("[-_.]+", "-", found.name).lower(), found.version, sep="==")
"""


@nox.session
def demo(session: nox.Session) -> None:
    """Watch messages travel, published over REST and over the socket, with no network."""
    install_packages(session)
    session.run("python", "examples/demo.py", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Everything a change must pass, on the Python that runs nox (the default).

    All tests run without the libraries of the extra `speed`, then with them what those can change.
    """
    install_javascript_sdk(session)
    groups = ("lint", "types", "test", "browser", "token-servers", "docs", "guides")
    install_packages(session, *groups, extras=WITH_SPEED)
    check_style(session)
    check_types(session)
    session.run("pytest", *session.posargs, env={"ABLY_REALTIME_SPEED": "0"})
    session.run("pytest", *(session.posargs or SPEED_TESTS))


@nox.session(python=PYTHONS)
def unit(session: nox.Session) -> None:
    """Test every module by itself, and the repository's own rules; report coverage."""
    install_packages(session, "test")
    folders = [
        "tests/unit",
        "tests/vectors",
        "tests/property",
        "tests/behaviour",
        "tests/fuzz",
        "tests/repository",
    ]
    session.run("coverage", "run", "-m", "pytest", *folders, *session.posargs)
    session.run("coverage", "report")


@nox.session(python=PYTHONS)
def uts(session: nox.Session) -> None:
    """Run the cases of the Universal Test Specification and report which ones pass."""
    install_packages(session, "test")
    session.run("pytest", "tests/uts", *session.posargs)


@nox.session(python=PYTHONS)
def integration(session: nox.Session) -> None:
    """Test client and server together, over real sockets and through faults; and the examples."""
    install_packages(session, "test", "browser", "token-servers")
    session.run("pytest", "tests/integration", "tests/examples", *session.posargs)


@nox.session(python=PYTHONS)
def interop(session: nox.Session) -> None:
    """Test beside Ably's other clients: the JavaScript SDK and `ably` for Python."""
    install_javascript_sdk(session)
    install_packages(session, "test", "browser")
    session.run("pytest", "tests/interop", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Attack the local server with new requests and frames for so many seconds: `-- 600`."""
    seconds = session.posargs[0] if session.posargs else "60"
    install_packages(session, "test")
    options = ["-o", "faulthandler_timeout=0", "-o", "log_cli_level=INFO"]
    session.run("pytest", "tests/fuzz", *options, env={"FUZZ_SECONDS": seconds})


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy, strictly, and with pyright, and that all of both packages have one."""
    groups = ("types", "test", "browser", "token-servers", "docs")
    install_packages(session, *groups, extras=WITH_SPEED)
    check_types(session)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting with ruff."""
    session.install(*pinned("lint"))
    check_style(session)


@nox.session(python=PYTHONS[0])
def minimums(session: nox.Session) -> None:
    """Run the unit and integration tests on the oldest Python and dependencies allowed."""
    lowest = lower_bounds(CLIENT) | lower_bounds(SERVER)
    for name, version in lower_bounds(CLIENT).items():
        lowest[name] = max(version, lowest[name])
    others = [pin for pin in read_pins(DEVELOPMENT_PINS) if pin.partition("==")[0] not in lowest]
    pins = Path(session.cache_dir) / "minimums.txt"
    pins.write_text("\n".join(others + [f"{name}=={lowest[name]}" for name in sorted(lowest)]))

    groups = nox.project.dependency_groups(ROOT_PROJECT, "install", "test", "browser")
    session.install("--constraint", str(pins), *groups)
    editable = ["--editable", f"{CLIENT}[{EXTRAS}]", "--editable", str(SERVER)]
    session.install("--no-build-isolation", "--constraint", str(pins), *editable)
    newer = "--ignore=tests/integration/auth/test_token_servers.py"  # FastAPI wants a new starlette
    session.run("pytest", "tests/unit", "tests/integration", newer, *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the client; `-- server`, `-- soak` and `-- page` measure ably-local."""
    match session.posargs:
        case ["server", *options]:
            install_packages(session, "bench")
            session.run("python", "benchmarks/server.py", *options)
        case ["soak", *options]:
            install_packages(session, "bench")
            session.run("python", "benchmarks/soak_server.py", *options)
        case ["page"]:
            install_packages(session, "bench")
            session.run("python", "benchmarks/server.py", "--page")
            session.run("python", "benchmarks/soak_server.py", "--page")
        case ["readme"]:
            install_packages(session)
            session.run("python", "benchmarks/readme.py")
        case options:
            install_javascript_sdk(session)
            install_packages(session, "bench", extras=WITH_SPEED)
            session.run("python", "benchmarks/run.py", *options)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site into build/site and run its snippets; `-- links` follows links out of it."""
    install_packages(session, "test", "token-servers", "docs", "guides")
    session.run("python", "-m", "mkdocs", "build", env={"NO_MKDOCS_2_WARNING": "1"})
    if session.posargs == ["links"]:
        session.run("python", "docs/hooks/links.py")
    else:
        session.run("pytest", "tests/docs", *session.posargs)


@nox.session
def screenshots(session: nox.Session) -> None:
    """Take the pictures of the documentation anew: `[-- --all FOLDER]` takes more."""
    install_packages(session, "test", "browser")
    session.run("python", "-m", "docs.screenshots", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build both packages into dist/ and install them together into a clean environment."""
    session.install(*pinned("build"))
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    for package in (CLIENT, SERVER):
        session.run("python", "-m", "build", "--no-isolation", "--outdir", str(dist), str(package))

    clean = Path(session.virtualenv.location) / "clean"
    session.run("python", "-m", "virtualenv", "--clear", str(clean), silent=True)
    python = str(clean / ("Scripts" if os.name == "nt" else "bin") / "python")
    wheels = [str(wheel) for wheel in sorted(dist.glob("*.whl"))]
    pip = [python, "-m", "pip"]
    pin = ["--constraint", str(REST_SDK_PIN)]
    session.run(*pip, "install", *pin, *wheels, silent=True, external=True)
    session.run(*pip, "check", external=True)
    session.run(python, "-c", "import ably, ably_local, ably_realtime", external=True)
    session.run(python, "-m", "ably_local", "--help", silent=True, external=True)


@nox.session
def sync(session: nox.Session) -> None:
    """Write the synchronous client's facades anew, after a change to the asynchronous client."""
    session.install(*pinned("lint"))
    session.run("python", "scripts/sync_client.py")
    folder = str(CLIENT / "src" / "ably_realtime" / "sync")
    session.run("ruff", "check", "--select", "I", "--fix", "--quiet", folder)
    session.run("ruff", "format", "--quiet", folder)


@nox.session
def changelog(session: nox.Session) -> None:
    """Turn a package's fragments into its changelog: `-- ably-realtime [--draft]`."""
    if not session.posargs:
        session.error("Name the package: nox -s changelog -- ably-realtime")
    package, *options = session.posargs
    folder = ROOT / "packages" / package
    version = nox.project.load_toml(folder / "pyproject.toml")["project"]["version"]
    session.install(*pinned("changelog"))
    where = ["--config", "pyproject.toml", "--dir", str(folder)]
    session.run("towncrier", "build", *where, "--version", version, *options)


@nox.session(python=PYTHONS[0], reuse_venv=False)
def constraints(session: nox.Session) -> None:
    """Refresh the pinned development dependencies."""
    tools = nox.project.dependency_groups(ROOT_PROJECT, *ROOT_PROJECT["dependency-groups"])
    session.install(*tools, "--editable", f"{CLIENT}[{WITH_SPEED}]", "--editable", str(SERVER))
    listing = session.run("python", "-c", LIST_INSTALLED, silent=True)
    pins = sorted(set(str(listing).split()))
    pins = [pin for pin in pins if pin.partition("==")[0] not in NEVER_PINNED]
    write_pins(REST_SDK_PIN, [pin for pin in pins if pin.startswith("ably==")])
    write_pins(DEVELOPMENT_PINS, [pin for pin in pins if not pin.startswith("ably==")])


def install_packages(session: nox.Session, *groups: str, extras: str = EXTRAS) -> None:
    """Both packages, editable, with the REST SDK and the tools of the named groups."""
    session.install(*pinned("install", *groups))
    pins = ["--constraint", str(DEVELOPMENT_PINS)]
    editable = ["--editable", f"{CLIENT}[{extras}]", "--editable", str(SERVER)]
    session.install("--no-build-isolation", *pins, *rest_sdk(session), *editable)


def pinned(*groups: str) -> list[str]:
    """What to install for dependency groups of the root pyproject.toml."""
    return [
        "--constraint",
        str(DEVELOPMENT_PINS),
        *nox.project.dependency_groups(ROOT_PROJECT, *groups),
    ]


def rest_sdk(session: nox.Session) -> list[str]:
    """What to install the REST SDK from: the submodule if checked out, else the package index."""
    if not (REST_SDK / "pyproject.toml").is_file():
        session.log("REST SDK: `ably` from the package index")
        return ["--constraint", str(REST_SDK_PIN), "ably"]

    session.log("REST SDK: vendor/ably-python")
    copy = Path(session.virtualenv.location) / "ably-python"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(REST_SDK, copy)
    # A release carries the blocking client, generated from the asynchronous; a checkout doesn't.
    with session.chdir(copy):
        generate = "import runpy; runpy.run_path('ably/scripts/unasync.py')['run']()"
        session.run("python", "-c", generate)
    return [str(copy)]


def install_javascript_sdk(session: nox.Session) -> None:
    """The npm package the interop tests run beside; without Node they skip, but not under CI."""
    if shutil.which("npm") is None:
        if os.environ.get("CI"):
            session.error("The interop tests need Node and npm; under CI they may not skip")
        session.warn("Node and npm were not found: the tests beside the JavaScript SDK will skip")
        return
    with session.chdir("tests/interop"):
        session.run("npm", "ci", "--silent", external=True)


def check_style(session: nox.Session) -> None:
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


def check_types(session: nox.Session) -> None:
    session.run("mypy")
    session.run("pyright")
    for package in ("ably_realtime", "ably_local"):  # fails below 100 % of known types
        session.run("pyright", "--ignoreexternal", "--verifytypes", package)


def lower_bounds(package: Path) -> dict[NormalizedName, Version]:
    """The lowest version a package allows of each of its dependencies."""
    project = nox.project.load_toml(package / "pyproject.toml")["project"]
    return {
        canonicalize_name(requirement.name): Version(specifier.version)
        for requirement in map(Requirement, project["dependencies"])
        for specifier in requirement.specifier
        if specifier.operator == ">="
    }


def read_pins(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def write_pins(path: Path, pins: list[str]) -> None:
    header = "# Written by `nox -s constraints`."
    path.write_text("\n".join([header, *pins, ""]), encoding="utf-8")
