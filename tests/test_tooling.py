"""The package is typed strictly and formatted by one tool."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    "tool",
    [
        ["mypy", "--cache-dir=/dev/null"],
        ["ruff", "check", "--no-cache", "ttlearn", "tests", "notebooks"],
        ["ruff", "format", "--no-cache", "--check", "ttlearn", "tests", "notebooks"],
    ],
    ids=lambda tool: " ".join(tool[:2]),
)
def test_the_tools_find_nothing(tool: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *tool], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
