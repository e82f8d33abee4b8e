#include "ellipse.h"
#include <math.h>

/* The three corners of the ellipse: centre, and what cos and sin multiply. */
enum { CORNERS = 3 };

/* work: eta at the corners and at a point (q x m each), A times the corners (d each), directions
 * cos and sin, and a point (d each) */
long ellipse_work(const struct regression *model)
{
    return (CORNERS + 1L) * model->likelihood->q * model->m + (CORNERS + 3L) * model->d;
}

static double dot(const double *x, const double *y, long n)
{
    double sum = 0;
    for (long i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

static void times(const double *a, const double *x, long d, double *out)
{
    for (long i = 0; i < d; i++) out[i] = dot(a + d * i, x, d); /* symmetric */
}

double ellipse_gap(const struct ellipse *e, const double *beta)
{
    long d = e->model->d;
    times(e->a, beta, d, e->work);
    double surrogate = dot(e->b, beta, d) - 0.5 * dot(e->work, beta, d);
    return loglik_and_priors_value(e->model, beta) - surrogate;
}

int ellipse_move(const struct ellipse *e, const double *centre, const double *nu,
                 const double *uniform, double *beta, double *gap)
{
    const struct regression *r = e->model;
    const double pi = 3.14159265358979323846;
    long d = r->d, cells = (long) r->likelihood->q * r->m;
    double *eta = e->work, *at = eta + CORNERS * cells, *image = at + cells;
    double *along[CORNERS] = {(double *) centre, image + CORNERS * d, image + (CORNERS + 1) * d};
    double *point = image + (CORNERS + 2) * d, linear[CORNERS], square[CORNERS][CORNERS];
    for (long i = 0; i < d; i++) {
        along[1][i] = beta[i] - centre[i];
        along[2][i] = nu[i] - centre[i];
    }
    for (int j = 0; j < CORNERS; j++) {
        predictors_at(r, along[j], j == 0, eta + cells * j);
        times(e->a, along[j], d, image + d * j);
        linear[j] = dot(e->b, along[j], d);
    }
    for (int j = 0; j < CORNERS; j++)
        for (int l = 0; l < CORNERS; l++) square[j][l] = dot(image + d * j, along[l], d);
    double level = *gap + log(uniform[0]), high = 2 * pi * uniform[1], low = high - 2 * pi,
           angle = high;
    for (int tries = 1; tries <= ELLIPSE_TRIES; tries++) {
        double weight[CORNERS] = {1, cos(angle), sin(angle)}, surrogate = 0;
        for (int j = 0; j < CORNERS; j++) {
            surrogate += weight[j] * linear[j];
            for (int l = 0; l < CORNERS; l++)
                surrogate -= 0.5 * weight[j] * weight[l] * square[j][l];
        }
        for (long i = 0; i < cells; i++)
            at[i] = eta[i] + weight[1] * eta[cells + i] + weight[2] * eta[2 * cells + i];
        for (long i = 0; i < d; i++)
            point[i] = centre[i] + weight[1] * along[1][i] + weight[2] * along[2][i];
        double new_gap = loglik_at_predictors(r, at) + log_priors_at(r, point) - surrogate;
        if (new_gap > level) {
            for (long i = 0; i < d; i++) beta[i] = point[i];
            *gap = new_gap;
            return tries;
        }
        if (angle < 0) low = angle;
        else high = angle;
        angle = low + (high - low) * uniform[1 + tries];
    }
    return ELLIPSE_TRIES + 1;
}
