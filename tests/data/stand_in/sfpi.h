// The shape of the toolchain's sfpi.h (vectors of the SFPU), for a syntax check on another compiler.
// Names and types are there, the arithmetic is not. A vector type takes any value; an expression keeps the
// type of its first vector.
#pragma once

#include <type_traits>

#define sfpi_inline inline __attribute__((always_inline))
#define v_if(...) { if (sfpi::vBool(__VA_ARGS__))
#define v_elseif(...) else if (sfpi::vBool(__VA_ARGS__))
#define v_else else
#define v_endif }
#define v_block {
#define v_endblock }
#define v_and(...) (void)sfpi::vBool(__VA_ARGS__)

namespace sfpi {

struct Value {};  // what every vector is

template <class Self>
struct Vector : Value {
    constexpr Vector() = default;
    Self& mine() { return static_cast<Self&>(*this); }
    Self get() const { return {}; }
    Self operator-() const { return {}; }
    Self operator+() const { return {}; }
    Self operator~() const { return {}; }
    Self operator++(int) { return {}; }
    Self& operator++() { return mine(); }
    Self operator--(int) { return {}; }
    Self& operator--() { return mine(); }
    template <class T> Self& operator+=(T const&) { return mine(); }
    template <class T> Self& operator-=(T const&) { return mine(); }
    template <class T> Self& operator*=(T const&) { return mine(); }
    template <class T> Self& operator&=(T const&) { return mine(); }
    template <class T> Self& operator|=(T const&) { return mine(); }
    template <class T> Self& operator^=(T const&) { return mine(); }
    template <class T> Self& operator<<=(T const&) { return mine(); }
    template <class T> Self& operator>>=(T const&) { return mine(); }
};

#define SFPI_TYPE(name)                                                            \
    struct name : Vector<name> {                                                   \
        constexpr name() = default;                                                \
        template <class... T> constexpr name(T const&...) {}                       \
        template <class T> name& operator=(T const&) { return *this; }             \
    }
SFPI_TYPE(vFloat);
SFPI_TYPE(vInt);
SFPI_TYPE(vUInt);
SFPI_TYPE(vMag);
SFPI_TYPE(vSMag);
SFPI_TYPE(vSMag8);
SFPI_TYPE(vSMag16);
SFPI_TYPE(vUInt8);
SFPI_TYPE(vUInt16);
SFPI_TYPE(vFloat16a);
SFPI_TYPE(vFloat16b);
SFPI_TYPE(sFloat16a);
SFPI_TYPE(sFloat16b);
SFPI_TYPE(vLut8si);
SFPI_TYPE(vLut16ss);
SFPI_TYPE(vLut16ii);
struct vBool : Value {
    template <class... T> constexpr vBool(T const&...) {}
    operator bool() const { return true; }
};

template <class T> constexpr bool is_vector = std::is_base_of_v<Value, T>;
template <class A, class B>
using Either = std::enable_if_t<is_vector<A> || is_vector<B>, std::conditional_t<is_vector<A>, A, B>>;
template <class A, class B> using Truth = std::conditional_t<true, vBool, Either<A, B>>;

#define SFPI_OPERATOR(op, result) \
    template <class A, class B> result<A, B> operator op(A const&, B const&) { return {}; }
SFPI_OPERATOR(+, Either)
SFPI_OPERATOR(-, Either)
SFPI_OPERATOR(*, Either)
SFPI_OPERATOR(&, Either)
SFPI_OPERATOR(|, Either)
SFPI_OPERATOR(^, Either)
SFPI_OPERATOR(<<, Either)
SFPI_OPERATOR(>>, Either)
SFPI_OPERATOR(==, Truth)
SFPI_OPERATOR(!=, Truth)
SFPI_OPERATOR(<, Truth)
SFPI_OPERATOR(<=, Truth)
SFPI_OPERATOR(>, Truth)
SFPI_OPERATOR(>=, Truth)
SFPI_OPERATOR(&&, Truth)
SFPI_OPERATOR(||, Truth)
inline vBool operator!(vBool const&) { return {}; }

// a register of the destination or the local file: reads as any vector
struct Register : Vector<Register> {
    template <class T, class = std::enable_if_t<is_vector<T>>> operator T() const { return {}; }
    template <class T> Register& operator=(T const&) { return *this; }
    template <class T> Register operator[](T const&) const { return {}; }
    template <auto..., class... T> Register mode(T const&...) const { return {}; }
    void in_use() const {}
};
inline Register dst_reg, l_reg;
struct lreg_pressure {};
inline vFloat vConstFloatPrgm0, vConstFloatPrgm1, vConstFloatPrgm2, vConst0, vConst1, vConstNeg1, vConst0p8373;
inline vInt vConstIntPrgm0, vConstIntPrgm1, vConstIntPrgm2, vConstTileId;

#define SFPI_SAME(name) template <class A, class... T> A name(A const&, T const&...) { return {}; }
#define SFPI_GIVES(type, name) template <auto... options, class... T> type name(T const&...) { return {}; }
SFPI_SAME(abs) SFPI_SAME(setexp) SFPI_SAME(setman) SFPI_SAME(setsgn) SFPI_SAME(setsgn2) SFPI_SAME(copysgn) SFPI_SAME(copyman)
SFPI_SAME(addexp) SFPI_SAME(shft) SFPI_SAME(nearby) SFPI_SAME(symmetric_clamp) SFPI_SAME(clamp)
SFPI_SAME(min) SFPI_SAME(max) SFPI_SAME(min_max)
SFPI_GIVES(vInt, exexp) SFPI_GIVES(vInt, exman) SFPI_GIVES(vInt, exman9) SFPI_GIVES(vInt, lz) SFPI_GIVES(vFloat, lut)
SFPI_GIVES(vBool, is_inf) SFPI_GIVES(vBool, is_nan) SFPI_GIVES(vBool, is_finite) SFPI_GIVES(vBool, is_pos) SFPI_GIVES(vBool, is_neg)
template <class To, class... T> To as(T const&...) { return {}; }
template <class To, class... T> To convert(T const&...) { return {}; }

enum class RoundMode { Nearest, NearestStochastic };
enum class ExponentMode { Biased };
enum class MantissaMode { ImplicitOne };
enum class ShiftMode { Logical };
enum class LutSign { Retain, Update };
enum class DataLayout { Default, FSrcB, F32, I32, U32, SM32, U16 };
enum class LRegs { LReg0, LReg1, LReg2, LReg3, LReg4, LReg5, LReg6, LReg7 };
enum Modes : unsigned {
    SFPLOADI_MOD0_UPPER, SFPLOADI_MOD0_LOWER, SFPLOADI_MOD0_FLOATA, SFPLOADI_MOD0_FLOATB, SFPLOADI_MOD0_SHORT,
    SFPLOADI_MOD0_USHORT, SFPMAD_MOD1_OFFSET_NONE, SFPIADD_MOD1_CC_NONE, SFPIADD_MOD1_ARG_IMM,
    SFPIADD_MOD1_ARG_2SCOMP_LREG_DST, SFPIADD_MOD1_CC_LT0, SFPIADD_MOD1_CC_GTE0, SFPSETCC_MOD1_LREG_LT0,
    SFPSETCC_MOD1_LREG_GTE0, SFPSETCC_MOD1_LREG_EQ0, SFPSETCC_MOD1_LREG_NE0, SFPSWAP_MOD1_VEC_MIN_MAX,
    SFPSWAP_MOD1_SWAP, SFPSHFT2_MOD1_SHFT_LREG, SFPSHFT2_MOD1_SHFT_IMM, SFPSHFT2_MOD1_SUBVEC_SHFLROR1,
    SFPSTOCHRND_MOD1_FP32_TO_FP16B, SFPSTOCHRND_RND_EVEN, SFPSTOCHRND_MOD1_FP32_TO_UINT16,
    SFPSTOCHRND_MOD1_FP32_TO_INT16, SFPSTOCHRND_MOD1_FP32_TO_UINT8, SFPSTOCHRND_MOD1_FP32_TO_INT8, SFPEXMAN_MOD1_PAD9,
    SFPSTORE_MOD0_FMT_SRCB, SFPLOAD_MOD0_FMT_SRCB, SFPEXEXP_MOD1_SET_CC_SGN_EXP, SFPEXEXP_MOD1_SET_CC_COMP_EXP,
    SFPCAST_MOD1_INT32_TO_FP32_RNE, SFPCAST_MOD1_SM32_TO_FP32_RNE, SFPENCC_MOD1_EU_R1, SFPENCC_MOD1_EI_RI,
    SFPENCC_IMM12_BOTH, SFPABS_MOD1_INT, SFP_DESTREG_STRIDE = 2
};

}  // namespace sfpi

// a builtin of the toolchain
template <class... T> sfpi::vFloat __builtin_rvtt_sfpmad(T const&...) { return {}; }
