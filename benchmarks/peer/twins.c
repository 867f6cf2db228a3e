/* Agents in plain C: one run after another, one step after another, as one would write them.

   They draw and compute what fastq does, so their Q-tables must equal fastq's to the last bit: hence
   -ffp-contract=off. Compiled once for each sort of world, with ACTIONS and OUTCOMES (of a state and
   an action) as constants, and STOCHASTIC for whether anything but the actions is drawn.

   A uniform is its integer of 53 bits, k. A cumulative probability is the least k that lies beyond
   it. Row g of `policy` and of `probabilities` is the epsilon-greedy policy where g is the greedy
   action. */

#include <stdint.h>
#include <string.h>

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
    const uint64_t *policy;
    const double *probabilities;
    double alpha, gamma;
} agent;

typedef struct {
    double *q, *returns;
    int32_t *lengths;
    uint8_t *truncated;
    double *tables; /* two further Q-tables, for double Q-learning */
    const sfc64 *actions, *environment;
    int32_t runs, episodes;
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

static inline int act(const agent *g, const double *row, sfc64 *s) {
    const uint64_t k = draw(s), *thresholds = g->policy + best_of(row) * ACTIONS;
    int a = 0;
    while (a < ACTIONS - 1 && thresholds[a] <= k) a++;
    return a;
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
        row[a] += g.alpha * (target - row[a]);
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
        double *q = b.q + run * size;
        memset(q, 0, size * sizeof(double));
        memset(b.tables, 0, 2 * size * sizeof(double));
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
