/*@begin about*/
/*
 * A model of one feature that gives the last one back: what laconic replaces by a trained model.
 */
/*@end*/
#ifndef LACONIC_MODEL_H
#define LACONIC_MODEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sizes: features of one step, numbers in an answer; fraction bits of both where they are whole numbers. */
/*@begin sizes*/
#define LACONIC_MODEL_FEATURES 1
#define LACONIC_MODEL_OUTPUTS 1
/*@end*/

/* What a feature is where it comes in, and a number of an answer. */
/*@begin types*/
typedef float laconic_model_word;
typedef float laconic_model_answer;
/*@end*/

/* Words that laconic_model_predict needs for a sequence of so many steps, beside the state; often none. */
/*@begin memory*/
#define LACONIC_MODEL_MEMORY(steps) (0 * (steps))
/*@end*/

/* Everything that changes while a model runs; one for each stream. Its fields are the model's own affair. */
typedef struct {
/*@begin fields*/
    float last[1];
/*@end*/
} laconic_model_state;

/* Begin a new sequence; also what a new state needs first. */
void laconic_model_reset(laconic_model_state *s);

/*@begin words*/
/* Make the words of one step from its features as floats. */
void laconic_model_words(const float *x, laconic_model_word *words);

/*@end*/
/*@begin streaming*/
/* Take one step's features; between calls the state may be copied or kept. */
void laconic_model_step(laconic_model_state *s, const laconic_model_word *x);

/* Write the answer to what came since the last reset into y (OUTPUTS numbers); the state goes on as if not asked. */
void laconic_model_read(laconic_model_state *s, laconic_model_answer *y);
/*@end*/

/*
 * Answer a whole sequence x of shape (steps, FEATURES), row-major, from a fresh start. `memory` holds MEMORY(steps)
 * words and may be NULL where that is none. Returns the index of the largest output, or -1 if there is no step.
 */
int laconic_model_predict(laconic_model_state *s, const laconic_model_word *x, size_t steps, laconic_model_word *memory,
                          laconic_model_answer *y);

#ifdef __cplusplus
}
#endif

#endif
