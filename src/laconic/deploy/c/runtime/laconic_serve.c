/* Many sequences in one call, for a host: what the shared library of a compiled model exports. */
#include "laconic_serve.h"

size_t laconic_memory(size_t steps)
{
    return LACONIC_MODEL_MEMORY(steps);
}

void laconic_serve(const laconic_model_word *x, size_t count, size_t steps, laconic_model_word *memory,
                   laconic_model_answer *y)
{
    laconic_model_state state;

    for (size_t i = 0; i < count; ++i)
        laconic_model_predict(&state, x + i * steps * LACONIC_MODEL_FEATURES, steps, memory,
                              y + i * LACONIC_MODEL_OUTPUTS);
}
