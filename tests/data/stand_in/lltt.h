// The shape of the toolchain's lltt.h (record and replay of instructions), for a syntax check on another compiler.
// Nothing here does anything.
#pragma once

namespace lltt {

enum ExecBool : bool { NoExec, Exec };

template <ExecBool exec = NoExec>
inline void record(unsigned, unsigned) {}
inline void replay(unsigned, unsigned) {}
constexpr unsigned replay_insn(unsigned start, unsigned length) { return start << 14 | length << 4; }

}  // namespace lltt
