"""The README's example prints what the README says, and CI runs the README's own test command."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_the_example_prints_what_the_readme_shows(tmp_path: Path) -> None:
    code, shown = re.search(r"```python\n(.*?)```\s+It prints \(shortened\):\s+```\n(.*?)```", README, re.S).groups()  # type: ignore[union-attr]
    (tmp_path / "example.py").write_text(code)
    done = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True)
    run, hang = shown.split("ttlearn.errors.DeviceHang: ")
    assert flat(done.stdout) == flat(run)
    assert flat(hang).strip() in flat(done.stderr)


def test_ci_runs_the_test_command_of_the_readme() -> None:
    commands = [line for line in README.splitlines() if line.startswith("python3 -m venv .venv-test")]
    assert len(commands) == 1
    assert "pytest" in commands[0]
    assert "grep -m1 '^python3 -m venv .venv-test' README.md" in (ROOT / ".ci" / "run").read_text()
