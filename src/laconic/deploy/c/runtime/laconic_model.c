#include "laconic_model.h"

/*@begin includes*/
#include "laconic_cells.h"
/*@end*/

/*@begin constants*/
static const float laconic_model_w_0[1] = {1.0f};
/*@end*/

/*@begin kernels*/
LACONIC_MATMUL(laconic_model_matmul_1_1_1_0, 1, 1, 1, 0)
/*@end*/

static int laconic_model_largest(const laconic_model_answer *y)
{
    int best = 0;

    for (int i = 1; i < LACONIC_MODEL_OUTPUTS; ++i)
        if (y[i] > y[best])
            best = i;
    return best;
}

/*@begin functions*/
void laconic_model_reset(laconic_model_state *s)
{
    lac_zero_f32(s->last, 1);
}

void laconic_model_words(const float *x, laconic_model_word *words)
{
    lac_copy_f32(words, x, LACONIC_MODEL_FEATURES);
}

void laconic_model_step(laconic_model_state *s, const laconic_model_word *x)
{
    laconic_model_matmul_1_1_1_0(s->last, x, laconic_model_w_0);
}

void laconic_model_read(laconic_model_state *s, laconic_model_answer *y)
{
    lac_copy_f32(y, s->last, 1);
}

int laconic_model_predict(laconic_model_state *s, const laconic_model_word *x, size_t steps, laconic_model_word *memory,
                          laconic_model_answer *y)
{
    (void)memory;
    if (steps == 0)
        return -1;
    laconic_model_reset(s);
    for (size_t t = 0; t < steps; ++t)
        laconic_model_step(s, x + t * LACONIC_MODEL_FEATURES);
    laconic_model_read(s, y);
    return laconic_model_largest(y);
}
/*@end*/
