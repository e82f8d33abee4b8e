/* Smooths standardised given their sd. In the directions that diagonalise its covariance near the
 * posterior, a coefficient c of a smooth with sd tau has the precision h + 1 / tau^2 and the mean
 * r / (h + 1 / tau^2), h and r from the likelihood. With k = 1 / (1 + h tau^2), the share of the
 * prior in that precision,
 *   s = tau sqrt(k),  m = r s^2,  c = m + s z,  ds/dlog_tau = s k,  dm/dlog_tau = 2 m k,
 * so z has about unit spread for every tau: as tau falls the form is the non-centred one, as it
 * grows the centred one, and no funnel is left at either end. Log Jacobian: sum log s.
 *
 * Coefficients without such a prior, u, move as w, u = w + A b with A their regression on b, else
 * they would follow the funnel of b. */
#include "target.h"
#include <math.h>

/* b <- V c, V size x size */
static void rotate(long size, const double *v, const double *c, double *b)
{
    for (long i = 0; i < size; i++) b[i] = 0;
    for (long j = 0; j < size; j++)
        for (long i = 0; i < size; i++) b[i] += v[i + size * j] * c[j];
}

/* Element j of V' g */
static double rotated_back(long size, const double *v, const double *g, long j)
{
    double sum = 0;
    for (long i = 0; i < size; i++) sum += v[i + size * j] * g[i];
    return sum;
}

/* u += A b in theta, u the unpenalised and b the penalised coefficients, A the slope */
static void follow(const struct conditional *p, double *at)
{
    for (long j = 0; j < p->penalised; j++)
        for (long i = 0; i < p->unpenalised; i++)
            at[p->unpenalised_at[i]] += p->slope[i + p->unpenalised * j] * at[p->penalised_at[j]];
}

/* Its adjoint on the gradient g by theta: g_b += A' g_u */
static void follow_back(const struct conditional *p, double *g)
{
    for (long j = 0; j < p->penalised; j++)
        for (long i = 0; i < p->unpenalised; i++)
            g[p->penalised_at[j]] += p->slope[i + p->unpenalised * j] * g[p->unpenalised_at[i]];
}

static double value(const struct target *t, const double *theta, double *grad)
{
    const struct conditional *p = t->data;
    double *at = p->work, *g = grad ? at + t->dim : NULL, *c = at + 2 * t->dim, f = 0;
    for (int i = 0; i < t->dim; i++) at[i] = theta[i];
    for (int b = 0; b < p->blocks; b++) {
        const struct smooth_block *block = p->block + b;
        double sd = exp(theta[block->sd]), log_sd = theta[block->sd];
        for (int j = 0; j < block->size; j++) {
            double k = 1 / (1 + block->h[j] * sd * sd), s = sd * sqrt(k);
            c[j] = block->r[j] * s * s + s * theta[block->first + j];
            f += log_sd + 0.5 * log(k);
        }
        if (block->rotation) rotate(block->size, block->rotation, c, at + block->first);
        else
            for (int j = 0; j < block->size; j++) at[block->first + j] = c[j];
    }
    follow(p, at);
    f += p->inner->value(p->inner, at, g);
    if (!grad) return f;
    follow_back(p, g);
    for (int i = 0; i < t->dim; i++) grad[i] = g[i];
    for (int b = 0; b < p->blocks; b++) {
        const struct smooth_block *block = p->block + b;
        double sd = exp(theta[block->sd]);
        for (int j = 0; j < block->size; j++) {
            double k = 1 / (1 + block->h[j] * sd * sd), s = sd * sqrt(k), m = block->r[j] * s * s;
            double z = theta[block->first + j];
            double gc = block->rotation
                            ? rotated_back(block->size, block->rotation, g + block->first, j)
                            : g[block->first + j];
            grad[block->first + j] = s * gc;
            grad[block->sd] += k * (gc * (2 * m + s * z) + 1);
        }
    }
    return f;
}

long conditional_work(int dim) { return 3L * dim; }

struct target target_conditional(struct conditional *p)
{
    struct target t = {p->inner->dim, 0, p, value, NULL, NULL};
    return t;
}
