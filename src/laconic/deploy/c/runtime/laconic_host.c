/*
 * A program that answers the sequences of a file: laconic_input.bin holds their number and steps as 32-bit whole
 * numbers, then their words; laconic_output.bin gets a 0 and the answer for each. It is an example of how a model is
 * called, and what `laconic deploy --run` runs on the host.
 */
#include "laconic_model.h"

#include <stdio.h>

#ifndef LACONIC_SEQUENCE
#define LACONIC_SEQUENCE 4096
#endif
#ifndef LACONIC_MEMORY
#define LACONIC_MEMORY 1
#endif

static laconic_model_state state;
static laconic_model_word sequence[LACONIC_SEQUENCE];
static laconic_model_word memory[LACONIC_MEMORY];

static struct {
    uint32_t ticks;
    laconic_model_answer y[LACONIC_MODEL_OUTPUTS];
} answer;

int main(void)
{
    uint32_t shape[2];
    FILE *in = fopen("laconic_input.bin", "rb"), *out = fopen("laconic_output.bin", "wb");

    if (!in || !out || fread(shape, sizeof shape, 1, in) != 1)
        return 2;
    if ((size_t)shape[1] * LACONIC_MODEL_FEATURES > LACONIC_SEQUENCE || LACONIC_MODEL_MEMORY(shape[1]) > LACONIC_MEMORY)
        return 3;
    for (uint32_t i = 0; i < shape[0]; ++i) {
        if (fread(sequence, sizeof(laconic_model_word) * LACONIC_MODEL_FEATURES, shape[1], in) != shape[1])
            return 4;
        laconic_model_predict(&state, sequence, shape[1], memory, answer.y);
        if (fwrite(&answer, sizeof answer, 1, out) != 1)
            return 5;
    }
    return fclose(out) ? 5 : 0;
}
