/* Many sequences in one call, for a host. */
#ifndef LACONIC_SERVE_H
#define LACONIC_SERVE_H

#include <stddef.h>

/* Floats of memory that laconic_serve needs for sequences of so many steps. */
size_t laconic_memory(size_t steps);

/* Answer `count` sequences x of shape (count, steps, features) into y of shape (count, outputs). */
void laconic_serve(const float *x, size_t count, size_t steps, float *memory, float *y);

#endif
