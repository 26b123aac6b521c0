/* Many sequences in one call, for a host. */
#ifndef LACONIC_SERVE_H
#define LACONIC_SERVE_H

#include <stddef.h>

#include "laconic_model.h"

/* Words of memory that laconic_serve needs for sequences of so many steps. */
size_t laconic_memory(size_t steps);

/* Answer `count` sequences x of shape (count, steps, features) into y of shape (count, outputs). */
void laconic_serve(const laconic_model_word *x, size_t count, size_t steps, laconic_model_word *memory,
                   laconic_model_answer *y);

#endif
