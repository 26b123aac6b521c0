/*
 * Products of small matrices in single precision. All sizes are constants where these are called, so that the compiler
 * unrolls the loops. Matrices are row-major; no two arguments overlap.
 */
#ifndef LACONIC_KERNELS_H
#define LACONIC_KERNELS_H

#include <stdint.h>

#include "laconic_config.h"

/* A matrix product of fixed sizes as a function of its own: weights stay data, and equal sizes share the code. */
#define LACONIC_MATMUL(name, rows, inner, columns, adds)                                                               \
    LACONIC_ONCE void name(float *restrict c, const float *restrict a, const float *restrict b)                        \
    {                                                                                                                  \
        lac_matmul_f32(c, a, b, rows, inner, columns, adds);                                                           \
    }

LACONIC_INLINE void lac_copy_f32(float *restrict y, const float *restrict x, int n)
{
    for (int i = 0; i < n; ++i)
        y[i] = x[i];
}

LACONIC_INLINE void lac_zero_f32(float *y, int n)
{
    for (int i = 0; i < n; ++i)
        y[i] = 0.0f;
}

/*
 * Defines a tile of `rows` by a few vectors of c = a b, or c += a b, which stays in registers over the whole inner loop;
 * `type` is a vector of so many lanes.
 */
#define LACONIC_TILE(name, type, lanes)                                                                                \
    LACONIC_INLINE void name(float *restrict c, const float *restrict a, const float *restrict b, int rows,            \
                             int vectors, int inner, int stride, int adds)                                             \
    {                                                                                                                  \
        type sum[LACONIC_ROWS][LACONIC_VECTORS];                                                                       \
                                                                                                                       \
        LACONIC_UNROLL                                                                                                 \
        for (int i = 0; i < rows; ++i)                                                                                 \
            LACONIC_UNROLL                                                                                             \
            for (int j = 0; j < vectors; ++j)                                                                          \
                sum[i][j] = adds ? *(const type *)(c + i * stride + j * (lanes)) : (type){0.0f};                       \
        for (int k = 0; k < inner; ++k)                                                                                \
            LACONIC_UNROLL                                                                                             \
            for (int j = 0; j < vectors; ++j) {                                                                        \
                const type right = *(const type *)(b + k * stride + j * (lanes));                                      \
                LACONIC_UNROLL                                                                                         \
                for (int i = 0; i < rows; ++i)                                                                         \
                    sum[i][j] += a[i * inner + k] * right;                                                             \
            }                                                                                                          \
        LACONIC_UNROLL                                                                                                 \
        for (int i = 0; i < rows; ++i)                                                                                 \
            LACONIC_UNROLL                                                                                             \
            for (int j = 0; j < vectors; ++j)                                                                          \
                *(type *)(c + i * stride + j * (lanes)) = sum[i][j];                                                   \
    }

#if LACONIC_LANES > 1
typedef float lac_vector __attribute__((vector_size(4 * LACONIC_LANES), aligned(4), may_alias));
#else
typedef float lac_vector;
#endif
LACONIC_TILE(lac_tile_f32, lac_vector, LACONIC_LANES)

/* Half a vector, for matrices that are narrower than one. */
#if LACONIC_LANES > 4
#define LACONIC_HALF (LACONIC_LANES / 2)
typedef float lac_half __attribute__((vector_size(4 * LACONIC_HALF), aligned(4), may_alias));
#else
#define LACONIC_HALF LACONIC_LANES
typedef lac_vector lac_half;
#endif
LACONIC_TILE(lac_half_tile_f32, lac_half, LACONIC_HALF)

