/* Averaged natural-gradient steps for minibatches.
 *
 * With theta = m + L z, g the (noisy) gradient at theta and v = L' g:
 *   m <- m + a (P g + L z),   P a fixed metric near the posterior covariance
 *   L <- L (I + a A),  A = tril((v + z) z'), diagonal halved   (Tan 2021, arXiv 2109.00375, eq. 8)
 *   mean-field: log s <- log s + a (s (g + Q s z) z + 1 - s^2 diag Q) / 2,   Q = P^-1
 * Beside each gradient stands a term of expectation zero, the gradient at a draw of a Gaussian
 * target with precision Q (mean steps, mean-field) or (L L')^-1 (full-rank: sticking the landing):
 * with it only the noise of the batch is left near the optimum. A part of the target with known
 * expectations enters as E[gradient] + E[Hessian] (theta - m), which has the expectations of its
 * gradients (target.h). In units of the posterior every direction then contracts at the same rate
 * a, whatever the conditioning, and averages of the iterates (Polyak and Juditsky 1992) lose the
 * gradient noise at the best possible rate. Averaged are m and L (mean-field: log s). */
#include "advi.h"
#include "scalar.h"
#include "vector.h"
#include <math.h>

long natural_work(const struct natural_settings *a) { return 6 * (long) a->family.dim; }

/* y += A x, d x d by columns */
static void add_product(const double *a, const double *x, long d, double *y)
{
    for (long j = 0; j < d; j++) vector_add(y, x[j], a + d * j, d);
}

/* m <- m + size (P g + theta - m): theta, the draw where the gradient g was taken, is m + L z;
 * move: d of work */
static void step_mean(const struct natural_settings *a, double size, const double *g,
                      const double *theta, double *mean, double *move)
{
    long d = a->family.dim;
    double longest = 0;
    for (long i = 0; i < d; i++) move[i] = theta[i] - mean[i];
    add_product(a->metric, g, d, move);
    for (long i = 0; i < d; i++) move[i] *= size;
    /* one minibatch that is far from the others must not throw the mean far away */
    for (long i = 0; i < d; i++) {
        double u = fabs(move[i]) / sqrt(a->metric[i + d * i]);
        if (u > longest) longest = u;
    }
    double keep = longest > a->most ? a->most / longest : 1;
    for (long i = 0; i < d; i++) mean[i] += keep * move[i];
}

/* x, moved into [-most, most] */
static double cut(double x, double most) { return x > most ? most : x < -most ? -most : x; }

/* L <- L (I + size A), by columns: column j of L gains
 *   size z_j (v_j L_j / 2 + sum_(i > j) v_i L_i),
 * where v is L' g + z. s: d of work */
static void step_chol(const struct natural_settings *a, double size, const double *z,
                      const double *v, double *chol_cov, double *s)
{
    long d = a->family.dim;
    double norm = 0;
    for (long j = 0; j < d; j++) norm += v[j] * v[j] * z[j] * z[j];
    norm = sqrt(norm) * size;
    if (norm > 0.25) size *= 0.25 / norm;
    for (long i = 0; i < d; i++) s[i] = 0;
    for (long j = d - 1; j >= 0; j--) {
        double *l = chol_cov + d * j;
        double own = cut(0.5 * size * v[j] * z[j], 0.25), w = size * z[j];
        vector_mix(l + j, s + j, own, w, v[j], d - j); /* s holds the columns after j */
    }
}

/* Mean-field step of the scales s, the diagonal of chol_cov; v: s (g + Q s z) */
static void step_diagonal(const struct natural_settings *a, double size, const double *z,
                          const double *v, double *chol_cov)
{
    long d = a->family.dim;
    for (long i = 0; i < d; i++) {
        double *s = chol_cov + i + d * i, known = 1 - *s * *s * a->precision[i + d * i];
        *s *= exp(cut(0.5 * size * (v[i] * z[i] + known), 0.25));
    }
}

/* log det L */
static double log_diagonal(const double *chol_cov, long d)
{
    double f = 0;
    for (long i = 0; i < d; i++) f += log(fabs(chol_cov[i + d * i]));
    return f;
}

/* theta += L z */
static void add_draw(const double *chol_cov, const double *z, long d, int diagonal, double *theta)
{
    for (long j = 0; j < d; j++)
        vector_add(theta + j, z[j], chol_cov + d * j + j, diagonal ? 1 : d - j);
}

/* v <- L' g + z; mean-field: s (g + Q s z), where s holds s z in between */
static void whiten_gradient(const struct natural_settings *a, const double *chol_cov,
                            const double *g, const double *z, double *s, double *v)
{
    long d = a->family.dim;
    if (a->family.kind == FAMILY_MEAN_FIELD) {
        for (long i = 0; i < d; i++) {
            s[i] = chol_cov[i + d * i] * z[i];
            v[i] = g[i];
        }
        add_product(a->precision, s, d, v);
        for (long i = 0; i < d; i++) v[i] *= chol_cov[i + d * i];
        return;
    }
    for (long j = 0; j < d; j++) v[j] = z[j] + vector_dot(chol_cov + d * j + j, g + j, d - j);
}

static void add_to_sums(struct natural_state *state, long d, int diagonal)
{
    for (long i = 0; i < d; i++) state->mean_sum[i] += state->mean[i];
    if (diagonal) {
        for (long i = 0; i < d; i++) state->scale_sum[i] += log(state->chol_cov[i + d * i]);
        return;
    }
    for (long j = 0; j < d; j++)
        vector_add(state->scale_sum + d * j + j, 1, state->chol_cov + d * j + j, d - j);
}

void natural_run(const struct natural_settings *a, const struct target *t,
                 const struct advi_block *block, struct natural_state *state,
                 struct advi_info *info, double *work)
{
    long d = a->family.dim;
    int diagonal = a->family.kind == FAMILY_MEAN_FIELD;
    double *mean = state->mean, *chol_cov = state->chol_cov;
    double *theta = work, *g = theta + d, *v = g + d, *s = v + d, *move = s + d;
    info->bad = 0;
    for (info->done = 0; info->done < block->n; info->done++) {
        int it = info->done;
        const double *z = block->noise + d * it;
        struct batch b = {a->batch_size ? block->rows + (long) a->batch_size * it : NULL,
                          a->batch_size, a->batch_scale};
        for (long i = 0; i < d; i++) theta[i] = mean[i];
        add_draw(chol_cov, z, d, diagonal, theta);
        double f = target_at(t, theta, &b, g);
        if (t->expected_part) {
            for (long i = 0; i < d; i++) move[i] = theta[i] - mean[i];
            f += t->expected_part(t, mean, chol_cov, diagonal, move, g);
        }
        info->loss[it] = -(f + log_diagonal(chol_cov, d) + 0.5 * d * (1 + LOG_2PI));
        for (long i = 0; i < d; i++) f += g[i];
        if (!isfinite(f)) { /* a draw outside the support, or an overflow: no step */
            info->bad++;
            continue;
        }
        double fall = pow(1 + (block->first + it) / a->offset, -a->power);
        whiten_gradient(a, chol_cov, g, z, s, v);
        step_mean(a, a->rate * fall, g, theta, mean, move);
        if (diagonal) step_diagonal(a, a->scale_rate * fall, z, v, chol_cov);
        else step_chol(a, a->scale_rate * fall, z, v, chol_cov, s);
        add_to_sums(state, d, diagonal);
    }
}
