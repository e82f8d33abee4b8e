/* The fit of one pair: a Gaussian of the coefficients at given smoothing sds by Newton steps on
 * expectations, which are exact but for log cosh, the smoothing sds integrated over
 * (pairs_smoothing.c), and the covariance that knows of the margins (pairs_margins.c). */
#include "pairs.h"
#include "dense.h"
#include "scalar.h"
#include <math.h>
#include <stddef.h>

#define MOST_STEPS 100
#define TOLERANCE 1e-8   /* of the decrement: a ten thousandth of a posterior sd */
#define LONGEST_STEP 2.0 /* of eta in a bin */
#define ROUNDS 4         /* of Gaussian and smoothing sds */
#define SETTLED 0.05     /* change of log_tau */
#define SERIES_LIMIT 0.1 /* variance of eta up to which three terms of a series are used */

static const double first_log_tau = -1;

/* E of log cosh(eta / 2) and of its two derivatives, eta ~ N(m, v). The series in v has derivatives
 * of order 4 to 6 by t = tanh(m / 2); its next term is below v^3 / 48 / 4. */
static void expect_log_cosh(double m, double v, double *out)
{
    if (v > SERIES_LIMIT) {
        gauss_expect(log_cosh_half, NULL, m, sqrt(v), 0.2 * 3.14159265358979, out);
        return;
    }
    double tail = exp(-fabs(m)), t = (1 - tail) / (1 + tail), half = 0.5 * v,
           eighth = 0.125 * v * v;
    if (m < 0) t = -t;
    double s = 1 - t * t, t2 = t * t;
    double f2 = 0.25 * s, f3 = -0.25 * t * s, f4 = -0.125 * s * (1 - 3 * t2);
    double f5 = 0.25 * t * s * (2 - 3 * t2), f6 = 0.125 * s * (2 - 15 * t2 + 15 * t2 * t2);
    out[0] = 0.5 * fabs(m) + log1p(tail) - LOG_2 + half * f2 + eighth * f4;
    out[1] = 0.5 * t + half * f3 + eighth * f5;
    out[2] = f2 + half * f4 + eighth * f6;
}

static double combine(long p, const double *x, const double *beta)
{
    double sum = 0;
    for (long a = 0; a < p; a++) sum += x[a] * beta[a];
    return sum;
}

/* x' cov x; cov is symmetric */
static double quadratic(long p, const double *x, const double *cov)
{
    double sum = 0;
    for (long a = 0; a < p; a++) {
        const double *column = cov + p * a;
        double s = 0.5 * column[a] * x[a];
        for (long b = a + 1; b < p; b++) s += column[b] * x[b];
        sum += 2 * s * x[a];
    }
    return sum > 0 ? sum : 0;
}

static void add_bin(long p, const double *x, double slope, double curve, double *grad, double *hess)
{
    for (long a = 0; a < p; a++) {
        double c = curve * x[a], *column = hess + p * a;
        grad[a] += slope * x[a];
        for (long b = a; b < p; b++) column[b] += c * x[b];
    }
}

double pair_expect(const struct pair_model *model, const double *sums, const double *mean,
                   const double *cov, double *grad, double *hess)
{
    long p = model->p;
    double f = 0, l[3];
    for (long a = 0; a < p; a++) grad[a] = 0;
    for (long a = 0; a < p * p; a++) hess[a] = 0;
    for (int b = 0; b < model->m; b++) {
        const double *x = model->x + p * b, *s = sums + PAIR_SUMS * b;
        if (s[0] == 0) continue;
        double eta = model->offset[b] + combine(p, x, mean), v = quadratic(p, x, cov);
        double up = exp(eta + 0.5 * v) * (s[1] - 2 * s[2] + s[3]) / 8;
        double down = exp(-eta + 0.5 * v) * (s[1] + 2 * s[2] + s[3]) / 8;
        expect_log_cosh(eta, v, l);
        f += s[0] * l[0] - up - down;
        add_bin(p, x, s[0] * l[1] - up + down, s[0] * l[2] - up - down, grad, hess);
    }
    dense_mirror_lower((int) p, hess);
    return f + expect_log_priors(model->r, mean, cov, grad, hess);
}

static double penalty(const struct pair_model *model, const double *log_tau, long a)
{
    int g = model->r->group[a];
    return g ? exp(-2 * log_tau[g - 1]) : 0;
}

/* Expected information of eta, (1 + rho^2) / 4, where a Hessian is not negative definite */
static void add_information(const struct pair_model *model, const double *sums, const double *eta,
                            double *precision)
{
    long p = model->p;
    for (int b = 0; b < model->m; b++) {
        const double *x = model->x + p * b;
        double rho = tanh(eta[b] / 2), w = 0.25 * sums[PAIR_SUMS * b] * (1 + rho * rho);
        for (long a = 0; a < p; a++)
            for (long c = a; c < p; c++) precision[c + p * a] += w * x[a] * x[c];
    }
}

