/*
 * Calls a model's functions as its header allows, in an order and with numbers that the bytes say: any floats, NaN and
 * infinity among them, or any words. Buffers have the size that the header asks for, to the byte, so that a sanitizer sees what leaves
 * them. Beside faults, it ends at: an answer that depends on what was in memory before, a class that is none, a stream
 * that differs from a whole sequence, a read that changes the state.
 *
 * `LLVMFuzzerTestOneInput` is what libFuzzer calls; driver.c does where there is none. FUZZED_STREAMS says whether the
 * model takes single steps, FUZZED_WHOLE whether it is one of whole numbers.
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

/* A buffer of exactly so many bytes, filled with what comes, then with zeros. */
static void *filled(bytes *from, size_t wanted)
{
    const size_t taken = wanted < from->left ? wanted : from->left;
    uint8_t *found = malloc(wanted);

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

static int alike(const fuzzed_answer *a, const fuzzed_answer *b, int n)
{
    for (int i = 0; i < n; ++i)
        if (memcmp(a + i, b + i, sizeof *a) && !(a[i] != a[i] && b[i] != b[i]))
            return 0;
    return 1;
}

/* Answer a sequence on a state full of rubbish. */
static int predicted(int rubbish, const fuzzed_word *x, size_t steps, fuzzed_answer *y)
{
    const size_t needed = FUZZED_MEMORY(steps);
    fuzzed_word *memory = needed ? malloc(needed * sizeof *memory) : NULL;
    fuzzed_state *s = dirty(rubbish);
    int best;

    if (needed)
        memset(memory, rubbish, needed * sizeof *memory);
    best = fuzzed_predict(s, x, steps, memory, y);
    free(memory);
    free(s);
    return best;
}

#if FUZZED_STREAMS

static void streamed(const fuzzed_word *x, size_t steps, fuzzed_answer *y)
{
    fuzzed_state *s = dirty(0x55);

    fuzzed_reset(s);
    for (size_t t = 0; t < steps; ++t)
        fuzzed_step(s, x + t * FEATURES);
    fuzzed_read(s, y);
    free(s);
}

/* Read; then both states, the one that was read and the one that was not, must go on alike. */
static void read_aside(fuzzed_state *s, const fuzzed_word *x)
{
    fuzzed_answer *y = malloc(OUTPUTS * sizeof *y), *again = malloc(OUTPUTS * sizeof *y);
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
    fuzzed_word *x = filled(from, steps * FEATURES * sizeof *x);
    fuzzed_answer *y = malloc(OUTPUTS * sizeof *y), *other = malloc(OUTPUTS * sizeof *y);
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

#if FUZZED_WHOLE

/* Words of any floats: those of one step, with no word beside them touched. */
static void converted(bytes *from)
{
    float *x = filled(from, FEATURES * sizeof *x);
    fuzzed_word *words = malloc(FEATURES * sizeof *words);

    fuzzed_words(x, words);
    for (int i = 0; i < FEATURES; ++i)
        must(words[i] > -32768, "a word that no float has");
    free(x);
    free(words);
}

#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bytes from = {data, size};
    fuzzed_state *s = dirty(0xff);

    fuzzed_reset(s);
    while (from.left) {
        switch (next(&from) % 5) {
        case 0:
            predict(&from);
            break;
#if FUZZED_STREAMS
        case 1:
        case 2: {
            const int reads = next(&from) % 2;
            fuzzed_word *x = filled(&from, FEATURES * sizeof *x);
            if (reads)
                read_aside(s, x);
            else
                fuzzed_step(s, x);
            free(x);
            break;
        }
#endif
#if FUZZED_WHOLE
        case 3:
            converted(&from);
            break;
#endif
        default:
            fuzzed_reset(s);
        }
    }
    free(s);
    return 0;
}
