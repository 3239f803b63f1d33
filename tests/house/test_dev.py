"""./dev explains itself, and answers a mistake with one line and exit code 2."""

import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
COMMANDS = sorted(path.stem for path in (ROOT / "dev.d").glob("*.sh"))


def dev(*arguments):
    return subprocess.run([ROOT / "dev", *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_help_names_every_command():
    done = dev("--help")
    assert done.returncode == 0
    for command in COMMANDS:
        assert f"  {command} " in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_its_usage(command):
    done = dev(command, "--help")
    assert done.returncode == 0
    assert f"usage: ./dev {command}" in done.stdout


@pytest.mark.parametrize("arguments", [
    ["nonsense"],
    ["../lib/common"],
    ["test", "--sanitize", "nothing"],
    ["test", "--sanitize"],
    ["test", "--fast"],
    ["build", "--optimised"],
    ["fuzz", "--seconds", "soon"],
    ["lint", "src"],
    ["deps", "now"],
])
def test_a_mistake_is_one_line_and_exit_code_2(arguments):
    done = dev(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("dev: ")
