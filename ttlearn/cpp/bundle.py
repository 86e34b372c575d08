"""`tt.cpp.bundle`: a program as files that run where hardware is: C++ kernels, data, and a host script on real ttnn.

The script makes the same descriptors with `ttnn`, runs `ttnn.generic_op` and compares with the output computed here.
Left out: sharded tensors; NOC coordinates among the arguments stay Wormhole's virtual ones, (18 + x, 18 + y).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import HostError
from ..sim.formats import Format
from .write import write

_HEAD = '''\
"""{title}, to be run where a Tenstorrent device and ttnn (0.81.1) are: python {script}

Compares with the output that was computed on the simulator, which is in data.npz beside this file.
"""

from pathlib import Path

import numpy as np
import torch
import ttnn

HERE = Path(__file__).parent
DATA = np.load(HERE / "data.npz")
FILE = ttnn.KernelDescriptor.SourceType.FILE_PATH


def on_device(name, dtype, layout, device):
    bits = torch.from_numpy(DATA[name].view(np.int16 if dtype == ttnn.bfloat16 else np.int32))
    values = bits.view(torch.bfloat16 if dtype == ttnn.bfloat16 else torch.float32)
    return ttnn.from_torch(values, dtype=dtype, layout=layout, device=device, memory_config=ttnn.DRAM_MEMORY_CONFIG)


def cores(*rectangles):
    ranges = [ttnn.CoreRange(ttnn.CoreCoord(*first), ttnn.CoreCoord(*last)) for first, last in rectangles]
    return ttnn.CoreRangeSet(ranges)


'''
_TAIL = """

def main():
    device = ttnn.open_device(device_id=0)
    try:
        tensors, program = make(device)
        got = ttnn.to_torch(ttnn.generic_op(tensors, program)).to(torch.float32).numpy()
    finally:
        ttnn.close_device(device)
    expected = DATA["expected"]
    same = np.isclose(got, expected, rtol=0, atol=0, equal_nan=True)
    print(f"{same.sum()} of {same.size} values are equal to the simulator's")
    print(f"largest difference {np.nanmax(np.abs(got - expected)):.3g}, largest value {np.nanmax(np.abs(expected)):.3g}")


if __name__ == "__main__":
    main()
"""
_FORMATS = {Format.BFLOAT16: "ttnn.bfloat16", Format.FLOAT32: "ttnn.float32", Format.BFLOAT8_B: "ttnn.bfloat8_b"}


def bundle(program: Any, folder: str | Path, tensors: list[Any] | None = None) -> Path:
    """Write kernels, data and `run.py` to `folder`, which must not hold other files of these names. Returns the folder.

    `program` is a Run, or a ProgramDescriptor that `generic_op` has run (its tensors, and the output computed here, are
    taken from that run; `tensors` names other ones to find addresses by). Raises HostError, and CppError for a kernel
    that cannot be written.
    """
    run = program if hasattr(program, "trace") else getattr(program, "last_run", None)
    if run is None:
        raise HostError(
            "tt.cpp.bundle compares with the output computed here: run the program first, as in "
            "`run = tt.generic_op(tensors, program)`, then tt.cpp.bundle(run, folder)"
        )
    given = list(tensors if tensors is not None else run.tensors)
    names = {f"t{k}": tensor for k, tensor in enumerate(given)}
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    descriptor = run.program
    files = _kernels(descriptor)
    for name, text in files.items():
        _write(place / "kernels" / name, text)
    arrays = {name: _input(run, tensor) for name, tensor in names.items()}
    np.savez_compressed(place / "data.npz", expected=run.output, **arrays)
    _write(place / "run.py", _script(place.name, descriptor, list(files), names))
    return place


def _write(path: Path, text: str) -> None:
    if path.exists() and path.read_text() != text:
        raise HostError(f"{path} is there already and is another file; choose an empty folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _input(run: Any, tensor: Any) -> Any:
    """A tensor's bit patterns in its shape; the output's are zeros."""
    bits = np.zeros_like(tensor.bits) if tensor is run.tensors[-1] else tensor.bits
    return tensor.shaped(bits)


# ---- kernels ------------------------------------------------------------------------------------------------


def _kernels(program: Any) -> dict[str, str]:
    """File name -> C++ text, in the order of the program's kernels."""
    files: dict[str, str] = {}
    for kernel in program.kernels:
        source = kernel.kernel_source
        name, number = f"{_stem(kernel)}.cpp", 1
        while name in files:
            number += 1
            name = f"{_stem(kernel)}_{number}.cpp"
        files[name] = _text(source)
    return files


def _stem(kernel: Any) -> str:
    return Path(kernel.name).stem.replace(" ", "_")


def _text(source: Any) -> str:
    """C++ kernels as they are, Python ones written."""
    if isinstance(source, (str, Path)):
        path = Path(source) if "\n" not in str(source) else None
        return path.read_text() if path is not None and path.is_file() else str(source)
    return str(source.cpp) if hasattr(source, "cpp") else write(source)


