/*
 * Recurrent cells in whole numbers: one step of n units. `driven` holds W x + U h + bias of each gate, one gate of n
 * numbers after the other, in PyTorch's order, with 12 fraction bits, and is used up; h and c are the states, words that
 * change in place. What lies between -1 and 1 has 15 fraction bits, an LSTM's c has 11, other states as many as `bits`.
 */
#ifndef LACONIC_INT_CELLS_H
#define LACONIC_INT_CELLS_H

#include "laconic_int_arrays.h"
#include "laconic_int_kernels.h"

/* tanh, or max(x, 0), with as many fraction bits as the state has. */
LACONIC_INLINE void lac_squash_i32(int32_t *x, int n, int relu, int bits)
{
    if (relu) {
        for (int i = 0; i < n; ++i)
            x[i] = lac_larger(lac_saturated(x[i]), 0);
        for (int i = 0; i < n; ++i)
            x[i] = lac_saturated(bits > 12 ? x[i] * (INT32_C(1) << (bits - 12)) : lac_shifted(x[i], 12 - bits));
    } else {
        lac_tanh_i32(x, n);
        for (int i = 0; i < n; ++i)
            x[i] = lac_shifted(x[i], 15 - bits);
    }
}

/* c' = f c + i g, h' = o tanh(c'); gates i, f, g, o. */
LACONIC_INLINE void lac_lstm_i16(int32_t *restrict driven, int16_t *restrict h, int16_t *restrict c, int n, int bits)
{
    (void)bits;
    lac_sigmoid_i32(driven, 2 * n);
    lac_tanh_i32(driven + 2 * n, n);
    lac_sigmoid_i32(driven + 3 * n, n);
    lac_keep_i32(driven, c, n);
    lac_tanh_i32(driven, n);
    lac_gate_i32(h, driven + 3 * n, driven, n);
}

/* fresh = tanh(W x + b + r (U h + b')), h' = fresh + z (h - fresh); gates r, z, W x + b, then U h + b'. */
LACONIC_INLINE void lac_gru_i16(int32_t *restrict driven, int16_t *restrict h, int n, int bits)
{
    (void)bits;
    lac_sigmoid_i32(driven, 2 * n);
    for (int i = 0; i < n; ++i)
        driven[2 * n + i] = lac_saturated(driven[2 * n + i]) + lac_times(driven[i], lac_saturated(driven[3 * n + i]));
    lac_tanh_i32(driven + 2 * n, n);
    for (int i = 0; i < n; ++i) {
        const int32_t fresh = driven[2 * n + i];

        h[i] = (int16_t)lac_saturated(fresh + lac_times(driven[n + i], h[i] - fresh));
    }
}

/* h' = squash(W x + U h + b) */
LACONIC_INLINE void lac_rnn_i16(int32_t *restrict driven, int16_t *restrict h, int n, int bits, int relu)
{
    lac_squash_i32(driven, n, relu, bits);
    for (int i = 0; i < n; ++i)
        h[i] = (int16_t)driven[i];
}

/* h' = alpha squash(W x + U h + b) + beta h (arXiv:1901.02358, equation 2) */
LACONIC_INLINE void lac_fastrnn_i16(int32_t *restrict driven, int16_t *restrict h, int n, int bits, int32_t alpha,
                                    int32_t beta, int relu)
{
    lac_squash_i32(driven, n, relu, bits);
    for (int i = 0; i < n; ++i)
        h[i] = (int16_t)lac_saturated(lac_shifted(alpha * driven[i] + beta * h[i], 15));
}

/*
 * z = sigmoid(p), h' = (zeta (1 - z) + nu) squash(p + gap) + z h (arXiv:1901.02358, equation 3); p holds the gate's
 * bias, gap is how much larger the candidate's is. `driven` has room for both.
 */
LACONIC_INLINE void lac_fastgrnn_i16(int32_t *restrict driven, int16_t *restrict h, int n, int bits, int32_t zeta,
                                     int32_t nu, int relu)
{
    for (int i = 0; i < n; ++i)
        driven[n + i] += lac_saturated(driven[i]);
    lac_sigmoid_i32(driven, n);
    lac_squash_i32(driven + n, n, relu, bits);
    for (int i = 0; i < n; ++i) {
        const int32_t share = lac_smaller(lac_times(LACONIC_WORD - driven[i], zeta) + nu, LACONIC_WORD);

        h[i] = (int16_t)lac_saturated(lac_shifted(share * driven[n + i] + driven[i] * h[i], 15));
    }
}

#endif
