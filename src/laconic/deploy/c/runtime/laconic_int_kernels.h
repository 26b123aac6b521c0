/*
 * Products of small matrices of bytes with words. All sizes are constants where these are called, so that the compiler
 * unrolls the loops. No two arguments overlap.
 *
 * A product takes `before` blocks of (inner, after) words, row-major, to as many of (rows, after) numbers:
 *     t = saturated(shifted(sum over j of weight[i, j] x[b, j, a], shift))
 * which either is kept as a word, or added as shifted(t multiplier, scale). The weights stand column by column.
 */
#ifndef LACONIC_INT_KERNELS_H
#define LACONIC_INT_KERNELS_H

#include "laconic_int_target.h"

/* Products of fixed sizes as functions of their own: weights stay data, and equal sizes share the code. */
#define LACONIC_PRODUCT_KEPT(name, rows, inner, before, after)                                                         \
    LACONIC_ONCE void name(int16_t *restrict y, const int8_t *restrict weight, const int16_t *restrict x, int shift)   \
    {                                                                                                                  \
        const lac_target to = {0, y, 0, shift, 0, 0};                                                                     \
        lac_product_i8(to, weight, x, (lac_sizes){rows, inner, before, after});                                        \
    }
#define LACONIC_PRODUCT_ADDED(name, rows, inner, before, after)                                                        \
    LACONIC_ONCE void name(int32_t *restrict y, const int8_t *restrict weight, const int16_t *restrict x, int shift,   \
                           int32_t multiplier, int scale)                                                              \
    {                                                                                                                  \
        const lac_target to = {1, 0, y, shift, multiplier, scale};                                                        \
        lac_product_i8(to, weight, x, (lac_sizes){rows, inner, before, after});                                        \
    }

/* y += the product of a sparse matrix of n_rows with x: row by row, counts[i] entries and the columns they stand in. */
LACONIC_INLINE void lac_sparse_i8(lac_target to, const int8_t *restrict values, const uint16_t *restrict columns,
                                  const uint16_t *restrict counts, const int16_t *restrict x, int n_rows)
{
    int k = 0;

    for (int i = 0; i < n_rows; ++i) {
        int32_t sum = lac_half(to.shift);
        for (int end = k + (int)counts[i]; k < end; ++k)
            sum += values[k] * x[columns[k]];
        lac_put_i32(to, i, sum);
    }
}

#if defined(LACONIC_MVE)
#include "laconic_int_products_mve.h"
#else

#if defined(LACONIC_DSP)
#include "laconic_int_tile_dsp.h"
#endif

/* Sums of a few rows at a few places, `apart` words from each other; the places' columns are `stride` words apart. */
LACONIC_INLINE void lac_sums_i8(int32_t sum[2 * LACONIC_INT_ROWS][LACONIC_INT_PLACES], const int8_t *restrict weight,
                                const int16_t *restrict x, lac_sizes size, int rows, int places, int apart)
{
    for (int j = 0; j < size.inner; ++j)
        LACONIC_UNROLL
        for (int i = 0; i < rows; ++i)
            LACONIC_UNROLL
            for (int p = 0; p < places; ++p)
                sum[i][p] += weight[j * size.rows + i] * x[j * size.after + p * apart];
}

/* A few rows at a few places, as sums that stay in registers over the whole inner loop; y is the first one's place. */
LACONIC_INLINE void lac_tile_i8(lac_target to, int y, const int8_t *restrict weight, const int16_t *restrict x,
                                lac_sizes size, int rows, int places)
{
    const int single = size.after == 1, apart = single ? size.inner : 1, next = single ? size.rows : 1;
    int32_t sum[2 * LACONIC_INT_ROWS][LACONIC_INT_PLACES];

    LACONIC_UNROLL
    for (int i = 0; i < rows; ++i)
        LACONIC_UNROLL
        for (int p = 0; p < places; ++p)
            sum[i][p] = lac_half(to.shift);
#ifdef LACONIC_DSP
    if (rows == 2)
        lac_sums_dsp(sum, weight, x, size, places, apart);
    else if (rows == 4 && size.after == 1)
        lac_column_dsp(sum, weight, x, size);
    else
#endif
        lac_sums_i8(sum, weight, x, size, rows, places, apart);
    LACONIC_UNROLL
    for (int i = 0; i < rows; ++i)
        LACONIC_UNROLL
        for (int p = 0; p < places; ++p)
            lac_put_i32(to, y + i * size.after + p * next, sum[i][p]);
}

/* How many rows a tile has: at the only place there is room for twice as many. */
LACONIC_INLINE int lac_tile_rows(lac_sizes size, int places)
{
    return places == 1 && size.after == 1 ? 2 * LACONIC_INT_ROWS : LACONIC_INT_ROWS;
}

#endif

/* All rows at a few places. */
LACONIC_INLINE void lac_rows_i8(lac_target to, int y, const int8_t *restrict weight, const int16_t *restrict x,
                                lac_sizes size, int places)
{
    const int rows = lac_tile_rows(size, places), rest = size.rows % rows, whole = size.rows - rest;

    for (int i = 0; i < whole; i += rows)
        lac_tile_i8(to, y + i * size.after, weight + i, x, size, rows, places);
    if (rest)
        lac_tile_i8(to, y + whole * size.after, weight + whole, x, size, rest, places);
}

LACONIC_INLINE void lac_product_i8(lac_target to, const int8_t *restrict weight, const int16_t *restrict x,
                                   lac_sizes size)
{
    const int single = size.after == 1, blocks = single ? 1 : size.before, places = single ? size.before : size.after;
    const int rest = places % LACONIC_INT_PLACES, whole = places - rest;
    const int from = single ? size.inner : 1, into = single ? size.rows : 1;

    for (int b = 0; b < blocks; ++b) {
        const int16_t *const block = x + b * size.inner * size.after;
        const int y = b * size.rows * size.after;
        for (int p = 0; p < whole; p += LACONIC_INT_PLACES)
            lac_rows_i8(to, y + p * into, weight, block + p * from, size, LACONIC_INT_PLACES);
        if (rest)
            lac_rows_i8(to, y + whole * into, weight, block + whole * from, size, rest);
    }
}

#endif
