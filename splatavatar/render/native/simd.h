// Sixteen floats at once, on every instruction set. The compiler's vector extension lowers `Float` to one 512-bit, two
// 256-bit or four 128-bit registers; only masks and exp2 profit from knowing which.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

namespace splatavatar::KERNELS_ISA {

constexpr int kLanes = 16;
typedef float Float __attribute__((vector_size(64)));
typedef int32_t Int __attribute__((vector_size(64)));
typedef uint32_t Bits __attribute__((vector_size(64)));  // for sums and shifts that may run over

#define SPLAT_INLINE static inline __attribute__((always_inline))

SPLAT_INLINE Float splat(float x) { return Float{} + x; }
SPLAT_INLINE Float iota() { return Float{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}; }
SPLAT_INLINE Float load(const float* p) { Float x; std::memcpy(&x, p, sizeof x); return x; }
SPLAT_INLINE void store(float* p, Float x) { std::memcpy(p, &x, sizeof x); }

#if defined(__AVX512F__)
typedef __mmask16 Mask;
SPLAT_INLINE Mask ge(Float a, Float b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GE_OQ); }
SPLAT_INLINE Mask gt(Float a, Float b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ); }
SPLAT_INLINE Mask both(Mask a, Mask b) { return a & b; }
SPLAT_INLINE bool any(Mask m) { return m != 0; }
SPLAT_INLINE uint32_t bits(Mask m) { return m; }
SPLAT_INLINE Float keep(Mask m, Float a) { return (Float)_mm512_maskz_mov_ps(m, (__m512)a); }
SPLAT_INLINE Float min(Float a, Float b) { return (Float)_mm512_min_ps((__m512)a, (__m512)b); }
SPLAT_INLINE Float max(Float a, Float b) { return (Float)_mm512_max_ps((__m512)a, (__m512)b); }
SPLAT_INLINE Float sqrt(Float a) { return (Float)_mm512_sqrt_ps((__m512)a); }
// 1/a within 1e-7: the 14-bit estimate and one Newton step, a third of the time of a division.
SPLAT_INLINE Float reciprocal(Float a) {
  Float y = (Float)_mm512_rcp14_ps((__m512)a);
  return y * (2.f - a * y);
}
#else
typedef Int Mask;

// GCC computes with vectors longer than a register by registers, but compares them lane by lane. So their registers are
// compared, and the smaller, the larger and the root of each are taken, one by one.
#if defined(__AVX2__)
constexpr int kRegister = 8;
#else
constexpr int kRegister = 4;
#endif
typedef float Part __attribute__((vector_size(4 * kRegister)));
typedef int32_t PartMask __attribute__((vector_size(4 * kRegister)));

template <typename Out, typename Of>
SPLAT_INLINE Out by_parts(Float a, Float b, Of of) {
  Out out;
  for (size_t i = 0; i < sizeof(Float); i += sizeof(Part)) {
    Part x, y;
    std::memcpy(&x, (const char*)&a + i, sizeof x);
    std::memcpy(&y, (const char*)&b + i, sizeof y);
    auto z = of(x, y);
    std::memcpy((char*)&out + i, &z, sizeof z);
  }
  return out;
}

SPLAT_INLINE Mask ge(Float a, Float b) {
  return by_parts<Mask>(a, b, [](Part x, Part y) -> PartMask { return x >= y; });
}
SPLAT_INLINE Mask gt(Float a, Float b) {
  return by_parts<Mask>(a, b, [](Part x, Part y) -> PartMask { return x > y; });
}
SPLAT_INLINE Mask both(Mask a, Mask b) { return a & b; }
#if defined(__AVX2__)
SPLAT_INLINE uint32_t bits(Mask m) {
  __m256i half[2];
  std::memcpy(half, &m, sizeof m);
  return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(half[0])) |
         ((uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(half[1])) << 8);
}
#else
SPLAT_INLINE uint32_t bits(Mask m) {
  uint32_t b = 0;
  for (int i = 0; i < kLanes; i++) b |= (m[i] ? 1u : 0u) << i;
  return b;
}
#endif
SPLAT_INLINE bool any(Mask m) { return bits(m) != 0; }
SPLAT_INLINE Float keep(Mask m, Float a) { return (Float)((Int)a & m); }
SPLAT_INLINE Float min(Float a, Float b) {
  return by_parts<Float>(a, b, [](Part x, Part y) -> Part { return x < y ? x : y; });
}
SPLAT_INLINE Float max(Float a, Float b) {
  return by_parts<Float>(a, b, [](Part x, Part y) -> Part { return x > y ? x : y; });
}
SPLAT_INLINE Float reciprocal(Float a) { return 1.f / a; }
SPLAT_INLINE Float sqrt(Float a) {
  return by_parts<Float>(a, a, [](Part x, Part) -> Part {
#if defined(__AVX2__)
    return (Part)_mm256_sqrt_ps((__m256)x);
#else
    for (int i = 0; i < kRegister; i++) x[i] = std::sqrt(x[i]);
    return x;
#endif
  });
}
#endif