# ---- the host script ----------------------------------------------------------------------------------------


def _script(title: str, program: Any, files: list[str], names: Mapping[str, Any]) -> str:
    lines = ["def make(device):"]
    for name, tensor in names.items():
        layout = f"ttnn.{tensor.layout.name}_LAYOUT"
        lines.append(f'    {name} = on_device("{name}", {_FORMATS[tensor.dtype]}, {layout}, device)')
    places = _Places()
    addresses = {tensor.buffer_address(): f"{name}.buffer_address()" for name, tensor in names.items()}
    body = ["    kernels = ["]
    for kernel, file in zip(program.kernels, files, strict=True):
        body += _kernel(kernel, file, addresses, places)
    body += ["    ]", "    cbs = ["]
    for cb in program.cbs:
        body += _cb(cb, places)
    body += ["    ]", "    semaphores = ["]
    for semaphore in program.semaphores:
        where = places.of(semaphore.core_ranges)
        body.append(
            f"        ttnn.SemaphoreDescriptor(id={semaphore.id}, core_ranges={where}, "
            f"initial_value={semaphore.initial_value}),"
        )
    lines += [*places.lines(), *body, "    ]"]
    lines.append("    program = ttnn.ProgramDescriptor(kernels=kernels, cbs=cbs, semaphores=semaphores)")
    lines.append(f"    return [{', '.join(names)}], program")
    return _HEAD.format(title=title, script="run.py") + "\n".join(lines) + "\n" + _TAIL


def _kernel(kernel: Any, file: str, addresses: Mapping[int, str], places: _Places) -> list[str]:
    given = kernel.runtime_args
    pairs = list(given.items() if hasattr(given, "items") else given)
    lines = [
        "        ttnn.KernelDescriptor(",
        f'            kernel_source=str(HERE / "kernels" / "{file}"),',
        "            source_type=FILE,",
        f"            core_ranges={places.of(kernel.core_ranges)},",
        f"            compile_time_args={list(kernel.compile_time_args)},",
    ]
    if kernel.named_compile_time_args:
        lines.append(f"            named_compile_time_args={list(kernel.named_compile_time_args.items())},")
    lines.append("            runtime_args=[")
    for core, values in pairs:
        words = ", ".join(addresses.get(value, str(value)) for value in values)
        lines.append(f"                (ttnn.CoreCoord({core[0]}, {core[1]}), [{words}]),")
    lines.append("            ],")
    if kernel.common_runtime_args:
        words = ", ".join(addresses.get(value, str(value)) for value in kernel.common_runtime_args)
        lines.append(f"            common_runtime_args=[{words}],")
    defines = {**dict(kernel.defines), **getattr(kernel.kernel_source, "defines", {})}
    if defines:
        lines.append(f"            defines={[(key, str(value)) for key, value in defines.items()]},")
    return [*lines, f"            config={_config(kernel.config)},", "        ),"]


def _config(config: Any) -> str:
    kind = type(config).__name__
    if kind in ("ReaderConfigDescriptor", "WriterConfigDescriptor"):
        return f"ttnn.{kind}()"
    if kind == "DataMovementConfigDescriptor":
        processor = f"ttnn.DataMovementProcessor.{config.processor.name}"
        return f"ttnn.DataMovementConfigDescriptor(processor={processor}, noc=ttnn.NOC.NOC_{config.noc})"
    return (
        f"ttnn.ComputeConfigDescriptor(math_fidelity=ttnn.MathFidelity.{config.math_fidelity.name}, "
        f"math_approx_mode={config.math_approx_mode}, fp32_dest_acc_en={config.fp32_dest_acc_en}, "
        f"dst_full_sync_en={config.dst_full_sync_en}{_to_dest(config)})"
    )


def _to_dest(config: Any) -> str:
    modes = ", ".join(f"ttnn.UnpackToDestMode.{mode.name}" for mode in config.unpack_to_dest_mode)
    return f", unpack_to_dest_mode=[{modes}]" if modes else ""


def _cb(cb: Any, places: _Places) -> list[str]:
    formats = [
        f"ttnn.CBFormatDescriptor(buffer_index={f.buffer_index}, data_format={_FORMATS[f.data_format]}, "
        f"page_size={f.page_size})"
        for f in cb.format_descriptors
    ]
    return [
        "        ttnn.CBDescriptor(",
        f"            total_size={cb.total_size},",
        f"            core_ranges={places.of(cb.core_ranges)},",
        f"            format_descriptors=[{', '.join(formats)}],",
        "        ),",
    ]


class _Places:
    """Each set of cores once, under a name."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def of(self, ranges: Any) -> str:
        rectangles: Iterable[Any] = ranges.ranges
        text = f"cores({', '.join(f'({tuple(r.start)}, {tuple(r.end)})' for r in rectangles)})"
        return self.names.setdefault(text, f"cores_{len(self.names)}" if self.names else "everywhere")

    def lines(self) -> list[str]:
        return [f"    {name} = {text}" for text, name in self.names.items()]
