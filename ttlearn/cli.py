"""The command `ttlearn`. Thin: everything it does is done elsewhere.

Left out: options of the op, which are easier to type in Python.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path("ttlearn-notebooks")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    given = _parser().parse_args(arguments)
    if given.command in ("run", "hang"):
        from . import script

        return (script.run if given.command == "run" else script.hang)(given.program, given.arguments)
    if given.command == "report":
        return _report(given.folder, given.csv, given.rerun)
    if given.command == "demo":
        from . import demo

        return demo.demo()
    if given.command == "doctor":
        from . import doctor

        return doctor.doctor(given.folder)
    from . import lab

    if given.command == "lab":
        return lab.open_lab(given.folder, not given.no_open)
    return (lab.reset if given.command == "reset" else lab.catch_up)(given.number, given.folder)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ttlearn", description="A teaching simulator of Tenstorrent's Tensix cores.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="run layernorm_fused_rm, then a hang and its diagnosis")
    lab = commands.add_parser("lab", help="copy the notebooks and open them in JupyterLab")
    lab.add_argument("--no-open", action="store_true", help="copy, and only print the command that would open them")
    reset = commands.add_parser("reset", help="a fresh copy of one notebook; yours is kept beside it")
    catch_up = commands.add_parser("catchup", help="the solved form of every notebook before one; yours are kept")
    for command in (reset, catch_up):
        command.add_argument("number", help='the notebook, as "05"')
    doctor = commands.add_parser("doctor", help="check that this machine has what the course needs")
    for command in (lab, reset, catch_up, doctor):
        command.add_argument("folder", nargs="?", default=FOLDER, type=Path, help="default: %(default)s")
    report = commands.add_parser("report", help="learners by exercises, from saved notebooks; executes nothing")
    report.add_argument("folder", type=Path, help="a folder with a folder of notebooks for each learner")
    report.add_argument("--csv", type=Path, help="write the table to this file, too")
    report.add_argument("--rerun", action="store_true", help="execute every notebook first: code of others runs here!")
    for name, what in (("run", "run a program file"), ("hang", "explain why a program file hangs")):
        command = commands.add_parser(name, help=what)
        command.add_argument("program", type=Path, help="a Python script that builds the program")
        command.add_argument("arguments", nargs=argparse.REMAINDER, help="handed on to the script")
    return parser


def _report(folder: Path, csv: Path | None, rerun: bool) -> int:
    from .learn.report import report

    if not folder.is_dir():
        print(f"{folder} is no folder; give the one that holds the learners' notebooks", file=sys.stderr)
        return 1
    if rerun:
        print("Executing the notebooks: their code runs with your rights, two minutes each at most.", file=sys.stderr)
    made = report(folder, rerun)
    print(made)
    if csv is not None:
        csv.write_text(made.csv(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