// 2^x for x in [-126, 126], anything outside: nearest integer into the exponent, a Taylor polynomial of degree 5 on [-0.5, 0.5] (2.4e-6 relative).
template <typename Vector, typename VectorBits>
SPLAT_INLINE Vector exp2_of(Vector x) {
  const float magic = 12582912.f;  // 1.5 * 2^23: adding it rounds to the nearest integer
  Vector shifted = x + magic;
  Vector f = x - (shifted - magic);
  Vector p = f * 0.0013333558f + 0.0096181291f;
  p = p * f + 0.0555041087f;
  p = p * f + 0.2402265070f;
  p = p * f + 0.6931471806f;
  p = p * f + 1.f;
  return (Vector)((VectorBits)p + ((VectorBits)shifted << 23));
}
SPLAT_INLINE Float exp2(Float x) { return exp2_of<Float, Bits>(x); }

// A `Float` that stays in registers from one operation to the next. With AVX2 the compiler keeps vectors longer than a
// register in memory: there it is two of them.
#if defined(__AVX2__) && !defined(__AVX512F__)
typedef uint32_t PartBits __attribute__((vector_size(4 * kRegister)));
struct Row { Part lo, hi; };
struct RowMask { PartMask lo, hi; };
SPLAT_INLINE Row row(const Float& a) {
  Row r;
  std::memcpy(&r.lo, &a, sizeof r.lo);
  std::memcpy(&r.hi, (const char*)&a + sizeof r.lo, sizeof r.hi);
  return r;
}
SPLAT_INLINE void store(float* out, Row a) {
  std::memcpy(out, &a.lo, sizeof a.lo);
  std::memcpy(out + kRegister, &a.hi, sizeof a.hi);
}
SPLAT_INLINE void store(Float& out, Row a) { store((float*)&out, a); }
SPLAT_INLINE Row operator+(Row a, Row b) { return {a.lo + b.lo, a.hi + b.hi}; }
SPLAT_INLINE Row operator-(Row a, Row b) { return {a.lo - b.lo, a.hi - b.hi}; }
SPLAT_INLINE Row operator*(Row a, Row b) { return {a.lo * b.lo, a.hi * b.hi}; }
SPLAT_INLINE Row operator+(Row a, float b) { return {a.lo + b, a.hi + b}; }
SPLAT_INLINE Row operator-(Row a, float b) { return {a.lo - b, a.hi - b}; }
SPLAT_INLINE Row operator*(Row a, float b) { return {a.lo * b, a.hi * b}; }
SPLAT_INLINE Row operator-(float a, Row b) { return {a - b.lo, a - b.hi}; }
SPLAT_INLINE Row exp2(Row a) { return {exp2_of<Part, PartBits>(a.lo), exp2_of<Part, PartBits>(a.hi)}; }
SPLAT_INLINE Row min(Row a, float b) {
  Part c = Part{} + b;
  return {a.lo < c ? a.lo : c, a.hi < c ? a.hi : c};
}
SPLAT_INLINE Row max(Row a, float b) {
  Part c = Part{} + b;
  return {a.lo > c ? a.lo : c, a.hi > c ? a.hi : c};
}
SPLAT_INLINE Row sqrt(Row a) { return {(Part)_mm256_sqrt_ps((__m256)a.lo), (Part)_mm256_sqrt_ps((__m256)a.hi)}; }
SPLAT_INLINE RowMask ge(Row a, float b) { return {a.lo >= b, a.hi >= b}; }
SPLAT_INLINE RowMask ge(float a, Row b) { return {a >= b.lo, a >= b.hi}; }
SPLAT_INLINE RowMask gt(Row a, float b) { return {a.lo > b, a.hi > b}; }
SPLAT_INLINE RowMask gt(float a, Row b) { return {a > b.lo, a > b.hi}; }
SPLAT_INLINE Row reciprocal(Row a) { return {1.f / a.lo, 1.f / a.hi}; }
SPLAT_INLINE Row keep(RowMask m, Row a) { return {(Part)((PartMask)a.lo & m.lo), (Part)((PartMask)a.hi & m.hi)}; }
SPLAT_INLINE RowMask both(RowMask a, RowMask b) { return {a.lo & b.lo, a.hi & b.hi}; }
SPLAT_INLINE uint32_t bits(RowMask m) {
  return (uint32_t)_mm256_movemask_ps((__m256)m.lo) | ((uint32_t)_mm256_movemask_ps((__m256)m.hi) << kRegister);
}
SPLAT_INLINE bool any(RowMask m) { return _mm256_movemask_ps((__m256)(m.lo | m.hi)) != 0; }
#else
typedef Float Row;
typedef Mask RowMask;
SPLAT_INLINE Row row(const Float& a) { return a; }
SPLAT_INLINE void store(Float& out, Row a) { out = a; }
SPLAT_INLINE Float min(Float a, float b) { return min(a, splat(b)); }
SPLAT_INLINE Float max(Float a, float b) { return max(a, splat(b)); }
SPLAT_INLINE Mask ge(Float a, float b) { return ge(a, splat(b)); }
SPLAT_INLINE Mask ge(float a, Float b) { return ge(splat(a), b); }
SPLAT_INLINE Mask gt(Float a, float b) { return gt(a, splat(b)); }
SPLAT_INLINE Mask gt(float a, Float b) { return gt(splat(a), b); }
#endif

