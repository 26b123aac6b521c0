/*
 * Recurrent cells in single precision: one step of n units. `driven` holds W x + U h + bias of each gate, one gate of n
 * numbers after the other, in PyTorch's order, and is used up; h and c are the states, changed in place.
 */
#ifndef LACONIC_CELLS_H
#define LACONIC_CELLS_H

#include "laconic_kernels.h"
#include "laconic_math.h"

/* tanh, or max(x, 0) */
LACONIC_INLINE void lac_squash_f32(float *x, int n, int relu)
{
    if (relu)
        lac_relu_f32(x, n);
    else
        lac_tanh_f32(x, n);
}

/* c' = f c + i g, h' = o tanh(c'); gates i, f, g, o. */
LACONIC_INLINE void lac_lstm_f32(float *restrict driven, float *restrict h, float *restrict c, int n)
{
    lac_sigmoid_f32(driven, 2 * n);
    lac_tanh_f32(driven + 2 * n, n);
    lac_sigmoid_f32(driven + 3 * n, n);
    for (int i = 0; i < n; ++i)
        h[i] = c[i] = driven[n + i] * c[i] + driven[i] * driven[2 * n + i];
    lac_tanh_f32(h, n);
    for (int i = 0; i < n; ++i)
        h[i] *= driven[3 * n + i];
}

/* fresh = tanh(W x + b + r (U h + b')), h' = fresh + z (h - fresh); gates r, z, W x + b, then U h + b'. */
LACONIC_INLINE void lac_gru_f32(float *restrict driven, float *restrict h, int n)
{
    lac_sigmoid_f32(driven, 2 * n);
    for (int i = 0; i < n; ++i)
        driven[2 * n + i] += driven[i] * driven[3 * n + i];
    lac_tanh_f32(driven + 2 * n, n);
    for (int i = 0; i < n; ++i)
        h[i] = driven[2 * n + i] + driven[n + i] * (h[i] - driven[2 * n + i]);
}

/* h' = squash(W x + U h + b) */
LACONIC_INLINE void lac_rnn_f32(float *restrict driven, float *restrict h, int n, int relu)
{
    lac_squash_f32(driven, n, relu);
    lac_copy_f32(h, driven, n);
}

/* h' = alpha squash(W x + U h + b) + beta h (arXiv:1901.02358, equation 2) */
LACONIC_INLINE void lac_fastrnn_f32(float *restrict driven, float *restrict h, int n, float alpha, float beta, int relu)
{
    lac_squash_f32(driven, n, relu);
    for (int i = 0; i < n; ++i)
        h[i] = alpha * driven[i] + beta * h[i];
}

/*
 * z = sigmoid(p), h' = (zeta (1 - z) + nu) squash(p + gap) + z h (arXiv:1901.02358, equation 3); p holds the gate's
 * bias, gap is how much larger the candidate's is. `driven` has room for both.
 */
LACONIC_INLINE void lac_fastgrnn_f32(float *restrict driven, float *restrict h, int n, const float *restrict gap,
                                     float zeta, float nu, int relu)
{
    for (int i = 0; i < n; ++i)
        driven[n + i] = driven[i] + gap[i];
    lac_sigmoid_f32(driven, n);
    lac_squash_f32(driven + n, n, relu);
    for (int i = 0; i < n; ++i)
        h[i] = (zeta * (1.0f - driven[i]) + nu) * driven[n + i] + driven[i] * h[i];
}

#endif
