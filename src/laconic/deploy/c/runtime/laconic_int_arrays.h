/* Loops over words of 16 bits and sums of 32; no two arguments of one overlap. */
#ifndef LACONIC_INT_ARRAYS_H
#define LACONIC_INT_ARRAYS_H

#include "laconic_int_math.h"

#ifdef LACONIC_MVE
#include "laconic_int_mve.h"
#else

/* y = x / 2^bits, words. */
LACONIC_INLINE void lac_rescale_i16(int16_t *restrict y, const int16_t *restrict x, int bits, int n)
{
    for (int i = 0; i < n; ++i)
        y[i] = (int16_t)lac_shifted(x[i], bits);
}

/* y = factor x; factor is a power of 2. */
LACONIC_INLINE void lac_widen_i8(int32_t *restrict y, const int8_t *restrict x, int32_t factor, int n)
{
    for (int i = 0; i < n; ++i)
        y[i] = x[i] * factor;
}

LACONIC_INLINE void lac_widen_i16(int32_t *restrict y, const int16_t *restrict x, int32_t factor, int n)
{
    for (int i = 0; i < n; ++i)
        y[i] = x[i] * factor;
}

/* x = 1 / (1 + exp(-x)) */
LACONIC_INLINE void lac_sigmoid_i32(int32_t *x, int n)
{
    for (int i = 0; i < n; ++i)
        x[i] = lac_sigmoid(lac_saturated(x[i]));
}

/* x = tanh(x) */
LACONIC_INLINE void lac_tanh_i32(int32_t *x, int n)
{
    for (int i = 0; i < n; ++i)
        x[i] = lac_tanh(lac_saturated(x[i]));
}

/*
 * c = f c + i g of an LSTM, words of 11 fraction bits; `driven` holds the gates i, f, g of n numbers each, and gets c
 * with 12 in place of i.
 */
LACONIC_INLINE void lac_keep_i32(int32_t *restrict driven, int16_t *restrict c, int n)
{
    for (int i = 0; i < n; ++i) {
        c[i] = lac_kept(driven[i], driven[n + i], driven[2 * n + i], c[i]);
        driven[i] = 2 * c[i];
    }
}

/* h = o x, of which all have 15 fraction bits. */
LACONIC_INLINE void lac_gate_i32(int16_t *restrict h, const int32_t *restrict o, const int32_t *restrict x, int n)
{
    for (int i = 0; i < n; ++i)
        h[i] = (int16_t)lac_times(o[i], x[i]);
}

#endif

/* y = x, words. */
LACONIC_INLINE void lac_copy_i16(int16_t *restrict y, const int16_t *restrict x, int n)
{
    for (int i = 0; i < n; ++i)
        y[i] = x[i];
}

/* y = factor x, saturated; factor is a power of 2. */
LACONIC_INLINE void lac_enlarge_i16(int16_t *restrict y, const int16_t *restrict x, int32_t factor, int n)
{
    for (int i = 0; i < n; ++i)
        y[i] = (int16_t)lac_saturated(x[i] * factor);
}

/* y = x / 2^bits, saturated: sums of 32 bits become words. */
LACONIC_INLINE void lac_narrow_i32(int16_t *restrict y, const int32_t *restrict x, int bits, int n)
{
    for (int i = 0; i < n; ++i)
        y[i] = (int16_t)lac_saturated(lac_shifted(x[i], bits));
}

/* y = factor x, saturated: the same where they have fewer fraction bits than the words. */
LACONIC_INLINE void lac_amplify_i32(int16_t *restrict y, const int32_t *restrict x, int32_t factor, int n)
{
    for (int i = 0; i < n; ++i)
        y[i] = (int16_t)lac_saturated(lac_saturated(x[i]) * factor);
}

/* y = x / 2^bits */
LACONIC_INLINE void lac_lower_i16(int32_t *restrict y, const int16_t *restrict x, int bits, int n)
{
    for (int i = 0; i < n; ++i)
        y[i] = lac_shifted(x[i], bits);
}

/* x = max(x, 0) */
LACONIC_INLINE void lac_relu_i32(int32_t *x, int n)
{
    for (int i = 0; i < n; ++i)
        x[i] = lac_larger(x[i], 0);
}

LACONIC_INLINE void lac_zero_i16(int16_t *x, int n)
{
    for (int i = 0; i < n; ++i)
        x[i] = 0;
}

LACONIC_INLINE void lac_words_f32(int16_t *restrict words, const float *restrict x, float scale, int n)
{
    for (int i = 0; i < n; ++i)
        words[i] = lac_word_f32(x[i], scale);
}

/* Words of (x - mean) factor. */
LACONIC_INLINE void lac_rescaled_words_f32(int16_t *restrict words, const float *restrict x,
                                           const float *restrict mean, const float *restrict factor, float scale, int n)
{
    for (int i = 0; i < n; ++i)
        words[i] = lac_word_f32((x[i] - mean[i]) * factor[i], scale);
}

#endif