// log2 of positive normal x: exponent plus the atanh series of the mantissa in [sqrt(1/2), sqrt(2)) (1e-7 absolute).
SPLAT_INLINE Float log2(Float x) {
  Int b = (Int)x - 0x3f3504f3;
  Int e = b >> 23;
  Float m = (Float)((b & 0x007fffff) + 0x3f3504f3);
  Float s = (m - 1.f) / (m + 1.f), z = s * s;
  Float p = z * 0.3205989f + 0.4121985f;
  p = p * z + 0.5770780f;
  p = p * z + 0.9617967f;
  p = p * z + 2.8853901f;
  return __builtin_convertvector(e, Float) + s * p;
}

// Indices of the `count` sets in which bit `bit` is on, in order; `sets` and `out` have room for the next multiple of 16.
SPLAT_INLINE int members(const uint16_t* sets, int count, int bit, int32_t* out) {
  int found = 0;
#if defined(__AVX512F__)
  const __m512i wanted = _mm512_set1_epi32(1 << bit);
  __m512i index = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (int i = 0; i < count; i += kLanes) {
    __mmask16 inside = count - i < kLanes ? (__mmask16)((1u << (count - i)) - 1) : (__mmask16)0xffff;
    __m512i set = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)(sets + i)));
    __mmask16 hit = _mm512_mask_test_epi32_mask(inside, set, wanted);
    _mm512_storeu_si512(out + found, _mm512_maskz_compress_epi32(hit, index));
    found += __builtin_popcount(hit);
    index = _mm512_add_epi32(index, _mm512_set1_epi32(kLanes));
  }
#elif defined(__AVX2__)
  const __m256i wanted = _mm256_set1_epi16((short)(1 << bit));
  for (int i = 0; i < count; i += kLanes) {
    __m256i set = _mm256_loadu_si256((const __m256i*)(sets + i));
    uint32_t hit = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi16(_mm256_and_si256(set, wanted), wanted));
    hit &= 0x55555555u;  // a bit of the two that each set has
    if (count - i < kLanes) hit &= (1u << 2 * (count - i)) - 1u;
    for (; hit; hit &= hit - 1) out[found++] = i + (__builtin_ctz(hit) >> 1);
  }
#else
  for (int i = 0; i < count; i++) {
    out[found] = i;
    found += sets[i] >> bit & 1;
  }
#endif
  return found;
}

SPLAT_INLINE Float exp(Float x) { return exp2(max(min(x * 1.44269504f, splat(126.f)), splat(-126.f))); }
SPLAT_INLINE Float abs(Float x) { return (Float)((Int)x & 0x7fffffff); }

// Sums of the lanes of `count` <= 16 vectors, by a tree that halves pairs: out[i] = sum of v[i].
template <int Count>
SPLAT_INLINE Float sums(const Float* v) {
  Float a[8] = {}, b[4] = {}, c[2] = {};
#define SPLAT_HALVE(x, y, ...)  (__builtin_shufflevector(x, y, __VA_ARGS__))
  for (int i = 0; i < 8; i++) {
    if (2 * i >= Count) continue;
    Float x = v[2 * i], y = 2 * i + 1 < Count ? v[2 * i + 1] : Float{};
    a[i] = SPLAT_HALVE(x, y, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
           SPLAT_HALVE(x, y, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  }
  for (int i = 0; i < 4; i++) {
    if (4 * i >= Count) continue;
    b[i] = SPLAT_HALVE(a[2 * i], a[2 * i + 1], 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
           SPLAT_HALVE(a[2 * i], a[2 * i + 1], 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  }
  for (int i = 0; i < 2; i++) {
    if (8 * i >= Count) continue;
    c[i] = SPLAT_HALVE(b[2 * i], b[2 * i + 1], 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29) +
           SPLAT_HALVE(b[2 * i], b[2 * i + 1], 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31);
  }
  return SPLAT_HALVE(c[0], c[1], 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30) +
         SPLAT_HALVE(c[0], c[1], 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
#undef SPLAT_HALVE
}

}  // namespace splatavatar::KERNELS_ISA
