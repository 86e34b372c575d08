"""DRAM's queues: each bank serves one transfer after the other, and the chip as a whole moves so many bytes a cycle.

Reads and writes share one rate; writes have a smaller one besides. Left out: pages of a bank, refresh, and who is
served first among those that wait (here the order of asking).
"""

from __future__ import annotations

from .arch import Arch


class DramQueues:
    """When each bank, all of DRAM, and all of its writes, are free again (cycles)."""

    def __init__(self, arch: Arch) -> None:
        self.banks = [0.0] * arch.dram_banks
        self.chip = self.writes = 0.0
        self.bank_cost, self.write_cost = 1 / arch.bank_rate, 1 / arch.dram_write_rate  # cycles a byte
        self.read_share = 1 / arch.dram_read_rate
        self.write_share = 2 / arch.dram_mixed_rate - self.read_share  # so that half and half has the mixed rate

    def slot(self, stamp: int, bank: int, size: int, read: bool) -> float:
        """When a transfer of `size` bytes that is asked for at `stamp` is served."""
        at_bank = max(stamp, self.banks[bank])
        self.banks[bank] = at_bank + size * self.bank_cost
        at_chip = max(stamp, self.chip)
        self.chip = at_chip + size * (self.read_share if read else self.write_share)
        if read:
            return max(at_bank, at_chip)
        at_writes = max(stamp, self.writes)
        self.writes = at_writes + size * self.write_cost
        return max(at_bank, at_chip, at_writes)
