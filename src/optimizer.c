#include "optimizer.h"
#include <math.h>
#include <string.h>

/* Arguments of every rule, as of optimizer_step(): n parameters, step number t, g the gradient. */
#define STEP(name)                                                                                 \
    static void name(const struct optimizer *o, long n, double t, double *x, const double *g,      \
                     double *state)

STEP(sgd)
{
    (void) t;
    (void) state;
    for (long i = 0; i < n; i++) x[i] -= o->rate * g[i];
}

STEP(momentum)
{
    (void) t;
    double *v = state;
    for (long i = 0; i < n; i++) {
        v[i] = o->decay * v[i] - o->rate * g[i];
        x[i] += v[i];
    }
}

STEP(nesterov)
{
    (void) t;
    double *v = state;
    for (long i = 0; i < n; i++) {
        v[i] = o->decay * v[i] - o->rate * g[i];
        x[i] += o->decay * v[i] - o->rate * g[i];
    }
}

STEP(adagrad)
{
    (void) t;
    for (long i = 0; i < n; i++) {
        state[i] = state[i] + g[i] * g[i];
        x[i] -= o->rate * g[i] / sqrt(state[i] + o->epsilon);
    }
}

/* Sum of the squares of the last `window` gradients; state: n rows of `window`. The lagged form
 * reads the sum before the present gradient enters: dividing a gradient by a norm that
 * contains it shrinks large ones, and biases the scale of the approximation upwards. */
STEP(adagrad_window)
{
    int w = o->window, at = (int) fmod(t - 1, w);
    for (long i = 0; i < n; i++) {
        double *past = state + i * w, before = 0, now = 0;
        for (int j = 0; j < w; j++) before += past[j];
        past[at] = g[i] * g[i];
        for (int j = 0; j < w; j++) now += past[j];
        x[i] -= o->rate * g[i] / sqrt((o->lagged ? before : now) + o->epsilon);
    }
}

STEP(rmsprop)
{
    (void) t;
    double *square = state;
    for (long i = 0; i < n; i++) {
        square[i] = o->decay * square[i] + (1 - o->decay) * g[i] * g[i];
        x[i] -= o->rate * g[i] / sqrt(square[i] + o->epsilon);
    }
}

STEP(adadelta)
{
    (void) t;
    double *square = state, *moved = state + n;
    for (long i = 0; i < n; i++) {
        square[i] = o->decay * square[i] + (1 - o->decay) * g[i] * g[i];
        double step = g[i] * sqrt(moved[i] + o->epsilon) / sqrt(square[i] + o->epsilon);
        x[i] -= o->rate * step;
        moved[i] = o->decay * moved[i] + (1 - o->decay) * step * step;
    }
}

STEP(adam)
{
    double *m = state, *v = state + n;
    double rate = o->rate / (1 - pow(o->decay, t)) * sqrt(1 - pow(o->decay2, t));
    for (long i = 0; i < n; i++) {
        m[i] = o->decay * m[i] + (1 - o->decay) * g[i];
        v[i] = o->decay2 * v[i] + (1 - o->decay2) * g[i] * g[i];
        x[i] -= rate * m[i] / (sqrt(v[i]) + o->epsilon);
    }
}

STEP(adamax)
{
    double *m = state, *largest = state + n;
    double rate = o->rate / (1 - pow(o->decay, t));
    for (long i = 0; i < n; i++) {
        m[i] = o->decay * m[i] + (1 - o->decay) * g[i];
        largest[i] = fmax(o->decay2 * largest[i], fabs(g[i]));
        x[i] -= rate * m[i] / (largest[i] + o->epsilon);
    }
}

enum { WINDOW = -1 }; /* as many numbers of state a parameter as the window is long */

struct optimizer_rule {
    const char *name;
    int slots; /* numbers of state a parameter */
    void (*step)(const struct optimizer *o, long n, double t, double *x, const double *g,
                 double *state);
};

static const struct optimizer_rule rules[] = {
    {"sgd", 0, sgd},
    {"momentum", 1, momentum},
    {"nesterov", 1, nesterov},
    {"adagrad", 1, adagrad},
    {"adagrad_window", WINDOW, adagrad_window},
    {"rmsprop", 1, rmsprop},
    {"adadelta", 2, adadelta},
    {"adam", 2, adam},
    {"adamax", 2, adamax},
};

const struct optimizer_rule *optimizer_find(const char *name)
{
    for (unsigned i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rules[i].name, name) == 0) return rules + i;
    return NULL;
}

long optimizer_state(const struct optimizer *o, long n)
{
    return n * (o->rule->slots == WINDOW ? o->window : o->rule->slots);
}

void optimizer_step(const struct optimizer *o, long n, double t, double *x, double *grad,
                    double *state)
{
    o->rule->step(o, n, t, x, grad, state);
}
