/* Agents in plain C: one run after another, one step after another, as one would write them.

   They draw and compute what fastq does, so their Q-tables must equal fastq's to the last bit: hence
   -ffp-contract=off. Compiled once for each sort of task, with constants: ACTIONS and OUTCOMES (of a
   state and an action), STOCHASTIC for whether anything but the actions is drawn, POLICY (see
   policy.h), and VISITS for whether Q-learning's step sizes fall with the visits. */

#include <string.h>

#include "policy.h"
#include "world.h"

#if VISITS
/* Counts stand in a table of the shape of Q. */
#define STEP_SIZE(pair) step_size(g.power, tables[pair] += 1.0)
static inline double step_size(double power, double visits) {
    return 1.0 / (power == 1.0 ? visits : pow(visits, power));
}
#else
#define STEP_SIZE(pair) g.alpha
#endif

INLINE episode q_learning_episode(
    const world w, const agent g, double *q, double *tables, sfc64 *actions, sfc64 *environment
) {
    sfc64 s = *actions, chance = *environment;
    episode e = {0.0, 0, 0};
    int state = start(&w, &chance);
    while (!e.done && e.length < w.max_steps) {
        double *row = q + state * ACTIONS;
        const int a = act(&g, row, &s), i = outcome(&w, state, a, &chance);
        double target = w.reward[i];
        e.total += target;
        e.done = w.terminated[i];
        state = w.next_state[i];
        if (!e.done) target += g.gamma * greatest_of(q + state * ACTIONS);
        row[a] += STEP_SIZE(row - q + a) * (target - row[a]);
        e.length++;
    }
    *actions = s, *environment = chance;
    return e;
}

INLINE episode sarsa_episode(
    const world w, const agent g, double *q, double *tables, sfc64 *actions, sfc64 *environment
) {
    sfc64 s = *actions, chance = *environment;
    episode e = {0.0, 0, 0};
    int state = start(&w, &chance), a = act(&g, q + state * ACTIONS, &s);
    while (!e.done && e.length < w.max_steps) {
        double *row = q + state * ACTIONS;
        const int i = outcome(&w, state, a, &chance), taken = a;
        double target = w.reward[i];
        e.total += target;
        e.done = w.terminated[i];
        state = w.next_state[i];
        if (!e.done) {
            a = act(&g, q + state * ACTIONS, &s);
            target += g.gamma * q[state * ACTIONS + a];
        }
        row[taken] += g.alpha * (target - row[taken]);
        e.length++;
    }
    *actions = s, *environment = chance;
    return e;
}

INLINE episode expected_sarsa_episode(
    const world w, const agent g, double *q, double *tables, sfc64 *actions, sfc64 *environment
) {
    sfc64 s = *actions, chance = *environment;
    episode e = {0.0, 0, 0};
    int state = start(&w, &chance);
    while (!e.done && e.length < w.max_steps) {
        double *row = q + state * ACTIONS;
        const int a = act(&g, row, &s), i = outcome(&w, state, a, &chance);
        double target = w.reward[i];
        e.total += target;
        e.done = w.terminated[i];
        state = w.next_state[i];
        if (!e.done) {
            const double *ahead = q + state * ACTIONS;
            const double *probability = g.probabilities + best_of(ahead) * ACTIONS;
            double expected = 0.0;
            for (int b = 0; b < ACTIONS; b++) expected += probability[b] * ahead[b];
            target += g.gamma * expected;
        }
        row[a] += g.alpha * (target - row[a]);
        e.length++;
    }
    *actions = s, *environment = chance;
    return e;
}

INLINE episode double_q_learning_episode(
    const world w, const agent g, double *q, double *tables, sfc64 *actions, sfc64 *environment
) {
    sfc64 s = *actions, chance = *environment;
    episode e = {0.0, 0, 0};
    const int size = w.num_states * ACTIONS;
    int state = start(&w, &chance);
    while (!e.done && e.length < w.max_steps) {
        const int row = state * ACTIONS, a = act(&g, q + row, &s);
        const int i = outcome(&w, state, a, &chance), chosen = draw(&s) >> 52;
        double *learning = tables + chosen * size, *other = tables + (1 - chosen) * size;
        double target = w.reward[i];
        e.total += target;
        e.done = w.terminated[i];
        state = w.next_state[i];
        const int ahead = state * ACTIONS;
        if (!e.done) target += g.gamma * other[ahead + best_of(learning + ahead)];
        learning[row + a] += g.alpha * (target - learning[row + a]);
        q[row + a] = (tables[row + a] + tables[size + row + a]) / 2.0;
        e.length++;
    }
    *actions = s, *environment = chance;
    return e;
}

INLINE void train(play *one, const world w, const agent g, const batch b) {
    const size_t size = (size_t)w.num_states * ACTIONS;
    for (int run = 0; run < b.runs; run++) {
        sfc64 s = b.actions[run], chance = b.environment[run];
        double *q = b.q + (b.keeps ? run * size : 0);
        memset(q, 0, size * sizeof(double));
        memset(b.tables, 0, b.num_tables * size * sizeof(double));
        for (int i = 0; i < b.episodes; i++) {
            const size_t place = (size_t)run * b.episodes + i;
            const episode e = one(w, g, q, b.tables, &s, &chance);
            b.returns[place] = e.total;
            b.lengths[place] = e.length;
            b.truncated[place] = !e.done;
        }
    }
}

#define AGENT(name) \
    void name(const world *w, const agent *g, const batch *b) { train(name##_episode, *w, *g, *b); }

AGENT(q_learning)
AGENT(sarsa)
AGENT(expected_sarsa)
AGENT(double_q_learning)
