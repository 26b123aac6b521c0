/*
 * Nonlinearities in single precision, within 3e-7 of the exact ones. They act on whole vectors, in loops without a
 * branch, which compilers turn into vector instructions.
 */
#ifndef LACONIC_MATH_H
#define LACONIC_MATH_H

#include <stdint.h>

#include "laconic_config.h"

/*
 * 2^x for -126 <= x <= 127: x = k + f with a whole number k and |f| <= 1/2, 2^f by a polynomial within 8e-8 of it.
 * Adding 1.5 * 2^23 rounds to k, which then stands in the lowest bits of the sum.
 */
LACONIC_INLINE float lac_exp2_f32(float x)
{
    union {
        float value;
        uint32_t bits;
    } shifted, power;
    float f, p;

    shifted.value = x + 12582912.0f;
    f = x - (shifted.value - 12582912.0f);
    p = 1.32764713e-3f;
    p = p * f + 9.67554096e-3f;
    p = p * f + 5.55071309e-2f;
    p = p * f + 2.40221202e-1f;
    p = p * f + 6.93146944e-1f;
    p = p * f + 1.0f;
    power.bits = (shifted.bits << 23) + 0x3f800000u;
    return p * power.value;
}

/* What of x lies in [-limit, limit], where numbers are taken one by one; seldom anything else, so a branch is cheap. */
LACONIC_INLINE float lac_bounded_f32(float x, float limit)
{
#if LACONIC_LANES == 1
    if (LACONIC_SELDOM(x > limit))
        return limit;
    if (LACONIC_SELDOM(x < -limit))
        return -limit;
#else
    (void)limit;
#endif
    return x;
}

/* The same for a vector, ahead of a loop that has to be free of branches to become vector instructions. */
LACONIC_INLINE void lac_bound_f32(float *x, float limit, int n)
{
#if LACONIC_LANES == 1
    (void)x, (void)limit, (void)n;
#else
    for (int i = 0; i < n; ++i)
        x[i] = x[i] < -limit ? -limit : x[i];
    for (int i = 0; i < n; ++i)
        x[i] = x[i] > limit ? limit : x[i];
#endif
}

/* x = 1 / (1 + exp(-x)) */
LACONIC_INLINE void lac_sigmoid_f32(float *x, int n)
{
    lac_bound_f32(x, 80.0f, n);
    for (int i = 0; i < n; ++i)
        x[i] = 1.0f / (1.0f + lac_exp2_f32(-1.44269504f * lac_bounded_f32(x[i], 80.0f)));
}

/* x = tanh(x) */
LACONIC_INLINE void lac_tanh_f32(float *x, int n)
{
    lac_bound_f32(x, 40.0f, n);
    for (int i = 0; i < n; ++i)
        x[i] = 1.0f - 2.0f / (1.0f + lac_exp2_f32(2.88539008f * lac_bounded_f32(x[i], 40.0f)));
}

/* x = max(x, 0) */
LACONIC_INLINE void lac_relu_f32(float *x, int n)
{
    for (int i = 0; i < n; ++i)
        x[i] = x[i] > 0.0f ? x[i] : 0.0f;
}

/* x = exp(x) / sum exp(x) */
LACONIC_INLINE void lac_softmax_f32(float *x, int n)
{
    float peak = x[0], sum = 0.0f;

    for (int i = 1; i < n; ++i)
        peak = x[i] > peak ? x[i] : peak;
    for (int i = 0; i < n; ++i)
        x[i] -= peak;
    lac_bound_f32(x, 80.0f, n);
    for (int i = 0; i < n; ++i) {
        x[i] = lac_exp2_f32(1.44269504f * lac_bounded_f32(x[i], 80.0f));
        sum += x[i];
    }
    for (int i = 0; i < n; ++i)
        x[i] /= sum;
}

#endif
