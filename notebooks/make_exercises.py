"""Make the exercise notebooks from solutions/: no outputs, each solution replaced by what the learner starts from.

Between `# SOLUTION BEGIN` and `# SOLUTION END`, lines that begin with `#|` are what the learner sees; without any, `...`.
"""

import json
from pathlib import Path


def opened(source: str) -> str:
    """A cell without its solutions."""
    kept, hidden, indent = [], None, ""
    for line in source.splitlines():
        text = line.strip()
        if text == "# SOLUTION BEGIN":
            hidden, indent = [], line[: len(line) - len(line.lstrip())]
        elif text == "# SOLUTION END":
            kept += hidden or [f"{indent}...  # your code here"]
            hidden = None
        elif hidden is None:
            kept.append(line)
        elif text.startswith("#|"):
            hidden.append(f"{indent}{text[2:].removeprefix(' ')}".rstrip())
    return "\n".join(kept)


def exercise(solution: str) -> str:
    """The text of the exercise notebook."""
    notebook = json.loads(solution)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            lines = opened("".join(cell["source"])).splitlines(keepends=True)
            cell.update(source=lines, outputs=[], execution_count=None)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path in sorted(Path(__file__).parent.glob("solutions/*.ipynb")):
        (path.parents[1] / path.name).write_text(exercise(path.read_text("utf-8")), "utf-8")
