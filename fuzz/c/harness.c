/*
 * Calls a model's functions as its header allows, in an order and with numbers that the bytes say: any floats, NaN and
 * infinity among them. Buffers have the size that the header asks for, to the byte, so that a sanitizer sees what leaves
 * them. Beside faults, it ends at: an answer that depends on what was in memory before, a class that is none, a stream
 * that differs from a whole sequence, a read that changes the state.
 *
 * `LLVMFuzzerTestOneInput` is what libFuzzer calls; driver.c does where there is none. FUZZED_STREAMS says whether the
 * model takes single steps.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzzed.h"

enum { FEATURES = FUZZED_FEATURES, OUTPUTS = FUZZED_OUTPUTS, MOST_STEPS = 20 };

typedef struct {
    const uint8_t *at;
    size_t left;
} bytes;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "ERROR: %s\n", what);
        abort();
    }
}

static uint8_t next(bytes *from)
{
    if (!from->left)
        return 0;
    --from->left;
    return *from->at++;
}

/* A buffer of exactly so many floats, filled with bytes, then with zeros. */
static float *floats(bytes *from, size_t count)
{
    const size_t wanted = count * sizeof(float), taken = wanted < from->left ? wanted : from->left;
    float *found = malloc(wanted);

    must(found || !wanted, "no memory");
    memset(found, 0, wanted);
    memcpy(found, from->at, taken);
    from->at += taken;
    from->left -= taken;
    return found;
}

/* A state in which nothing is as reset leaves it. */
static fuzzed_state *dirty(int byte)
{
    fuzzed_state *found = malloc(sizeof *found);

    must(found != NULL, "no memory");
    memset(found, byte, sizeof *found);
    return found;
}

static int alike(const float *a, const float *b, int n)
{
    for (int i = 0; i < n; ++i)
        if (memcmp(a + i, b + i, sizeof *a) && !(a[i] != a[i] && b[i] != b[i]))
            return 0;
    return 1;
}

/* Answer a sequence on a state full of rubbish. */
static int predicted(int rubbish, const float *x, size_t steps, float *y)
{
    const size_t needed = FUZZED_MEMORY(steps);
    float *memory = needed ? malloc(needed * sizeof(float)) : NULL;
    fuzzed_state *s = dirty(rubbish);
    int best;

    if (needed)
        memset(memory, rubbish, needed * sizeof(float));
    best = fuzzed_predict(s, x, steps, memory, y);
    free(memory);
    free(s);
    return best;
}

#if FUZZED_STREAMS

static void streamed(const float *x, size_t steps, float *y)
{
    fuzzed_state *s = dirty(0x55);

    fuzzed_reset(s);
    for (size_t t = 0; t < steps; ++t)
        fuzzed_step(s, x + t * FEATURES);
    fuzzed_read(s, y);
    free(s);
}

/* Read; then both states, the one that was read and the one that was not, must go on alike. */
static void read_aside(fuzzed_state *s, const float *x)
{
    float *y = malloc(OUTPUTS * sizeof *y), *again = malloc(OUTPUTS * sizeof *y);
    fuzzed_state *unread = dirty(0);

    memcpy(unread, s, sizeof *s);
    fuzzed_read(s, y);
    fuzzed_read(s, again);
    must(alike(y, again, OUTPUTS), "a second read gives something else");
    fuzzed_step(s, x);
    fuzzed_step(unread, x);
    fuzzed_read(s, y);
    fuzzed_read(unread, again);
    must(alike(y, again, OUTPUTS), "a read changes the state");
    free(y);
    free(again);
    free(unread);
}

#endif

static void predict(bytes *from)
{
    const size_t steps = next(from) % (MOST_STEPS + 1);
    float *x = floats(from, steps * FEATURES), *y = malloc(OUTPUTS * sizeof *y), *other = malloc(OUTPUTS * sizeof *y);
    int best;

    memset(y, 0x33, OUTPUTS * sizeof *y);
    memset(other, 0x33, OUTPUTS * sizeof *y);
    best = predicted(0xff, x, steps, y);
    must(steps ? 0 <= best && best < OUTPUTS : best == -1, "a class that is none");
    must(predicted(0, x, steps, other) == best, "a class that depends on what was in memory");
    must(alike(y, other, OUTPUTS), "an answer that depends on what was in memory, or to no step");
#if FUZZED_STREAMS
    if (steps)
        streamed(x, steps, other);
    must(alike(y, other, OUTPUTS), "a stream and a whole sequence differ");
#endif
    free(x);
    free(y);
    free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bytes from = {data, size};
    fuzzed_state *s = dirty(0xff);

    fuzzed_reset(s);
    while (from.left) {
        switch (next(&from) % 4) {
        case 0:
            predict(&from);
            break;
#if FUZZED_STREAMS
        case 1:
        case 2: {
            const int reads = next(&from) % 2;
            float *x = floats(&from, FEATURES);
            if (reads)
                read_aside(s, x);
            else
                fuzzed_step(s, x);
            free(x);
            break;
        }
#endif
        default:
            fuzzed_reset(s);
        }
    }
    free(s);
    return 0;
}
