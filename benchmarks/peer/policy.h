/* How an action is drawn. POLICY says which of four ways is compiled; each equals fastq's. */

#ifndef POLICY_H
#define POLICY_H

#include <math.h>

#include "world.h"

#define FIRST 0   /* epsilon-greedy, the first of the best actions */
#define SHARED 1  /* epsilon-greedy, ties broken at random */
#define SOFTMAX 2 /* in proportion to the exponentials of Q-values */
#define SIMPLE 3  /* epsilon-greedy, as `fastq.rules.epsilon_greedy` draws */

static inline int best_of(const double *row) {
    int best = 0;
    for (int a = 1; a < ACTIONS; a++)
        if (row[a] > row[best]) best = a;
    return best;
}

static inline double greatest_of(const double *row) {
    double greatest = row[0];
    for (int a = 1; a < ACTIONS; a++)
        if (row[a] > greatest) greatest = row[a];
    return greatest;
}

static inline int draw_of(const uint64_t *cumulative, uint64_t k) {
    int a = 0;
    while (a < ACTIONS - 1 && cumulative[a] <= k) a++;
    return a;
}

#if POLICY == FIRST

static inline int act(const agent *g, const double *row, sfc64 *s) {
    return draw_of(g->policy + best_of(row) * ACTIONS, draw(s));
}

#elif POLICY == SHARED

/* The set of the best actions, a bit for each, is the row of the policy. */
static inline int act(const agent *g, const double *row, sfc64 *s) {
    const double greatest = greatest_of(row);
    int best = 0;
    for (int a = 0; a < ACTIONS; a++) best |= (row[a] == greatest) << a;
    return draw_of(g->policy + best * ACTIONS, draw(s));
}

#elif POLICY == SOFTMAX

static inline int act(const agent *g, const double *row, sfc64 *s) {
    const double u = draw(s) * 0x1p-53, greatest = greatest_of(row);
    double p[ACTIONS], total = 0.0, sum = 0.0, cumulative = 0.0;
    for (int a = 0; a < ACTIONS; a++) p[a] = exp((row[a] - greatest) / g->temperature);
    for (int a = 0; a < ACTIONS; a++) total += p[a];
    for (int a = 0; a < ACTIONS; a++) sum += p[a] /= total;
    for (int a = 0; a < ACTIONS - 1; a++) {
        cumulative += p[a];
        if (cumulative / sum > u) return a;
    }
    return ACTIONS - 1;
}

#else

static inline int act(const agent *g, const double *row, sfc64 *s) {
    const double u = draw(s) * 0x1p-53;
    return u < g->epsilon ? (int)(u / g->epsilon * ACTIONS) : best_of(row);
}

#endif

#endif