/* Single columns of lac_matmul_f32, where less than a vector is left. */
LACONIC_INLINE void lac_column_f32(float *restrict c, const float *restrict a, const float *restrict b, int rows,
                                   int inner, int stride, int adds)
{
    float sum[LACONIC_ROWS];

    LACONIC_UNROLL
    for (int i = 0; i < rows; ++i)
        sum[i] = adds ? c[i * stride] : 0.0f;
    for (int k = 0; k < inner; ++k)
        LACONIC_UNROLL
        for (int i = 0; i < rows; ++i)
            sum[i] += a[i * inner + k] * b[k * stride];
    LACONIC_UNROLL
    for (int i = 0; i < rows; ++i)
        c[i * stride] = sum[i];
}

/* What is left of a few rows after whole vectors: half a vector if it fits, then columns one by one. */
LACONIC_INLINE void lac_rest_f32(float *restrict c, const float *restrict a, const float *restrict b, int rows,
                                 int inner, int columns, int done, int adds)
{
    const int half = columns - done >= LACONIC_HALF, from = half ? done + LACONIC_HALF : done;

    if (half)
        lac_half_tile_f32(c + done, a, b + done, rows, 1, inner, columns, adds);
    for (int j = from; j < columns; ++j)
        lac_column_f32(c + j, a, b + j, rows, inner, columns, adds);
}

/*
 * A few rows of lac_matmul_f32: whole tiles, the vectors that are left, then what is less than a vector. Where nothing is
 * added that is one more vector, or half of one, which reaches back over columns that are done.
 */
LACONIC_INLINE void lac_rows_f32(float *restrict c, const float *restrict a, const float *restrict b, int rows,
                                 int inner, int columns, int adds)
{
    const int tile = LACONIC_VECTORS * LACONIC_LANES, whole = columns - columns % tile;
    const int done = columns - columns % LACONIC_LANES, back = columns - LACONIC_LANES, half = columns - LACONIC_HALF;

    for (int j = 0; j < whole; j += tile)
        lac_tile_f32(c + j, a, b + j, rows, LACONIC_VECTORS, inner, columns, adds);
    if (done > whole)
        lac_tile_f32(c + whole, a, b + whole, rows, (done - whole) / LACONIC_LANES, inner, columns, adds);
    if (columns == done)
        return;
    if (!adds && back >= 0) {
        lac_tile_f32(c + back, a, b + back, rows, 1, inner, columns, 0);
    } else if (!adds && half >= 0) {
        lac_half_tile_f32(c, a, b, rows, 1, inner, columns, 0);
        lac_half_tile_f32(c + half, a, b + half, rows, 1, inner, columns, 0);
    } else {
        lac_rest_f32(c, a, b, rows, inner, columns, done, adds);
    }
}

/* c = a b, or c += a b, with a (rows, inner), b (inner, columns), c (rows, columns). */
LACONIC_INLINE void lac_matmul_f32(float *restrict c, const float *restrict a, const float *restrict b, int rows,
                                   int inner, int columns, int adds)
{
    const int rest = rows % LACONIC_ROWS, whole = rows - rest;

    for (int i = 0; i < whole; i += LACONIC_ROWS)
        lac_rows_f32(c + i * columns, a + i * inner, b, LACONIC_ROWS, inner, columns, adds);
    if (rest)
        lac_rows_f32(c + whole * columns, a + whole * inner, b, rest, inner, columns, adds);
}

/* y += the product of a sparse matrix of n_rows with x: row by row, counts[i] entries and the columns they stand in. */
LACONIC_INLINE void lac_sparse_f32(float *restrict y, const float *restrict values, const uint16_t *restrict columns,
                                   const uint16_t *restrict counts, const float *restrict x, int n_rows)
{
    int k = 0;

    for (int i = 0; i < n_rows; ++i) {
        float sum = y[i];
        for (int end = k + (int)counts[i]; k < end; ++k)
            sum += values[k] * x[columns[k]];
        y[i] = sum;
    }
}

/* y = (x - mean) * factor */
LACONIC_INLINE void lac_rescale_f32(float *restrict y, const float *restrict x, const float *restrict mean,
                                    const float *restrict factor, int n)
{
    for (int i = 0; i < n; ++i)
        y[i] = (x[i] - mean[i]) * factor[i];
}

#endif
