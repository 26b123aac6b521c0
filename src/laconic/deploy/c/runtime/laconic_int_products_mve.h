/*
 * Products on Arm cores with vectors (MVE): four rows in a vector, a number of x at a time for all of them. The same
 * answers as the plain ones.
 */
#ifndef LACONIC_INT_PRODUCTS_MVE_H
#define LACONIC_INT_PRODUCTS_MVE_H

#include "laconic_int_mve.h"
#include "laconic_int_target.h"

#ifdef LACONIC_MVE

/* Sums that registers hold: so many vectors of rows at one place, or fewer at more. */
enum { LACONIC_MVE_SUMS = 6 };

/* Four of a column's bytes, or as many of them as there are rows. */
LACONIC_INLINE int32x4_t lac_column_mve(const int8_t *weight, int rows)
{
    return rows < 4 ? vldrbq_z_s32(weight, vctp32q((uint32_t)rows)) : vldrbq_s32(weight);
}

/* Keep the words of up to four rows, which are `apart` numbers from each other. */
LACONIC_INLINE void lac_keep_mve(int16_t *words, int32x4_t t, int rows, int apart)
{
    const uint32x4_t offset = vmulq_n_u32(vidupq_n_u32(0, 1), (uint32_t)apart);

    if (rows >= 4 && apart == 1)
        vstrhq_s32(words, t);
    else if (rows >= 4)
        vstrhq_scatter_shifted_offset_s32(words, offset, t);
    else
        vstrhq_scatter_shifted_offset_p_s32(words, offset, t, vctp32q((uint32_t)rows));
}

/* Add to the sums of up to four rows. */
LACONIC_INLINE void lac_add_mve(int32_t *sums, int32x4_t more, int rows, int apart)
{
    const uint32x4_t offset = vmulq_n_u32(vidupq_n_u32(0, 1), (uint32_t)apart);
    const mve_pred16_t there = vctp32q((uint32_t)rows);

    if (rows >= 4 && apart == 1)
        vstrwq_s32(sums, vaddq_s32(vldrwq_s32(sums), more));
    else if (rows >= 4)
        vstrwq_scatter_shifted_offset_s32(sums, offset,
                                          vaddq_s32(vldrwq_gather_shifted_offset_s32(sums, offset), more));
    else
        vstrwq_scatter_shifted_offset_p_s32(
            sums, offset, vaddq_s32(vldrwq_gather_shifted_offset_z_s32(sums, offset, there), more), there);
}

/* Keep or add the sums of up to four rows. */
LACONIC_INLINE void lac_put_mve(lac_target to, int place, int32x4_t sum, int rows, int apart)
{
    const int32x4_t t = lac_saturated_mve(vrshlq_n_s32(sum, -to.shift));

    if (to.adds)
        lac_add_mve(to.sums + place, vrshlq_n_s32(vmulq_n_s32(t, to.multiplier), -to.scale), rows, apart);
    else
        lac_keep_mve(to.words + place, t, rows, apart);
}

/* A few vectors of rows at a few places; y is the first one's place. */
LACONIC_INLINE void lac_tile_i8(lac_target to, int y, const int8_t *restrict weight, const int16_t *restrict x,
                                 lac_sizes size, int rows, int places)
{
    const int single = size.after == 1, apart = single ? size.inner : 1, next = single ? size.rows : 1;
    const int vectors = (rows + 3) / 4;
    int32x4_t sum[LACONIC_MVE_SUMS][LACONIC_INT_PLACES];

    LACONIC_UNROLL
    for (int v = 0; v < vectors; ++v)
        LACONIC_UNROLL
        for (int p = 0; p < places; ++p)
            sum[v][p] = vdupq_n_s32(0);
    LACONIC_ROLLED
    for (int j = 0; j < size.inner; ++j)
        LACONIC_UNROLL
        for (int v = 0; v < vectors; ++v) {
            const int32x4_t column = lac_column_mve(weight + j * size.rows + 4 * v, rows - 4 * v);
            LACONIC_UNROLL
            for (int p = 0; p < places; ++p)
                sum[v][p] = vmlaq_n_s32(sum[v][p], column, x[j * size.after + p * apart]);
        }
    LACONIC_UNROLL
    for (int v = 0; v < vectors; ++v)
        LACONIC_UNROLL
        for (int p = 0; p < places; ++p)
            lac_put_mve(to, y + 4 * v * size.after + p * next, sum[v][p], rows - 4 * v, size.after);
}

/* How many rows a tile has. */
LACONIC_INLINE int lac_tile_rows(lac_sizes size, int places)
{
    (void)size;
    return 4 * (LACONIC_MVE_SUMS / places);
}

#endif

#endif
