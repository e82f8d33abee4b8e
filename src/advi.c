#include "advi.h"
#include <math.h>

long advi_work(const struct advi_settings *a)
{
    return family_parameters(&a->family) + family_work(&a->family);
}

static int has_nan(const double *x, long n)
{
    for (long i = 0; i < n; i++)
        if (isnan(x[i])) return 1;
    return 0;
}

/* g (n) cut to the norm `most` where it is longer */
static void shorten(double *g, long n, double most)
{
    double s = 0;
    for (long i = 0; i < n; i++) s += g[i] * g[i];
    s = sqrt(s);
    if (s <= most) return;
    for (long i = 0; i < n; i++) g[i] *= most / s;
}

void advi_run(const struct advi_settings *a, const struct target *t, const struct advi_block *block,
              struct advi_state *state, struct advi_info *info, double *work)
{
    long np = family_parameters(&a->family), width = (long) family_noise(&a->family) * a->draws;
    double *grad = work;
    info->bad = 0;
    for (info->done = 0; info->done < block->n; info->done++) {
        int i = info->done;
        struct batch b = {a->batch_size ? block->rows + (long) a->batch_size * i : NULL,
                          a->batch_size, a->batch_scale};
        double f = elbo_estimate(&a->family, t, &b, &a->estimate, state->par,
                                 block->noise + width * i, a->draws, grad, work + np);
        info->loss[i] = -f * a->loss_scale;
        if (isnan(f) || has_nan(grad, np)) {
            info->bad = 1;
            return;
        }
        for (long j = 0; j < np; j++) grad[j] *= -a->loss_scale;
        if (a->most_norm > 0) shorten(grad, np, a->most_norm);
        optimizer_step(&a->optimizer, np, block->first + i, state->par, grad, state->memory);
    }
}
