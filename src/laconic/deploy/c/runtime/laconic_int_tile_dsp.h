/* Two multiply-adds an instruction, on Arm cores with the DSP extension: the same sums as lac_sums_i8. */
#ifndef LACONIC_INT_TILE_DSP_H
#define LACONIC_INT_TILE_DSP_H

#include "laconic_int_target.h"

#ifdef LACONIC_DSP
#include <string.h>

#include <arm_acle.h>

/* Two neighbours. */
LACONIC_INLINE uint32_t lac_pair(const int16_t *x)
{
    uint32_t pair;

    memcpy(&pair, x, sizeof pair);
    return pair;
}

/* Two bytes of a column of weights. */
LACONIC_INLINE uint32_t lac_bytes(const int8_t *weight)
{
    uint16_t pair;

    memcpy(&pair, weight, sizeof pair);
    return pair;
}

LACONIC_INLINE uint32_t lac_four_bytes(const int8_t *weight)
{
    uint32_t four;

    memcpy(&four, weight, sizeof four);
    return four;
}

/* The lower halves of two pairs, or the upper ones. */
LACONIC_INLINE uint32_t lac_lower(uint32_t a, uint32_t b)
{
    uint32_t pair;

    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(a), "r"(b));
    return pair;
}

LACONIC_INLINE uint32_t lac_upper(uint32_t a, uint32_t b)
{
    uint32_t pair;

    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(b), "r"(a));
    return pair;
}

/* Bytes 0 and 2, or 1 and 3, as words. */
LACONIC_INLINE uint32_t lac_even(uint32_t bytes)
{
    uint32_t pair;

    __asm__("sxtb16 %0, %1" : "=r"(pair) : "r"(bytes));
    return pair;
}

LACONIC_INLINE uint32_t lac_odd(uint32_t bytes)
{
    uint32_t pair;

    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(bytes));
    return pair;
}

LACONIC_INLINE int32_t lac_dual(uint32_t a, uint32_t b, int32_t sum)
{
    return __smlad((int16x2_t)a, (int16x2_t)b, sum);
}

/* Two columns of two rows of weights with x in two columns at each place. */
LACONIC_INLINE void lac_columns_dsp(int32_t sum[2 * LACONIC_INT_ROWS][LACONIC_INT_PLACES], const int8_t *weight,
                                    const int16_t *x, lac_sizes size, int places, int apart)
{
    const uint32_t bytes = lac_lower(lac_bytes(weight), lac_bytes(weight + size.rows));
    const uint32_t first = lac_even(bytes), second = lac_odd(bytes);

    if (size.after == 1) {
        LACONIC_UNROLL
        for (int p = 0; p < places; ++p) {
            const uint32_t right = lac_pair(x + p * apart);
            sum[0][p] = lac_dual(first, right, sum[0][p]);
            sum[1][p] = lac_dual(second, right, sum[1][p]);
        }
        return;
    }
    LACONIC_UNROLL
    for (int p = 0; p + 1 < places; p += 2) {
        const uint32_t left = lac_pair(x + p), right = lac_pair(x + size.after + p);
        const uint32_t low = lac_lower(left, right), high = lac_upper(left, right);
        sum[0][p] = lac_dual(first, low, sum[0][p]);
        sum[1][p] = lac_dual(second, low, sum[1][p]);
        sum[0][p + 1] = lac_dual(first, high, sum[0][p + 1]);
        sum[1][p + 1] = lac_dual(second, high, sum[1][p + 1]);
    }
    if (places % 2) {
        const int p = places - 1;
        const uint32_t both = lac_lower((uint32_t)x[p], (uint32_t)x[size.after + p]);
        sum[0][p] = lac_dual(first, both, sum[0][p]);
        sum[1][p] = lac_dual(second, both, sum[1][p]);
    }
}

/* Sums of four rows with one column x. */
LACONIC_INLINE void lac_column_dsp(int32_t sum[2 * LACONIC_INT_ROWS][LACONIC_INT_PLACES], const int8_t *restrict weight,
                                   const int16_t *restrict x, lac_sizes size)
{
    const int whole = size.inner - size.inner % 2;

    for (int j = 0; j < whole; j += 2) {
        const uint32_t left = lac_four_bytes(weight + j * size.rows), next = lac_four_bytes(weight + (j + 1) * size.rows);
        const uint32_t even = lac_even(left), odd = lac_odd(left), right = lac_pair(x + j);
        sum[0][0] = lac_dual(lac_lower(even, lac_even(next)), right, sum[0][0]);
        sum[1][0] = lac_dual(lac_lower(odd, lac_odd(next)), right, sum[1][0]);
        sum[2][0] = lac_dual(lac_upper(even, lac_even(next)), right, sum[2][0]);
        sum[3][0] = lac_dual(lac_upper(odd, lac_odd(next)), right, sum[3][0]);
    }
    if (whole < size.inner)
        LACONIC_UNROLL
        for (int i = 0; i < 4; ++i)
            sum[i][0] += weight[whole * size.rows + i] * x[whole];
}

/* Sums of two rows. */
LACONIC_INLINE void lac_sums_dsp(int32_t sum[2 * LACONIC_INT_ROWS][LACONIC_INT_PLACES], const int8_t *restrict weight,
                                 const int16_t *restrict x, lac_sizes size, int places, int apart)
{
    const int whole = size.inner - size.inner % 2;

    for (int j = 0; j < whole; j += 2)
        lac_columns_dsp(sum, weight + j * size.rows, x + j * size.after, size, places, apart);
    if (whole < size.inner) {
        const int8_t *const last = weight + whole * size.rows;
        LACONIC_UNROLL
        for (int p = 0; p < places; ++p) {
            const int32_t right = x[whole * size.after + p * apart];
            sum[0][p] += last[0] * right;
            sum[1][p] += last[1] * right;
        }
    }
}

#endif

#endif
