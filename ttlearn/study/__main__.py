"""`python -m ttlearn.study`: the tables; with `--picture file.png`, the picture as well."""

from __future__ import annotations

import sys

from .table import study


def main(arguments: list[str]) -> int:
    made = study()
    print(made)
    if arguments[:1] == ["--picture"] and len(arguments) == 2:
        from .picture import picture  # matplotlib is loaded only for it

        picture(made).savefig(arguments[1], dpi=120)
        print(f"\nwrote {arguments[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
