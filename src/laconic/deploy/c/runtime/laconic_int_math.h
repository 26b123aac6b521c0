/*
 * Arithmetic of whole numbers: words of 16 bits, sums of 32. What each function gives is defined to the last bit, the
 * same on every machine and in laconic's reference. No sum here can overflow with the numbers that laconic writes.
 */
#ifndef LACONIC_INT_MATH_H
#define LACONIC_INT_MATH_H

#include <stdint.h>

#include "laconic_config.h"
#include "laconic_int_table.h"

#ifdef LACONIC_SAT
#include <arm_acle.h>
#endif

/* C leaves it to the compiler what a negative number shifted to the right is; every one that is known keeps the sign. */
typedef char lac_a_shift_to_the_right_must_keep_the_sign[(-1 >> 1) == -1 ? 1 : -1];

enum { LACONIC_WORD = 32767 };

LACONIC_INLINE int32_t lac_smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

LACONIC_INLINE int32_t lac_larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* The nearest word. */
#ifdef LACONIC_SAT
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion" /* inside of the compiler's own macro */
LACONIC_INLINE int32_t lac_saturated(int32_t x)
{
    return __ssat(x, 16);
}
#pragma GCC diagnostic pop
#else
LACONIC_INLINE int32_t lac_saturated(int32_t x)
{
    return lac_smaller(lac_larger(x, -LACONIC_WORD - 1), LACONIC_WORD);
}
#endif

/* x / 2^bits, rounded to the nearest whole number, halves upwards; 0 <= bits <= 30. */
LACONIC_INLINE int32_t lac_shifted(int32_t x, int bits)
{
    return (x + ((INT32_C(1) << bits) >> 1)) >> bits;
}

/* The product of two words of which one has 15 fraction bits, with the other's. */
LACONIC_INLINE int32_t lac_times(int32_t a, int32_t b)
{
    return lac_shifted(a * b, 15);
}

/* 1 / (1 + exp(-x)) of a word of 12 fraction bits, with 15: on a line between two places of the table. */
LACONIC_INLINE int32_t lac_sigmoid(int32_t x)
{
    const int16_t *place = lac_sigmoid_table + 128 + (x >> 8);
    const int32_t low = place[0];

    return low + lac_shifted((place[1] - low) * (x & 255), 8);
}

/* tanh of a word of 12 fraction bits, with 15: 2 sigmoid(2 x) - 1, as if x were at most 4 in size. */
LACONIC_INLINE int32_t lac_tanh(int32_t x)
{
    return lac_saturated(2 * lac_sigmoid(lac_saturated(2 * x)) - 32768);
}

/* f c + i g of an LSTM, a word of 11 fraction bits as c; both products have 26 before they are added. */
LACONIC_INLINE int16_t lac_kept(int32_t i, int32_t f, int32_t g, int32_t c)
{
    return (int16_t)lac_saturated(lac_shifted(f * c + ((i * g) >> 4), 15));
}

/*
 * A word of a float: scale x, halves away from zero, saturated; scale is a power of 2 that holds twice the unit. The
 * product is exact and what follows are whole numbers, so that no compiler can round it in another way.
 */
LACONIC_INLINE int16_t lac_word_f32(float x, float scale)
{
    const float doubled = x * scale, limit = 2.0f * LACONIC_WORD;
    const int32_t whole = doubled > limit ? 2 * LACONIC_WORD : doubled > -limit ? (int32_t)doubled : -2 * LACONIC_WORD;

    return (int16_t)(whole >= 0 ? (whole + 1) >> 1 : -((1 - whole) >> 1));
}

#endif