static void fill_eta(const struct pair_model *model, const double *mean, double *eta)
{
    for (int b = 0; b < model->m; b++)
        eta[b] = model->offset[b] + combine(model->p, model->x + (long) model->p * b, mean);
}

/* chol <- factor of the penalised precision, from the Hessian or, failing that, from the
 * information. Not 0 where neither will do. */
static int factor_precision(const struct pair_model *model, const double *sums,
                            const double *log_tau, struct pair_state *s)
{
    long p = model->p;
    for (int safe = 0; safe < 2; safe++) {
        for (long i = 0; i < p * p; i++) s->chol[i] = safe ? 0 : -s->hess[i];
        if (safe) {
            fill_eta(model, s->mean, s->eta);
            add_information(model, sums, s->eta, s->chol);
        }
        for (long a = 0; a < p; a++)
            s->chol[a + p * a] += penalty(model, log_tau, a) + (safe ? 1e-2 : 0);
        if (dense_cholesky((int) p, s->chol) == 0) return 0;
    }
    return 1;
}

/* The longest step in any bin, and the share of it that is taken */
static double step_share(const struct pair_model *model, const double *step)
{
    double longest = 0;
    for (int b = 0; b < model->m; b++) {
        double d = fabs(combine(model->p, model->x + (long) model->p * b, step));
        if (d > longest) longest = d;
    }
    return longest > LONGEST_STEP ? LONGEST_STEP / longest : 1;
}

int pair_climb(const struct pair_model *model, const double *sums, const double *log_tau,
               struct pair_state *s)
{
    long p = model->p;
    double last = INFINITY;
    s->converged = 0;
    for (s->iterations = 1; s->iterations <= MOST_STEPS; s->iterations++) {
        double decrement = 0;
        if (!isfinite(pair_expect(model, sums, s->mean, s->cov, s->grad, s->hess))) return 1;
        if (factor_precision(model, sums, log_tau, s)) return 1;
        for (long a = 0; a < p; a++)
            s->step[a] = s->grad[a] - penalty(model, log_tau, a) * s->mean[a];
        dense_solve_lower((int) p, s->chol, 1, s->step);
        for (long a = 0; a < p; a++) decrement += s->step[a] * s->step[a];
        dense_solve_lower_transposed((int) p, s->chol, 1, s->step);
        double share = step_share(model, s->step);
        if (decrement > last && share == 1) share = 0.5; /* no contraction: shorter steps */
        for (long a = 0; a < p; a++) s->mean[a] += share * s->step[a];
        for (long i = 0; i < p * p; i++) s->cov[i] = s->chol[i];
        dense_invert_cholesky((int) p, s->cov);
        last = decrement;
        if (decrement < TOLERANCE) {
            s->converged = 1;
            break;
        }
    }
    return !isfinite(last);
}

/* Coefficients whose eta is nearest to the correlation of all rows */
static int start_at_constant(const struct pair_model *model, const double *sums,
                             struct pair_state *s)
{
    long p = model->p;
    double cross = 0, squares = 0;
    for (int b = 0; b < model->m; b++) {
        cross += sums[PAIR_SUMS * b + 2];
        squares += 0.5 * (sums[PAIR_SUMS * b + 1] + sums[PAIR_SUMS * b + 3]);
    }
    double rho = squares > 0 ? cross / squares : 0;
    if (rho > 0.999) rho = 0.999;
    if (rho < -0.999) rho = -0.999;
    double level = 2 * atanh(rho);
    for (long i = 0; i < p * p; i++) s->chol[i] = 0;
    for (long a = 0; a < p; a++) s->mean[a] = 0;
    for (int b = 0; b < model->m; b++) {
        const double *x = model->x + p * b;
        double w = 0.25 * sums[PAIR_SUMS * b];
        for (long a = 0; a < p; a++) {
            s->mean[a] += w * x[a] * (level - model->offset[b]);
            for (long c = a; c < p; c++) s->chol[c + p * a] += w * x[a] * x[c];
        }
    }
    for (long a = 0; a < p; a++) s->chol[a + p * a] += 1e-3;
    if (dense_cholesky((int) p, s->chol)) return 1;
    dense_solve_lower((int) p, s->chol, 1, s->mean);
    dense_solve_lower_transposed((int) p, s->chol, 1, s->mean);
    for (long i = 0; i < p * p; i++) s->cov[i] = s->chol[i];
    dense_invert_cholesky((int) p, s->cov);
    return 0;
}

