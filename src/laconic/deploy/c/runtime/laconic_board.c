/*
 * A program for a Cortex-M that answers the sequences of a file: laconic_input.bin holds their number and steps as
 * 32-bit whole numbers, then their words; laconic_output.bin gets, for each one, the ticks of the core's timer that it
 * took and the answer. It is an example of how a model is called, and what `laconic deploy --run` runs.
 */
#include "laconic_model.h"
#include "laconic_semihost.h"

/* Most words of a sequence that this program keeps. */
#ifndef LACONIC_SEQUENCE
#define LACONIC_SEQUENCE 4096
#endif

#define SYSTICK_CONTROL (*(volatile uint32_t *)0xE000E010u)
#define SYSTICK_RELOAD (*(volatile uint32_t *)0xE000E014u)
#define SYSTICK_VALUE (*(volatile uint32_t *)0xE000E018u)

void laconic_exit(int code);

static laconic_model_state state;
static laconic_model_word sequence[LACONIC_SEQUENCE];
static laconic_model_word memory[LACONIC_MEMORY];

static struct {
    uint32_t ticks;
    laconic_model_answer y[LACONIC_MODEL_OUTPUTS];
} answer;

void laconic_exit(int code)
{
    const uintptr_t block[2] = {0x20026, (uintptr_t)code}; /* the program's own end */

    laconic_semihost(LACONIC_EXIT, block);
    for (;;) {
    }
}

int main(void)
{
    uint32_t shape[2];
    const intptr_t in = laconic_open("laconic_input.bin", 17, LACONIC_READ_BINARY);
    const intptr_t out = laconic_open("laconic_output.bin", 18, LACONIC_WRITE_BINARY);

    if (in < 0 || out < 0 || laconic_read(in, shape, sizeof shape))
        return 2;
    if (shape[1] * LACONIC_MODEL_FEATURES > LACONIC_SEQUENCE || LACONIC_MODEL_MEMORY(shape[1]) > LACONIC_MEMORY)
        return 3;
    SYSTICK_RELOAD = 0xFFFFFFu;
    SYSTICK_CONTROL = 5; /* on, at the core's clock, without an interrupt */
    for (uint32_t i = 0; i < shape[0]; ++i) {
        if (laconic_read(in, sequence, shape[1] * LACONIC_MODEL_FEATURES * sizeof(laconic_model_word)))
            return 4;
        SYSTICK_VALUE = 0; /* writing anything begins anew */
        const uint32_t start = SYSTICK_VALUE;
        laconic_model_predict(&state, sequence, shape[1], memory, answer.y);
        answer.ticks = (start - SYSTICK_VALUE) & 0xFFFFFFu;
        if (laconic_write(out, &answer, sizeof answer))
            return 5;
    }
    return 0;
}
