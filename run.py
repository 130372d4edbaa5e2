#!/usr/bin/env python3
"""Run this repository's nox sessions on a machine that has only Python and pip.

    python3 run.py demo                 one session
    python3 run.py unit types           several
    python3 run.py unit -- -k outbox    arguments after -- go to the session
    python3 run.py --list               any other nox option

nox goes into an environment of its own under `.nox`, so nothing is installed on the machine.
"""

import hashlib
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
PINS = ROOT / "constraints" / "development.txt"
ENVIRONMENTS = ROOT / ".nox"
OLDEST_PYTHON = (3, 11)


def nox_python() -> Path:
    """A Python that has the pinned nox, set up at the first call and again when the pins change."""
    recipe = f"{sys.version}\n{sys.executable}\n{PINS.read_text(encoding='utf-8')}"
    launcher = ENVIRONMENTS / f"launcher-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    if not launcher.is_dir():
        print("Setting up nox in", launcher, flush=True)
        ENVIRONMENTS.mkdir(exist_ok=True)
        # Made aside and moved whole, so that a second call at the same moment finds all or nothing.
        with tempfile.TemporaryDirectory(dir=ENVIRONMENTS, prefix="launcher-") as aside:
            new = Path(aside) / "launcher"
            install_nox(new)
            try:
                new.rename(launcher)
            except OSError:
                if not launcher.is_dir():
                    raise
    return python_in(launcher)


def install_nox(environment: Path) -> None:
    """Make a virtual environment that holds nox."""
    # Without pip inside, because Debian ships ensurepip apart from pip: the caller's pip does it.
    venv.create(environment, with_pip=False)
    pip = [sys.executable, "-m", "pip", "--python", str(python_in(environment))]
    subprocess.run(
        [*pip, "install", "--quiet", "--constraint", str(PINS), "nox"],
        check=True,
    )


def python_in(environment: Path) -> Path:
    return environment / ("Scripts" if sys.platform == "win32" else "bin") / "python"


def main() -> int:
    """Hand the arguments to nox; leading names are sessions."""
    if sys.version_info < OLDEST_PYTHON:
        needed = ".".join(map(str, OLDEST_PYTHON))
        print(f"This needs Python {needed} or later; {sys.executable} is {sys.version.split()[0]}.")
        print(f"Run it with a newer one, for example: python{needed} run.py")
        return 2

    arguments = sys.argv[1:]
    if arguments and not arguments[0].startswith("-"):
        arguments.insert(0, "--session")
    try:
        python = nox_python()
    except subprocess.CalledProcessError:
        print(f"pip could not install nox; its message is above. pip is run by {sys.executable}.")
        return 1
    nox = [str(python), "-m", "nox", "--noxfile", str(ROOT / "noxfile.py")]
    return subprocess.run([*nox, *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
