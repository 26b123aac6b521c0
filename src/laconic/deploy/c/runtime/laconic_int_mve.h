/* The loops of laconic_int_arrays.h on Arm cores with vectors (MVE): the same numbers, four or eight at a time. */
#ifndef LACONIC_INT_MVE_H
#define LACONIC_INT_MVE_H

#include "laconic_int_math.h"

#ifdef LACONIC_MVE
#include <arm_mve.h>

/* The nearest words of four numbers. */
LACONIC_INLINE int32x4_t lac_saturated_mve(int32x4_t x)
{
    int32x4_t y;

    __asm__("vqmovnb.s32 %q0, %q1\n\tvmovlb.s16 %q0, %q0" : "=w"(y) : "w"(x)); /* no intrinsic leaves a half as it is */
    return y;
}

/* What a loop over fours leaves to be done one by one. */
LACONIC_INLINE int lac_fours(int n)
{
    return n - n % 4;
}

/* y = x / 2^bits, words. */
LACONIC_INLINE void lac_rescale_i16(int16_t *restrict y, const int16_t *restrict x, int bits, int n)
{
    for (int i = 0; i < n - n % 8; i += 8)
        vstrhq_s16(y + i, vrshlq_n_s16(vldrhq_s16(x + i), -bits));
    for (int i = n - n % 8; i < n; ++i)
        y[i] = (int16_t)lac_shifted(x[i], bits);
}

LACONIC_INLINE int32x4_t lac_times_mve(int32x4_t x, int32_t factor)
{
    return factor == 1 ? x : vmulq_n_s32(x, factor);
}

/* y = factor x; factor is a power of 2. */
LACONIC_INLINE void lac_widen_i8(int32_t *restrict y, const int8_t *restrict x, int32_t factor, int n)
{
    for (int i = 0; i < lac_fours(n); i += 4)
        vstrwq_s32(y + i, lac_times_mve(vldrbq_s32(x + i), factor));
    for (int i = lac_fours(n); i < n; ++i)
        y[i] = x[i] * factor;
}

LACONIC_INLINE void lac_widen_i16(int32_t *restrict y, const int16_t *restrict x, int32_t factor, int n)
{
    for (int i = 0; i < lac_fours(n); i += 4)
        vstrwq_s32(y + i, lac_times_mve(vldrhq_s32(x + i), factor));
    for (int i = lac_fours(n); i < n; ++i)
        y[i] = x[i] * factor;
}

/* c = f c + i g of an LSTM; `driven` holds the gates i, f, g and gets 2 c in place of i. */
LACONIC_INLINE void lac_keep_i32(int32_t *restrict driven, int16_t *restrict c, int n)
{
    for (int i = 0; i < lac_fours(n); i += 4) {
        const int32x4_t old = vmulq_s32(vldrwq_s32(driven + n + i), vldrhq_s32(c + i));
        const int32x4_t fresh = vmulq_s32(vldrwq_s32(driven + i), vldrwq_s32(driven + 2 * n + i));
        const int32x4_t kept = lac_saturated_mve(vrshrq_n_s32(vaddq_s32(old, vshrq_n_s32(fresh, 4)), 15));
        vstrhq_s32(c + i, kept);
        vstrwq_s32(driven + i, vshlq_n_s32(kept, 1));
    }
    for (int i = lac_fours(n); i < n; ++i) {
        c[i] = lac_kept(driven[i], driven[n + i], driven[2 * n + i], c[i]);
        driven[i] = 2 * c[i];
    }
}

/* h = o x */
LACONIC_INLINE void lac_gate_i32(int16_t *restrict h, const int32_t *restrict o, const int32_t *restrict x, int n)
{
    for (int i = 0; i < lac_fours(n); i += 4)
        vstrhq_s32(h + i, vrshrq_n_s32(vmulq_s32(vldrwq_s32(o + i), vldrwq_s32(x + i)), 15));
    for (int i = lac_fours(n); i < n; ++i)
        h[i] = (int16_t)lac_times(o[i], x[i]);
}

/* The nearest words of eight numbers: those of the first four in the lower halves, of the others in the upper ones. */
LACONIC_INLINE int16x8_t lac_words_mve(const int32_t *x)
{
    int16x8_t words;

    __asm__("vqmovnb.s32 %q0, %q1" : "=w"(words) : "w"(vldrwq_s32(x)));
    return vqmovntq_s32(words, vldrwq_s32(x + 4));
}

LACONIC_INLINE void lac_store_mve(int32_t *x, int16x8_t words)
{
    vstrwq_s32(x, vmovlbq_s16(words));
    vstrwq_s32(x + 4, vmovltq_s16(words));
}

/* 1 / (1 + exp(-x)): the doubled product's upper half, rounded, of a step and 128 times the rest is their shifted one. */
LACONIC_INLINE int16x8_t lac_sigmoid_mve(int16x8_t x)
{
    const uint16x8_t place = vreinterpretq_u16_s16(vaddq_n_s16(vshrq_n_s16(x, 8), 128));
    const int16x8_t low = vldrhq_gather_shifted_offset_s16(lac_sigmoid_table, place);
    const int16x8_t high = vldrhq_gather_shifted_offset_s16(lac_sigmoid_table + 1, place);
    const int16x8_t rest = vandq_s16(vshlq_n_s16(x, 7), vdupq_n_s16(0x7f80));

    return vaddq_s16(low, vqrdmulhq_s16(vsubq_s16(high, low), rest));
}

/* x = 1 / (1 + exp(-x)) */
LACONIC_INLINE void lac_sigmoid_i32(int32_t *x, int n)
{
    const int whole = n - n % 8;

    for (int i = 0; i < whole; i += 8)
        lac_store_mve(x + i, lac_sigmoid_mve(lac_words_mve(x + i)));
    for (int i = whole; i < n; ++i)
        x[i] = lac_sigmoid(lac_saturated(x[i]));
}

/* x = tanh(x) */
LACONIC_INLINE void lac_tanh_i32(int32_t *x, int n)
{
    const int whole = n - n % 8;

    for (int i = 0; i < whole; i += 8) {
        const int16x8_t half = lac_sigmoid_mve(vqshlq_n_s16(lac_words_mve(x + i), 1));
        lac_store_mve(x + i, vshlq_n_s16(vsubq_n_s16(half, 16384), 1));
    }
    for (int i = whole; i < n; ++i)
        x[i] = lac_tanh(lac_saturated(x[i]));
}

#endif

#endif
