"""Set up and start Infusion Desktop on a machine that has nothing but Python.

    python3 start.py            set up what is missing, then open the application
    python3 start.py test       set up what is missing, then run every check and test
    python3 start.py --check    open the window, say so, and leave
    python3 start.py cli ...    run the command line (see `python3 start.py cli --help`)

Only the standard library is used here. Everything Python needs goes into `.venv` beside this file, exactly as
written in `requirements.lock`; system libraries that Qt needs on Linux are installed with apt-get when that is
possible without asking, otherwise the exact command to type is printed.
"""

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
LOCK = HERE / "requirements.lock"
STAMP = VENV / "installed-lock.sha256"
OLDEST_PYTHON = (3, 11)

# What Qt loads at run time, and the Debian or Ubuntu package that brings it.
TO_RUN_QT = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
}
TO_OPEN_AN_X11_WINDOW = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}


def main(arguments: list[str]) -> int:
    if sys.version_info < OLDEST_PYTHON:
        say("Infusion Desktop needs Python 3.11 or newer; this is Python " + sys.version.split()[0] + ".")
        return 1
    os.chdir(HERE)
    # Without compiled files every start would be four times slower.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if sys.platform.startswith("linux") and not install_system_packages(missing_system_packages()):
        return 1
    if not set_up_environment():
        return 1
    environment = dict(os.environ)
    if sys.platform.startswith("linux") and not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    if arguments[:1] == ["test"]:
        return run_checks(arguments[1:], environment)
    if arguments[:1] == ["cli"]:
        return run([python(), "-m", "infusion_desktop", *arguments[1:]], environment)
    return run([python(), "-m", "infusion_desktop.application", *arguments], environment)


def run_checks(arguments: list[str], environment: dict[str, str]) -> int:
    """Style, types, import rules, then the tests; the first failure ends the run. Arguments go to pytest alone."""
    # mypy and pytest would each find the display; tests never need one.
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    checks = [
        [python(), "-m", "ruff", "check", "."],
        [python(), "-m", "ruff", "format", "--check", "."],
        [python(), "-m", "mypy"],
        [str(VENV / scripts_folder() / "lint-imports")],
    ]
    # All cores share the tests by files (a file's tests share what they set up); named ones run alone, as they are.
    tests = [python(), "-m", "pytest", *(arguments or ["--numprocesses", "auto", "--dist", "loadfile"])]
    for command in [tests] if arguments else [*checks, tests]:
        say("> " + " ".join([Path(command[0]).name, *command[1:]]))
        code = run(command, environment)
        if code:
            return code
    return 0


def missing_system_packages() -> list[str]:
    missing = [package for library, package in {**TO_RUN_QT, **TO_OPEN_AN_X11_WINDOW}.items() if not can_load(library)]
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        missing.append("python3-venv")
    return missing


def can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def install_system_packages(packages: list[str]) -> bool:
    if not packages:
        return True
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if shutil.which("apt-get") is None:
        say("These libraries are missing; install them with your system's package manager (Debian's names):")
        say("    " + " ".join(packages))
        return False
    administrator = hasattr(os, "geteuid") and os.geteuid() == 0
    prefix = [] if administrator else ["sudo"]
    if not administrator and (shutil.which("sudo") is None or not sys.stdin.isatty()):
        say("Some system libraries are missing. Please run this once, then start again:")
        say("    sudo apt-get update && sudo " + " ".join(install))
        return False
    say("Installing system libraries: " + " ".join(packages))
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run([*prefix, "apt-get", "update", "--quiet"], environment)
    if run([*prefix, *install, "--quiet"], environment):
        say("The libraries could not be installed. The command was: " + " ".join([*prefix, *install]))
        return False
    return True


def set_up_environment() -> bool:
    wanted = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted and Path(python()).exists():
        return True
    say("Setting up .venv (about a minute, once) ...")
    if not Path(python()).exists() and run([sys.executable, "-m", "venv", "--clear", str(VENV)], dict(os.environ)):
        say("The virtual environment could not be made in " + str(VENV) + ".")
        return False
    pip = [python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    if run([*pip, "--require-hashes", "--only-binary", ":all:", "--requirement", str(LOCK)], dict(os.environ)):
        say("The packages could not be installed; see the lines above. Starting again continues where this stopped.")
        return False
    for site in VENV.glob("Lib/site-packages" if os.name == "nt" else "lib/python*/site-packages"):
        (site / "infusion_desktop_source.pth").write_text(str(HERE) + "\n", encoding="utf-8")
    STAMP.write_text(wanted)
    return True


def scripts_folder() -> str:
    return "Scripts" if os.name == "nt" else "bin"


def python() -> str:
    return str(VENV / scripts_folder() / ("python.exe" if os.name == "nt" else "python"))


def run(command: list[str], environment: dict[str, str]) -> int:
    try:
        return subprocess.run(command, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 130


def say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
