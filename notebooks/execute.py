"""Execute solved notebooks in place and keep only what does not change from one execution to the next.

`python notebooks/execute.py [solutions/05_*.ipynb …]`; without names, all of them. Run `make_exercises.py` afterwards.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
WIDGET = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def execute(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3", coalesce_streams=True).execute(cwd=str(HERE))
    notebook.metadata = METADATA
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)
    nbformat.validate(notebook)
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for given in map(Path, sys.argv[1:]) if sys.argv[1:] else sorted(HERE.glob("solutions/*.ipynb")):
        print(given.name, flush=True)
        execute(given.resolve())
