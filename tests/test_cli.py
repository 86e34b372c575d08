"""The command line, by way of `main`."""

from __future__ import annotations

import matplotlib.cbook
import pytest

from ttlearn import cli, demo, script


def test_demo_shows_op_and_hang_within_100_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo"]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 100
    assert "grace_hopper.jpg, grey, 576 x 512, bfloat16" in shown
    assert shown.count("cycles (model, unvalidated)") == shown.count("within the vendor's bf16 bounds") == 2
    assert shown.count("  c_27 ") == 2
    diagnosis = " ".join(shown[shown.index("The device hangs") :].split())
    assert "NCRISC (short_reader), the producer of c_0, finished after it pushed 3 pages" in diagnosis


def test_demo_without_the_picture_takes_normal_data(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object, **__: object) -> None:
        raise FileNotFoundError("grace_hopper.jpg")

    monkeypatch.setattr(matplotlib.cbook, "get_sample_data", lost)
    name, values = demo.sample_picture()
    assert name == "normal data (matplotlib's sample picture is missing)"
    assert values.shape == (576, 512)


def test_wrapped_leaves_short_lines_as_they_are() -> None:
    table = "  c_0      2 pages x   2048 B  pushed     3"
    assert script.wrapped(f"{table}\n{'word ' * 40}").splitlines()[0] == table