/* Log density of beta given log_tau, up to a constant */
static double log_posterior(const struct pair_model *model, const double *sums,
                            const double *log_tau, const double *beta)
{
    long p = model->p;
    double f = log_priors_at(model->r, beta);
    for (int b = 0; b < model->m; b++) {
        const double *s = sums + PAIR_SUMS * b;
        if (s[0] == 0) continue;
        double eta = model->offset[b] + combine(p, model->x + p * b, beta), tail = exp(-fabs(eta));
        double up = eta > 0 ? 1 / tail : tail, down = eta > 0 ? tail : 1 / tail;
        f += s[0] * (0.5 * fabs(eta) + log1p(tail)) -
             (up * (s[1] - 2 * s[2] + s[3]) + down * (s[1] + 2 * s[2] + s[3])) / 8;
    }
    for (long a = 0; a < p; a++) f -= 0.5 * penalty(model, log_tau, a) * beta[a] * beta[a];
    return f;
}

/* sd of log p - log q at draws from N(mean, (L L')^-1), L in s->chol */
static double spread_of_weights(const struct pair_model *model, const double *sums,
                                const double *log_tau, struct pair_state *s)
{
    long p = model->p;
    double total = 0, squares = 0, first = 0;
    for (int i = 0; i < model->draws; i++) {
        const double *z = model->noise + p * i;
        double log_q = 0;
        for (long a = 0; a < p; a++) {
            log_q -= 0.5 * z[a] * z[a];
            s->step[a] = z[a];
        }
        dense_solve_lower_transposed((int) p, s->chol, 1, s->step);
        for (long a = 0; a < p; a++) s->step[a] += s->mean[a];
        double w = log_posterior(model, sums, log_tau, s->step) - log_q;
        if (i == 0) first = w;
        total += w - first;
        squares += (w - first) * (w - first);
    }
    if (model->draws < 2) return 0;
    double mean = total / model->draws;
    double variance = (squares - total * mean) / (model->draws - 1);
    return variance > 0 ? sqrt(variance) : 0;
}

/* What pair_fit_one() works on. */
struct parts {
    struct pair_state state;
    double *a, *b;           /* the surrogate: p x p, p */
    double *at, *weight;     /* points of log_tau (n_smooths x points), their weights */
    double *removed, *score; /* by the margins: p x p, p */
    double *means;           /* p x points */
    double *work;
};

static struct parts take_parts(const struct pair_model *model, double *work)
{
    long p = model->p, square = p * p;
    struct parts q;
    double *at = work;
#define TAKE(name, size) (q.name = at, at += (size))
    TAKE(state.mean, p);
    TAKE(state.cov, square);
    TAKE(state.grad, p);
    TAKE(state.hess, square);
    TAKE(state.chol, square);
    TAKE(state.step, p);
    TAKE(state.eta, model->m);
    TAKE(a, square);
    TAKE(b, p);
    TAKE(at, (long) model->n_smooths * model->points);
    TAKE(weight, model->points);
    TAKE(removed, square);
    TAKE(score, p);
    TAKE(means, p * (long) model->points);
    TAKE(work, 0);
#undef TAKE
    return q;
}

long pair_work(const struct pair_model *model)
{
    long p = model->p, points = model->points;
    long smoothing = pair_smoothing_work(model), margins = pair_margins_work(model);
    return 5 * p * p + 5 * p + model->m + (model->n_smooths + 1 + p) * points +
           (smoothing > margins ? smoothing : margins);
}

/* The surrogate that has the gradient and Hessian of the state */
static void fill_surrogate(const struct pair_model *model, struct parts *q)
{
    long p = model->p;
    for (long i = 0; i < p * p; i++) q->a[i] = -q->state.hess[i];
    for (long i = 0; i < p; i++)
        q->b[i] = q->state.grad[i] + combine(p, q->a + p * i, q->state.mean);
}

/* l <- factor of a - removed + penalty; `removed` may be NULL */
static int factor_penalised(const struct pair_model *model, const double *a, const double *removed,
                            const double *log_tau, double *l)
{
    long p = model->p;
    for (long i = 0; i < p * p; i++) l[i] = removed ? a[i] - removed[i] : a[i];
    for (long i = 0; i < p; i++) l[i + p * i] += penalty(model, log_tau, i);
    return dense_cholesky((int) p, l);
}

/* Mean and covariance over the points of the smoothing level: means by the pair's likelihood alone,
 * covariances less what the margins do not know. */
