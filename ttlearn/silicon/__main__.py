"""`python -m ttlearn.silicon`: the table; with `--write`, docs/silicon.md anew."""

from __future__ import annotations

import sys

from .table import PAGE, page, table


def main(arguments: list[str]) -> int:
    made = table()
    print(made)
    if "--write" in arguments:
        PAGE.write_text(page(made))
        print(f"wrote {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
