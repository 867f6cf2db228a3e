/* What all twins share: what they are told and what they write; draws, and steps in the world.

   A uniform is its integer of 53 bits, k. A cumulative probability is the least k that lies beyond
   it. */

#ifndef WORLD_H
#define WORLD_H

#include <stdint.h>

/* What is constant must be seen to be so in the innermost loop: it is a tenth quicker. */
#define INLINE static inline __attribute__((always_inline))

typedef struct { uint64_t a, b, c, counter; } sfc64;

typedef struct {
    const int32_t *next_state;
    const double *reward;
    const uint8_t *terminated;
    const uint64_t *cumulative;
    const int32_t *start_states;
    const uint64_t *start_cumulative;
    int32_t num_starts, num_states, max_steps;
} world;

typedef struct {
    const uint64_t *policy;      /* cumulative, a row for each greedy action, or set of them */
    const double *probabilities; /* a row for each greedy action */
    double alpha, gamma, epsilon, temperature, power;
} agent;

typedef struct {
    double *q, *returns;
    int32_t *lengths;
    uint8_t *truncated;
    double *tables; /* further ones, as Q-tables: two for double Q-learning, one for visits */
    const sfc64 *actions, *environment;
    int32_t runs, episodes, num_tables, keeps; /* keeps: whether each run has its own Q-table */
} batch;

typedef struct { double total; int length, done; } episode;

typedef episode play(world, agent, double *q, double *tables, sfc64 *, sfc64 *);

static inline uint64_t draw(sfc64 *s) {
    const uint64_t bits = s->a + s->b + s->counter++;
    s->a = s->b ^ (s->b >> 11);
    s->b = s->c + (s->c << 3);
    s->c = ((s->c << 24) | (s->c >> 40)) + bits;
    return bits >> 11;
}

static inline int start(const world *w, sfc64 *s) {
#if STOCHASTIC
    const uint64_t k = draw(s);
    int low = 0, high = w->num_starts;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (w->start_cumulative[middle] <= k) low = middle + 1;
        else high = middle;
    }
    return low < w->num_starts ? w->start_states[low] : 0;
#else
    return w->start_states[0];
#endif
}

static inline int outcome(const world *w, int state, int action, sfc64 *s) {
    const int first = (state * ACTIONS + action) * OUTCOMES;
#if STOCHASTIC
    const uint64_t k = draw(s);
    for (int i = first; i < first + OUTCOMES; i++)
        if (w->cumulative[i] > k) return i;
#endif
    return first;
}

#endif
