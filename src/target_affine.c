/* A target in other coordinates: w with theta = centre + lower w. By w the gradient is lower' g, g
 * that by theta. */
#include "target.h"

double target_at(const struct target *t, const double *theta, const struct batch *b, double *grad)
{
    if (b && b->row) return t->batch(t, theta, b->row, b->n, b->scale, grad);
    return t->value(t, theta, grad);
}

/* theta <- centre + lower w */
static void to_theta(const struct affine *a, int d, const double *w, double *theta)
{
    for (int i = 0; i < d; i++) theta[i] = a->centre[i];
    for (long j = 0; j < d; j++)
        for (long i = j; i < d; i++) theta[i] += a->lower[i + d * j] * w[j];
}

/* grad <- lower' g */
static void gradient_of_w(const struct affine *a, int d, const double *g, double *grad)
{
    for (long j = 0; j < d; j++) {
        double s = 0;
        for (long i = j; i < d; i++) s += a->lower[i + d * j] * g[i];
        grad[j] = s;
    }
}

static double batch(const struct target *t, const double *w, const int *row, int n, double scale,
                    double *grad)
{
    const struct affine *a = t->data;
    double *theta = a->work, *g = grad ? a->work + t->dim : NULL;
    struct batch b = {row, n, scale};
    to_theta(a, t->dim, w, theta);
    double f = target_at(a->inner, theta, &b, g);
    if (grad) gradient_of_w(a, t->dim, g, grad);
    return f;
}

static double value(const struct target *t, const double *w, double *grad)
{
    return batch(t, w, NULL, 0, 1, grad);
}

struct target target_affine(struct affine *a)
{
    struct target t = {a->inner->dim, a->inner->rows, a, value, batch, NULL};
    return t;
}
