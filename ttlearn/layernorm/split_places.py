"""Which core has which columns and which tile rows of a split layernorm.

Left out: whether it fits (split_check).
"""

from __future__ import annotations

from dataclasses import dataclass

Coordinates = tuple[int, int]


@dataclass(frozen=True)
class Part:
    """One core's share: `tiles` columns of tiles from `first_tile` on, of `tile_rows` tile rows from `first_row` on.

    `group` is the rectangle of cores that it belongs to, row by row.
    """

    core: Coordinates
    group: tuple[Coordinates, ...]
    first_tile: int
    tiles: int
    first_row: int
    tile_rows: int

    @property
    def collector(self) -> Coordinates:
        """Where its sums go: the first core of its row of the group; that one's go to the first of all."""
        (left, top), (x, y) = self.group[0], self.core
        return (left, top if x == left else y)

    @property
    def collects(self) -> bool:
        """Do all results come from here?"""
        return self.core == self.group[0]

    @property
    def slot(self) -> int:
        """Which of the sums on its collector is its own; -1 on the collector itself."""
        return self.core[0] - self.collector[0] + self.core[1] - self.collector[1] - 1

    @property
    def others(self) -> int:
        """How many more cores a row of the group has."""
        return self.group[-1][0] - self.group[0][0]

    @property
    def rows(self) -> int:
        """How many more rows the group has."""
        return self.group[-1][1] - self.group[0][1]

    @property
    def adds(self) -> int:
        """How many other cores of its row send their sums here."""
        return self.others if self.core[0] == self.group[0][0] else 0


def parts(groups: list[tuple[Coordinates, ...]], wt: int, tile_rows: int) -> list[Part]:
    """Columns over the cores of each group, tile rows over the groups; where it is uneven the first have one more."""
    found = []
    columns = shares(wt, len(groups[0]))
    for group, (first_row, rows) in zip(groups, shares(tile_rows, len(groups)), strict=True):
        for core, (first_tile, tiles) in zip(group, columns, strict=True):
            found.append(Part(core, group, first_tile, tiles, first_row, rows))
    return found


def shares(count: int, parties: int) -> list[tuple[int, int]]:
    """(first, how many) for each of `parties`."""
    few, more = divmod(count, parties)
    sizes = [few + 1] * more + [few] * (parties - more)
    return [(sum(sizes[:k]), size) for k, size in enumerate(sizes)]


def rectangles(cores: int, grid: Coordinates) -> list[tuple[Coordinates, ...]]:
    """Rectangles of `cores` cores that fill the grid from (0, 0) on, the widest that there is; none if none fits.

    The cores of a rectangle come row by row, so the first and the last are its corners.
    """
    wide = [w for w in range(grid[0], 0, -1) if cores % w == 0 and cores // w <= grid[1]]
    if not wide:
        return []
    width, height = wide[0], cores // wide[0]
    return [
        tuple((x, y) for y in range(top, top + height) for x in range(left, left + width))
        for top in range(0, grid[1] - height + 1, height)
        for left in range(0, grid[0] - width + 1, width)
    ]
