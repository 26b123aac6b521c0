/* What suits a target; each may be set from outside. */
#ifndef LACONIC_CONFIG_H
#define LACONIC_CONFIG_H

/* Numbers in one vector register. One is plain C; more take the vector types of gcc and clang. */
#ifndef LACONIC_LANES
#if defined(__AVX__)
#define LACONIC_LANES 8
#elif defined(__SSE__) || defined(__ARM_NEON)
#define LACONIC_LANES 4
#else
#define LACONIC_LANES 1
#endif
#endif

/* Rows and vectors of a product that are held in registers at a time. */
#ifndef LACONIC_ROWS
#define LACONIC_ROWS 4
#endif
#ifndef LACONIC_VECTORS
#if LACONIC_LANES == 1
#define LACONIC_VECTORS 4
#else
#define LACONIC_VECTORS 2
#endif
#endif

/*
 * Instructions for whole numbers that an Arm core may have: two multiply-adds at a time, or vectors. LACONIC_PLAIN
 * leaves them aside; the answers are the same to the last bit.
 */
#ifndef LACONIC_PLAIN
#if defined(__ARM_FEATURE_MVE) && __ARM_FEATURE_MVE
#define LACONIC_MVE
#elif defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && defined(__ARM_FEATURE_UNALIGNED)
#define LACONIC_DSP
#endif
#if defined(__ARM_FEATURE_SAT) && __ARM_FEATURE_SAT
#define LACONIC_SAT
#endif
#endif

/* Rows and places of a product of whole numbers that are held in registers at a time. */
#ifndef LACONIC_INT_ROWS
#ifdef LACONIC_DSP
#define LACONIC_INT_ROWS 2
#else
#define LACONIC_INT_ROWS 4
#endif
#endif
#ifndef LACONIC_INT_PLACES
#if defined(LACONIC_MVE)
#define LACONIC_INT_PLACES 3
#elif defined(LACONIC_DSP)
#define LACONIC_INT_PLACES 4
#else
#define LACONIC_INT_PLACES 2
#endif
#endif

#if defined(__GNUC__) || defined(__clang__)
#define LACONIC_INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define LACONIC_ONCE static __attribute__((noinline))
#else
#define LACONIC_ONCE static __attribute__((noinline, noclone))
#endif
#define LACONIC_SELDOM(condition) __builtin_expect(!!(condition), 0)
#else
#define LACONIC_INLINE static inline
#define LACONIC_ONCE static
#define LACONIC_SELDOM(condition) (condition)
#endif

/* Before a loop of a few constant steps. */
#if defined(__clang__)
#define LACONIC_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define LACONIC_UNROLL _Pragma("GCC unroll 16")
#else
#define LACONIC_UNROLL
#endif

/* Before a loop whose registers unrolling would use up. */
#if defined(__clang__)
#define LACONIC_ROLLED _Pragma("clang loop unroll(disable)")
#elif defined(__GNUC__)
#define LACONIC_ROLLED _Pragma("GCC unroll 2")
#else
#define LACONIC_ROLLED
#endif

#endif
