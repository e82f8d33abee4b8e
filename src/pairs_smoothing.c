/* Smoothing sds of a pair: importance points around the mode of their density under the surrogate
 * (surrogate.h), from which the unpenalised coefficients are integrated out. */
#include "pairs.h"
#include "dense.h"
#include "prior.h"
#include "surrogate.h"
#include <math.h>
#include <stddef.h>

#define MOST_STEPS 30
#define LEAST_PRECISION 0.25 /* no proposal is wider than two in log_tau */

/* The surrogate of the penalised coefficients, and what the search works on */
struct level {
    struct surrogate s;
    double *grad, *hess, *chol, *step, *work; /* n_smooths, its square, its square, n_smooths */
};

long pair_smoothing_work(const struct pair_model *model)
{
    long p = model->p, g = model->n_smooths;
    return 4 * p * p + 6 * p + 2 * g * g + 2 * g;
}

/* The surrogate less the unpenalised coefficients: a (n x n), b and group (n) of the n penalised.
 * work: 2 p^2 + p doubles. Returns n, or -1. */
static int eliminate(const struct pair_model *model, const struct pair_surrogate *s, double *a,
                     double *b, int *group, double *work)
{
    long p = model->p, free = 0, n = 0;
    double *l = work, *w = l + p * p, *v = w + p * p;
    for (long i = 0; i < p; i++) {
        if (model->r->group[i]) group[n++] = model->r->group[i];
        else free++;
    }
    long column = 0;
    for (long j = 0; j < p; j++) {
        long row = 0, other = 0;
        int mine = model->r->group[j] > 0;
        for (long i = 0; i < p; i++) {
            int penalised = model->r->group[i] > 0;
            double value = s->a[i + p * j];
            if (penalised && mine) a[row++ + n * column] = value;
            if (!penalised && mine) w[other++ + free * column] = value;
        }
        if (mine) b[column++] = s->b[j];
    }
    for (long j = 0, c = 0; j < p; j++) {
        if (model->r->group[j]) continue;
        long r = 0;
        for (long i = 0; i < p; i++)
            if (!model->r->group[i]) l[r++ + free * c] = s->a[i + p * j];
        v[c++] = s->b[j];
    }
    if (free == 0) return (int) n;
    if (dense_cholesky((int) free, l)) return -1;
    dense_solve_lower((int) free, l, (int) n, w);
    dense_solve_lower((int) free, l, 1, v);
    for (long j = 0; j < n; j++) {
        for (long k = 0; k < free; k++) b[j] -= w[k + free * j] * v[k];
        for (long i = 0; i < n; i++)
            for (long k = 0; k < free; k++) a[i + n * j] -= w[k + free * i] * w[k + free * j];
    }
    return (int) n;
}

/* Log density of log_tau with derivatives */
static double density(const struct pair_model *model, struct level *at, const double *log_tau,
                      int derivatives)
{
    long g = model->n_smooths;
    double out[3];
    for (long i = 0; i < g; i++) at->grad[i] = 0;
    for (long i = 0; i < g * g; i++) at->hess[i] = 0;
    double f =
        surrogate_marginal(&at->s, log_tau, at->grad, derivatives ? at->hess : NULL, at->work);
    for (long i = 0; i < g; i++) {
        prior_density(model->r->sd_family[i], model->r->sd_prior + 3 * i, log_tau[i], out);
        f += out[0];
        at->grad[i] += out[1];
        at->hess[i + g * i] += out[2];
    }
    return f;
}

/* chol <- factor of minus the Hessian, with as much on its diagonal as that takes */
static int factor_curvature(long g, struct level *at)
{
    for (double ridge = LEAST_PRECISION; ridge < 1e6; ridge *= 4) {
        for (long i = 0; i < g * g; i++) at->chol[i] = -at->hess[i];
        for (long i = 0; i < g; i++) at->chol[i + g * i] += ridge;
        if (dense_cholesky((int) g, at->chol) == 0) return 0;
    }
    return 1;
}

static int find_mode(const struct pair_model *model, struct level *at, double *log_tau)
{
    long g = model->n_smooths;
    for (int i = 0; i < MOST_STEPS; i++) {
        double longest = 0;
        if (isnan(density(model, at, log_tau, 1)) || factor_curvature(g, at)) return 1;
        for (long k = 0; k < g; k++) at->step[k] = at->grad[k];
        dense_solve_lower((int) g, at->chol, 1, at->step);
        dense_solve_lower_transposed((int) g, at->chol, 1, at->step);
        for (long k = 0; k < g; k++)
            if (fabs(at->step[k]) > longest) longest = fabs(at->step[k]);
        double share = longest > 1 ? 1 / longest : 1;
        for (long k = 0; k < g; k++) log_tau[k] += share * at->step[k];
        if (longest < 1e-3) break;
    }
    return isnan(density(model, at, log_tau, 1)) || factor_curvature(g, at);
}

double pair_smoothing(const struct pair_model *model, const struct pair_surrogate *s,
                      double *log_tau, double *at, double *weight, double *work)
{
    long p = model->p, g = model->n_smooths;
    double *a = work, *b = a + p * p, *rest = b + p;
    int *group = model->penalised;
    struct level level;
    level.grad = rest + p;
    level.hess = level.grad + g;
    level.chol = level.hess + g * g;
    level.step = level.chol + g * g;
    level.work = level.step + g;
    int n = eliminate(model, s, a, b, group, level.work);
    if (n < 0) return 0;
    struct surrogate penalised = {n, (int) g, a, b, group};
    level.s = penalised;
    if (find_mode(model, &level, log_tau)) return 0;
    double largest = -INFINITY, total = 0, squares = 0;
    for (int k = 0; k < model->points; k++) {
        double *point = at + g * k;
        for (long i = 0; i < g; i++) point[i] = model->point[i + g * k];
        dense_solve_lower_transposed((int) g, level.chol, 1, point);
        for (long i = 0; i < g; i++) point[i] += log_tau[i];
        weight[k] = density(model, &level, point, 0) - model->log_density[k];
        if (weight[k] > largest) largest = weight[k];
    }
    if (!isfinite(largest)) return 0;
    for (int k = 0; k < model->points; k++) {
        weight[k] = isnan(weight[k]) ? 0 : exp(weight[k] - largest);
        total += weight[k];
    }
    for (int k = 0; k < model->points; k++) {
        weight[k] /= total;
        squares += weight[k] * weight[k];
    }
    return 1 / (squares * model->points);
}
