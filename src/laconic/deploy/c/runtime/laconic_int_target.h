/* The sizes of a product of whole numbers, and where it goes. */
#ifndef LACONIC_INT_TARGET_H
#define LACONIC_INT_TARGET_H

#include "laconic_int_math.h"

typedef struct {
    int rows, inner, before, after;
} lac_sizes;

/* Where a product goes: it `adds` to `sums`, or is kept in `words`. */
typedef struct {
    int adds;
    int16_t *words;
    int32_t *sums;
    int shift;
    int32_t multiplier;
    int scale;
} lac_target;

/* Half a unit of what is shifted away: a sum that begins with it is rounded. */
LACONIC_INLINE int32_t lac_half(int bits)
{
    return (INT32_C(1) << bits) >> 1;
}

/* Keep or add a sum, to which half a unit was added, at a place. */
LACONIC_INLINE void lac_put_i32(lac_target to, int place, int32_t sum)
{
    const int32_t t = lac_saturated(sum >> to.shift);

    if (to.adds)
        to.sums[place] += (t * to.multiplier + lac_half(to.scale)) >> to.scale;
    else
        to.words[place] = (int16_t)t;
}

#endif
