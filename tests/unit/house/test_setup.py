"""What scripts/setup and scripts/browser tell somebody on a machine where something is missing."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TOOLS = ("bash", "basename", "cat", "cksum", "dirname", "env", "find", "grep", "ls", "sort")
"""What any Debian has; everything else a machine of these tests has only when a test puts it there."""


class BareMachine:
    """A clone in a folder with a space and Chinese characters, on a machine without Python."""

    def __init__(self, folder: Path) -> None:
        self.clone = folder / "我的 项目"
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None
            (self.bin / tool).symlink_to(found)
        (self.clone / "scripts").mkdir(parents=True)
        for name in ("scripts/setup", "scripts/browser", ".python-version"):
            shutil.copy(ROOT / name, self.clone / name)
        self.program("id", "echo 1000")

    def program(self, name: str, *lines: str) -> Path:
        """Put a program on the PATH."""
        path = self.bin / name
        path.write_text("\n".join(["#!/bin/bash", *lines, ""]))
        path.chmod(0o755)
        return path

    def old_python(self, name: str = "python3") -> Path:
        """Put a Python on the PATH that is too old and tells so."""
        return self.program(name, '[[ $2 == *SystemExit* ]] && exit 1; echo "3.11.2 at /usr/bin/python3"')

    def run(self, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run a script of the clone with nothing but the PATH and a home."""
        home = {"PATH": str(self.bin), "HOME": str(self.clone.parent)}
        script, *rest = words
        return subprocess.run(
            [str(self.bin / "bash"), str(self.clone / script), *rest],
            env=home | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> BareMachine:
    return BareMachine(tmp_path)


def test_a_machine_without_python_is_told_in_one_sentence_what_to_do(machine: BareMachine) -> None:
    told = machine.run("scripts/setup", "run")
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    assert told.stderr.startswith("steppe: Python 3.12 or newer is needed and none was found: install it (")
    assert "sudo apt-get install python3 python3-venv" in told.stderr


def test_a_python_that_is_too_old_is_named(machine: BareMachine) -> None:
    machine.old_python()
    told = machine.run("scripts/setup", "run")
    assert (told.returncode, told.stderr.count("\n")) == (1, 1)
    assert "python3 here is 3.11.2 at /usr/bin/python3" in told.stderr


def test_a_python_that_was_asked_for_by_name_is_not_replaced_by_another(machine: BareMachine) -> None:
    machine.program("python3.12", "exit 0")
    old = machine.old_python("old")
    told = machine.run("scripts/setup", "run", PYTHON=str(old))
    assert told.returncode == 1
    assert told.stderr == (
        f"steppe: PYTHON={old} is no Python 3.12 or newer: name one that is, or unset PYTHON.\n"
    )


@pytest.mark.parametrize(
    ("downloads", "asked"), [({}, ["install 3.12"]), ({"UV_PYTHON_DOWNLOADS": "never"}, [])], ids=str
)
def test_uv_brings_a_python_unless_downloads_are_switched_off(
    machine: BareMachine, downloads: dict[str, str], asked: list[str]
) -> None:
    log = machine.clone / "asked"
    machine.program("uv", f'[[ $2 == install ]] && echo "$2 $3" >>{str(log)!r}; exit 1')
    told = machine.run("scripts/setup", "run", **downloads)
    assert told.returncode == 1
    assert "Python 3.12 or newer is needed" in told.stderr
    assert (log.read_text().splitlines() if log.exists() else []) == asked


def test_a_debian_python_without_venv_is_told_its_package(machine: BareMachine) -> None:
    machine.program(
        "python3.12",
        "case $2 in",
        "  *ensurepip*) exit 1;;",
        "  *realpath*) echo python3.12;;",
        "  *version_info*) [[ $2 == *print* ]] && echo 3.12; exit 0;;",
        "esac",
    )
    told = machine.run("scripts/setup", "run")
    assert told.returncode == 1
    assert told.stderr == (
        "steppe: this Python cannot make a virtual environment; type: sudo apt-get install python3.12-venv\n"
    )


def test_browser_tests_without_a_browser_say_which_packages_to_install(machine: BareMachine) -> None:
    told = machine.run("scripts/browser")
    assert told.returncode == 1
    assert told.stderr == (
        "steppe: the browser tests need Debian packages;"
        " type: sudo apt-get install chromium fontconfig fonts-noto-cjk\n"
    )


def test_browser_tests_say_so_before_anything_is_installed(machine: BareMachine) -> None:
    told = machine.run("scripts/setup", "e2e")
    assert told.stderr == machine.run("scripts/browser").stderr


def test_browser_tests_ask_for_nothing_that_is_there(machine: BareMachine) -> None:
    machine.program("chromium")
    machine.program("fc-list", "echo NotoSansCJK-Regular.ttc")
    told = machine.run("scripts/browser")
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")
