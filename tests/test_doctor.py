"""`ttlearn doctor`: each check finds what it looks for, and says the fix."""

from __future__ import annotations

import socket
import webbrowser
from pathlib import Path
from typing import Any

import pytest

from ttlearn import cli, doctor


def test_a_well_machine_gets_no_fix(tmp_path: Path) -> None:
    for question in ("Python", "writing", "port", "Lab", "a run"):
        answer, fix = doctor.CHECKS[question](tmp_path)
        assert answer and not fix, question


def test_a_slider_moved_in_a_fresh_kernel_arrives(tmp_path: Path) -> None:
    assert doctor.handshake(tmp_path) == ("a slider moved in a fresh kernel arrived", "")


def test_a_kernel_without_widgets_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "MOVE", "pass")
    assert doctor.handshake(tmp_path) == (
        "the kernel opened no widget",
        "pip install --upgrade ipywidgets ipykernel",
    )


def test_no_browser_and_no_port_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: Any) -> Any:
        raise webbrowser.Error

    def closed(*_: Any) -> Any:
        raise OSError("Operation not permitted")

    monkeypatch.setattr(webbrowser, "get", refuses)
    monkeypatch.setattr(socket, "create_server", closed)
    assert doctor.browser(tmp_path)[1].startswith("start `ttlearn lab` all the same")
    assert doctor.port(tmp_path) == (
        "Operation not permitted",
        "allow programs to listen on 127.0.0.1 (firewall, sandbox)",
    )


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(**_: Any) -> Any:
        raise OSError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuses)
    answer, fix = doctor.writing(tmp_path / "not" / "yet")
    assert answer == f"{tmp_path}: Permission denied"
    assert fix == "change to a folder of your own, or give one: ttlearn doctor FOLDER"


def test_what_is_missing_for_lab_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_there", lambda name: name != "anywidget")
    assert doctor.lab(tmp_path) == ("missing: anywidget", "pip install 'ttlearn[lab]'")


def test_findings_are_printed_with_their_fix_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(_: Path) -> doctor.Answer:
        raise ValueError("what?")

    monkeypatch.setattr(
        doctor, "CHECKS", {"one": lambda _: ("fine", ""), "two": lambda _: ("bad", "mend it"), "three": breaks}
    )
    assert cli.main(["doctor", str(tmp_path)]) == 1
    assert capsys.readouterr().out == (
        "well  one             fine\n"
        "FIX   two             bad\n"
        "                      -> mend it\n"
        "FIX   three           ValueError: what?\n"
        "                      -> please report this line as an issue of ttlearn\n"
        "2 thing(s) to fix.\n"
    )
