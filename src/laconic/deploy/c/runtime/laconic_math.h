/*
 * Nonlinearities in single precision, within 3e-7 of the exact ones. They act on whole vectors, in loops without a
 * branch, which compilers turn into vector instructions.
 */
#ifndef LACONIC_MATH_H
#define LACONIC_MATH_H

#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define LACONIC_INLINE static inline __attribute__((always_inline))
#else
#define LACONIC_INLINE static inline
#endif

/*
 * exp(x) for -87 <= x <= 88: x = k log 2 + r, exp(r) by a polynomial on |r| <= log(2) / 2. Adding 1.5 * 2^23 rounds to a
 * whole number k, which then stands in the lowest bits of the sum.
 */
LACONIC_INLINE float lac_exp_f32(float x)
{
    union {
        float value;
        uint32_t bits;
    } shifted, power;
    float k, r, p;

    shifted.value = x * 1.44269504f + 12582912.0f;
    k = shifted.value - 12582912.0f;
    r = x - k * 0.693145752f; /* log 2 in two parts, the first of few bits */
    r = r - k * 1.42860677e-6f;
    p = 1.38888889e-3f;
    p = p * r + 8.33333333e-3f;
    p = p * r + 4.16666667e-2f;
    p = p * r + 1.66666667e-1f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    power.bits = (shifted.bits << 23) + 0x3f800000u;
    return p * power.value;
}

/* x = what of it lies in [-limit, limit]; a loop of its own, or compilers make branches of it. */
LACONIC_INLINE void lac_clamp_f32(float *x, float limit, int n)
{
    for (int i = 0; i < n; ++i)
        x[i] = x[i] < -limit ? -limit : x[i];
    for (int i = 0; i < n; ++i)
        x[i] = x[i] > limit ? limit : x[i];
}

/* x = 1 / (1 + exp(-x)) */
LACONIC_INLINE void lac_sigmoid_f32(float *x, int n)
{
    lac_clamp_f32(x, 80.0f, n);
    for (int i = 0; i < n; ++i)
        x[i] = 1.0f / (1.0f + lac_exp_f32(-x[i]));
}

/* x = tanh(x) */
LACONIC_INLINE void lac_tanh_f32(float *x, int n)
{
    lac_clamp_f32(x, 40.0f, n);
    for (int i = 0; i < n; ++i)
        x[i] = 1.0f - 2.0f / (1.0f + lac_exp_f32(2.0f * x[i]));
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
    lac_clamp_f32(x, 80.0f, n);
    for (int i = 0; i < n; ++i) {
        x[i] = lac_exp_f32(x[i]);
        sum += x[i];
    }
    for (int i = 0; i < n; ++i)
        x[i] /= sum;
}

#endif
