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

#if defined(__GNUC__) || defined(__clang__)
#define LACONIC_INLINE static inline __attribute__((always_inline))
#define LACONIC_ONCE static __attribute__((noinline))
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

#endif