static int mix_points(const struct pair_model *model, struct parts *q, struct pair_fit *fit)
{
    long p = model->p;
    double *chol = q->state.chol;
    int points = model->n_smooths ? model->points : 1;
    for (long i = 0; i < p; i++) fit->mean[i] = 0;
    for (long i = 0; i < p * p; i++) fit->cov[i] = 0;
    for (int k = 0; k < points; k++) {
        const double *log_tau = q->at + (long) model->n_smooths * k;
        double w = model->n_smooths ? q->weight[k] : 1, *mean = q->means + p * k;
        for (long i = 0; i < p; i++) mean[i] = q->b[i];
        if (w < 1e-10) continue;
        if (factor_penalised(model, q->a, NULL, log_tau, chol)) return 1;
        dense_solve_lower((int) p, chol, 1, mean);
        dense_solve_lower_transposed((int) p, chol, 1, mean);
        if (factor_penalised(model, q->a, q->removed, log_tau, chol)) return 1;
        dense_invert_cholesky((int) p, chol);
        for (long i = 0; i < p; i++) fit->mean[i] += w * mean[i];
        for (long i = 0; i < p * p; i++) fit->cov[i] += w * chol[i];
    }
    for (int k = 0; k < points; k++) {
        double w = model->n_smooths ? q->weight[k] : 1;
        if (w < 1e-10) continue;
        for (long j = 0; j < p; j++)
            for (long i = 0; i < p; i++)
                fit->cov[i + p * j] +=
                    w * (q->means[i + p * k] - fit->mean[i]) * (q->means[j + p * k] - fit->mean[j]);
    }
    return 0;
}

/* Rms over the rows of the shift of eta, in posterior sds, by the score that the margins add */
static double shift_in_sds(const struct pair_model *model, const double *sums,
                           const struct parts *q, const struct pair_fit *fit)
{
    long p = model->p;
    double total = 0, rows = 0;
    for (long i = 0; i < p; i++) q->state.step[i] = combine(p, fit->cov + p * i, q->score);
    for (int b = 0; b < model->m; b++) {
        const double *x = model->x + p * b;
        double n = sums[PAIR_SUMS * b], variance = quadratic(p, x, fit->cov);
        double d = combine(p, x, q->state.step);
        if (n <= 0 || variance <= 0) continue;
        total += n * d * d / variance;
        rows += n;
    }
    return rows > 0 ? sqrt(total / rows) : 0;
}

/* Gaussian and smoothing sds in turn, until these settle */
static int settle(const struct pair_model *model, const double *sums, struct parts *q,
                  struct pair_fit *fit)
{
    int iterations = 0, settled = model->n_smooths == 0;
    struct pair_surrogate surrogate = {q->a, q->b};
    for (int g = 0; g < model->n_smooths; g++) fit->log_tau[g] = first_log_tau;
    for (int round = 0; round < ROUNDS; round++) {
        if (pair_climb(model, sums, fit->log_tau, &q->state)) return 1;
        iterations += q->state.iterations;
        /* The surrogate is where the state is now. */
        pair_expect(model, sums, q->state.mean, q->state.cov, q->state.grad, q->state.hess);
        fill_surrogate(model, q);
        fit->smoothing_ess = 1;
        if (model->n_smooths == 0) break;
        double *mode = q->means; /* not in use yet */
        for (int g = 0; g < model->n_smooths; g++) mode[g] = fit->log_tau[g];
        fit->smoothing_ess = pair_smoothing(model, &surrogate, mode, q->at, q->weight, q->work);
        if (!(fit->smoothing_ess > 0)) return 1;
        double moved = 0;
        for (int g = 0; g < model->n_smooths; g++) {
            double mean = 0;
            for (int k = 0; k < model->points; k++)
                mean += q->weight[k] * q->at[g + (long) model->n_smooths * k];
            if (fabs(mean - fit->log_tau[g]) > moved) moved = fabs(mean - fit->log_tau[g]);
            fit->log_tau[g] = mean;
        }
        settled = moved < SETTLED;
        if (settled) break;
    }
    fit->iterations = iterations;
    fit->converged = q->state.converged && settled;
    return 0;
}

int pair_fit_one(const struct pair_model *model, const struct pair_margins *margins,
                 const double *sums, struct pair_fit *fit, double *work)
{
    struct parts q = take_parts(model, work);
    fit->rows = 0;
    fit->iterations = fit->converged = 0;
    for (int b = 0; b < model->m; b++) fit->rows += sums[PAIR_SUMS * b];
    if (start_at_constant(model, sums, &q.state)) return 1;
    if (settle(model, sums, &q, fit)) return 1;
    if (factor_penalised(model, q.a, NULL, fit->log_tau, q.state.chol)) return 1;
    /* The Gaussian at these smoothing sds */
    for (long i = 0; i < model->p; i++) q.state.mean[i] = q.b[i];
    dense_solve_lower(model->p, q.state.chol, 1, q.state.mean);
    dense_solve_lower_transposed(model->p, q.state.chol, 1, q.state.mean);
    fit->weight_sd = spread_of_weights(model, sums, fit->log_tau, &q.state);
    fill_eta(model, q.state.mean, q.state.eta);
    if (pair_margins_effect(model, margins, sums, q.state.eta, q.removed, q.score, q.work))
        return 1;
    if (mix_points(model, &q, fit)) return 1;
    fit->shift = shift_in_sds(model, sums, &q, fit);
    return 0;
}
