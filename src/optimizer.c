#include "optimizer.h"
#include <math.h>

long optimizer_state(const struct optimizer *o, long n)
{
    switch (o->rule) {
    case RULE_SGD: return 0;
    case RULE_MOMENTUM:
    case RULE_NESTEROV:
    case RULE_ADAGRAD:
    case RULE_RMSPROP: return n;
    case RULE_ADAGRAD_WINDOW: return n * o->window;
    default: return 2 * n;
    }
}

static void momentum(const struct optimizer *o, long n, double *x, const double *g, double *v)
{
    for (long i = 0; i < n; i++) {
        v[i] = o->decay * v[i] - o->rate * g[i];
        x[i] += o->rule == RULE_NESTEROV ? o->decay * v[i] - o->rate * g[i] : v[i];
    }
}

/* Sum of the squares of the last `window` gradients; state: n rows of `window`. The lagged form
 * reads the sum before the present gradient enters: dividing a gradient by a norm that
 * contains it shrinks large ones, and biases the scale of the approximation upwards. */
static void adagrad_window(const struct optimizer *o, long n, double t, double *x, const double *g,
                           double *state)
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

static void adadelta(const struct optimizer *o, long n, double *x, const double *g, double *state)
{
    double *square = state, *moved = state + n;
    for (long i = 0; i < n; i++) {
        square[i] = o->decay * square[i] + (1 - o->decay) * g[i] * g[i];
        double step = g[i] * sqrt(moved[i] + o->epsilon) / sqrt(square[i] + o->epsilon);
        x[i] -= o->rate * step;
        moved[i] = o->decay * moved[i] + (1 - o->decay) * step * step;
    }
}

static void adam(const struct optimizer *o, long n, double t, double *x, const double *g,
                 double *state)
{
    double *m = state, *v = state + n;
    double rate = o->rate / (1 - pow(o->decay, t));
    if (o->rule == RULE_ADAM) rate *= sqrt(1 - pow(o->decay2, t));
    for (long i = 0; i < n; i++) {
        m[i] = o->decay * m[i] + (1 - o->decay) * g[i];
        if (o->rule == RULE_ADAM) {
            v[i] = o->decay2 * v[i] + (1 - o->decay2) * g[i] * g[i];
            x[i] -= rate * m[i] / (sqrt(v[i]) + o->epsilon);
        } else {
            v[i] = fmax(o->decay2 * v[i], fabs(g[i]));
            x[i] -= rate * m[i] / (v[i] + o->epsilon);
        }
    }
}

void optimizer_step(const struct optimizer *o, long n, double t, double *x, double *grad,
                    double *state)
{
    switch (o->rule) {
    case RULE_SGD:
        for (long i = 0; i < n; i++) x[i] -= o->rate * grad[i];
        break;
    case RULE_MOMENTUM:
    case RULE_NESTEROV: momentum(o, n, x, grad, state); break;
    case RULE_ADAGRAD:
    case RULE_RMSPROP:
        for (long i = 0; i < n; i++) {
            double keep = o->rule == RULE_ADAGRAD ? 1 : o->decay;
            double add = o->rule == RULE_ADAGRAD ? 1 : 1 - o->decay;
            state[i] = keep * state[i] + add * grad[i] * grad[i];
            x[i] -= o->rate * grad[i] / sqrt(state[i] + o->epsilon);
        }
        break;
    case RULE_ADAGRAD_WINDOW: adagrad_window(o, n, t, x, grad, state); break;
    case RULE_ADADELTA: adadelta(o, n, x, grad, state); break;
    default: adam(o, n, t, x, grad, state);
    }
}
