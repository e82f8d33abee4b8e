#include "target.h"

double target_at(const struct target *t, const double *theta, const struct batch *b, double *grad)
{
    if (b && b->row) return t->batch(t, theta, b->row, b->n, b->scale, grad);
    return t->value(t, theta, grad);
}
