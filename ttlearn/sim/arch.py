"""Facts of the two chips, each with its unit and source. No behaviour lives here.

Sources: ISA = tenstorrent/tt-isa-documentation; NL = tt-metal noc_estimator latencies;
EX = tt-metal ttnn/operations/examples; LLK = tt-llk issues #130, #131, #916; W = headers of the
ttnn 0.81.1 wheel; SIM = seen under the vendor's bit-exact simulator; fit = chosen so that measured
rows come out. A Blackhole figure that its source does not give is Wormhole's, unverified. Left out: ethernet,
harvesting, clocks other than the nominal one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Path:
    """A kind of transfer: n transfers of S bytes take latency + S/tail + (n-1)·max(issue, S/stream)."""

    latency: int  # cycles until the first byte lands
    tail: float  # bytes a cycle while the last transfer drains
    stream: float  # bytes a cycle when transfers follow each other
    issue: int  # cycles of the issuing RISC for one transfer


@dataclass(frozen=True)
class Arch:
    """One chip. Sizes in bytes, times in cycles of `clock_ghz`."""

    name: str
    clock_ghz: float  # ISA
    l1_bytes: int  # ISA
    cb_base: int  # first L1 byte that CBs may use (SIM)
    cb_limit: int  # how many CBs a core has (W, circular_buffer_constants.h)
    semaphore_base: int  # semaphore i lives at base + 16·i (SIM)
    zeros_base: int  # 512 bytes that firmware keeps zero: MEM_ZEROS_BASE (W, dev_mem_map.h)
    args_base: int  # runtime arguments; they lie near the semaphores, where exactly is unverified
    grid: tuple[int, int]  # compute cores (x, y); a Wormhole's with row dispatch, slow dispatch has 8 x 9 (SIM)
    virtual_origin: tuple[int, int]  # NOC coordinates of worker (0, 0) (SIM)
    dram_banks: int  # ISA
    dram_alignment: int  # source and destination must agree modulo this for DRAM reads (W)
    max_burst: int  # longest NOC packet (W)
    keeps_order: bool  # a signal follows data on the same path without a flush (W, 18 multicast senders)
    read_dram: Path  # interleaved, as write_dram (NL)
    write_dram: Path
    read_l1: Path  # latency without hops: NL's same and other column, less the torus's turns; issue EX/split_reader
    write_l1: Path
    multicast: Path  # rates: tt-metal data_movement docs; the rest as write_l1 (unverified)
    linked_multicast: Path
    hop: int  # cycles router to router (ISA)
    torus: tuple[int, int]  # routers a row, and a column, of the NOC (unverified, but published latencies agree)
    bank_rate: float  # bytes a cycle one DRAM bank sustains (NL)
    dram_read_rate: float  # bytes a cycle the whole DRAM sustains when it is only read (EX/constant_synthesis)
    dram_write_rate: float  # when it is only written (EX/constant_synthesis)
    dram_mixed_rate: float  # bytes a cycle of both together, half and half (EX/dram_saturation)
    launch: int  # cycles of a kernel's duration before its first call (fit)
    cb_call: int  # cycles of a cb_* call (fit)
    credit: int  # cycles until the other side sees a push or a pop (fit)
    engine_issue: int  # cycles a TRISC spends to issue one engine entry (fit)
    configure: int  # cycles a TRISC spends on its part of one init or reconfiguration (fit: EX/row_reduce_accumulate)
    unpack: int  # cycles to unpack one tile of at most 2 KiB (LLK); bfp8_b too (unmeasured)
    unpack_rate: float  # bytes a cycle when operands are larger (EX/row_reduce_accumulate)
    pack: int  # cycles to pack one bf16 tile (LLK); fp32 takes twice that, bfp8_b the same (unmeasured)
    copy: int  # MATH cycles to move one tile to DST (matrix_engine)
    eltwise: int  # MATH cycles of one add, sub, or one phase of mul (matrix_engine)
    matmul_phase: int  # MATH cycles of one fidelity phase of a tile product (GEMM_FLOPS)
    matmul_fixed: int  # MATH cycles of a tile product besides its phases (GEMM_FLOPS)
    reduce_tile: int  # MATH cycles of one reduce_tile at HiFi4 (EX/row_reduce_accumulate, BH EX/reduce_block)
    tilize: int  # cycles a tile of the whole tilize flow (EX/zero_copy_fold, EX/handshake_elision)
    untilize: tuple[int, int]  # pack thread: (cycles a tile, cycles a block) of pack_untilize (LLK)
    sfpu: int  # cycles of a cheap SFPU function on one tile (EX/width_split: 222 a relu tile in MATH, less its copy)
    sfpu_slow: int  # sqrt, rsqrt, recip (EX/compute_fusion; EX/sfpu_tile_scope)
    sfpu_exp: int  # exp (EX/compute_fusion)

    @property
    def semaphores(self) -> range:
        """L1 bytes of the 16 semaphores that a core may have."""
        return range(self.semaphore_base, self.semaphore_base + 16 * 16)


WORMHOLE_B0 = Arch(
    name="wormhole_b0",
    clock_ghz=1.0,
    l1_bytes=1464 * 1024,
    cb_base=105_824,
    cb_limit=32,
    semaphore_base=35_184,
    zeros_base=13_344,
    args_base=36_864,
    grid=(8, 8),
    virtual_origin=(18, 18),
    dram_banks=12,
    dram_alignment=32,
    max_burst=8192,
    keeps_order=True,
    read_dram=Path(386, 24, 31, 35),
    write_dram=Path(400, 23.5, 30, 38),
    read_l1=Path(96, 28.5, 28.5, 31),
    write_l1=Path(96, 30.8, 30.8, 22),
    multicast=Path(96, 15, 15, 22),
    linked_multicast=Path(96, 22, 22, 22),
    hop=9,
    torus=(10, 12),
    bank_rate=22,
    dram_read_rate=200,
    dram_write_rate=142,
    dram_mixed_rate=193,
    launch=400,
    cb_call=15,
    credit=30,
    engine_issue=4,
    configure=75,
    unpack=38,
    unpack_rate=62.5,
    pack=45,
    copy=16,
    eltwise=8,
    matmul_phase=16,
    matmul_fixed=17,
    reduce_tile=156,
    tilize=72,
    untilize=(48, 17),
    sfpu=206,
    sfpu_slow=957,
    sfpu_exp=718,
)

BLACKHOLE = Arch(
    name="blackhole",
    clock_ghz=1.35,
    l1_bytes=1536 * 1024,
    cb_base=105_856,  # about 102.7 kB in third-party notes; Wormhole's is used, made a multiple of 64, unverified
    cb_limit=64,
    semaphore_base=35_184,
    zeros_base=13_536,
    args_base=36_864,
    grid=(13, 10),
    virtual_origin=(1, 2),
    dram_banks=8,
    dram_alignment=64,
    max_burst=16384,
    keeps_order=False,
    read_dram=Path(479, 47, 61.5, 36),
    write_dram=Path(378, 59, 60, 27),
    read_l1=Path(115, 60.4, 60.4, 35),
    write_l1=Path(99, 60.8, 60.8, 23),
    multicast=Path(99, 24, 24, 23),
    linked_multicast=Path(99, 41, 41, 23),
    hop=9,
    torus=(17, 12),
    bank_rate=47,
    dram_read_rate=265,  # 358 B/ns
    dram_write_rate=265,  # nobody has measured it: as reads
    dram_mixed_rate=265,
    launch=400,
    cb_call=15,
    credit=30,
    engine_issue=4,
    configure=75,
    unpack=28,
    unpack_rate=125,  # nobody has measured it: twice Wormhole's
    pack=39,
    copy=16,
    eltwise=8,
    matmul_phase=16,
    matmul_fixed=17,
    reduce_tile=50,
    tilize=67,
    untilize=(64, 192),
    sfpu=206,
    sfpu_slow=1010,
    sfpu_exp=718,
)

ARCHS = {arch.name: arch for arch in (WORMHOLE_B0, BLACKHOLE)}
