#include "surrogate_arrow.h"
#include "scalar.h"
#include <math.h>
#include <string.h>

static struct arrow place_arrow(const struct arrow_shape *s, double *work)
{
    long h = s->head;
    struct arrow a = {s, work, work + h * h, work + h * h + h * arrow_effects(s)};
    return a;
}

long surrogate_arrow_size(const struct surrogate_arrow *s)
{
    return arrow_doubles(s->a.shape) + 2L * s->a.shape->d + arrow_factor_work(s->a.shape);
}

struct surrogate_arrow_factor surrogate_arrow_factor(const struct surrogate_arrow *s, double *work)
{
    const struct arrow_shape *shape = s->a.shape;
    struct surrogate_arrow_factor f = {place_arrow(shape, work), NULL, NULL, NULL};
    f.scale = work + arrow_doubles(shape);
    f.lead = f.scale + shape->d;
    f.work = f.lead + shape->d;
    return f;
}

int surrogate_arrow_factorise(const struct surrogate_arrow *s, const double *log_tau,
                              struct surrogate_arrow_factor *f)
{
    const struct arrow_shape *shape = s->a.shape;
    long h = shape->head, n = shape->size, effects = arrow_effects(shape);
    double *scale = f->scale, *of_effect = scale + h;
    for (long i = 0; i < shape->d; i++) {
        scale[i] = s->group[i] ? exp(log_tau[s->group[i] - 1]) : 1;
        f->lead[i] = scale[i] * s->b[i];
    }
    for (long j = 0; j < h; j++)
        for (long i = j; i < h; i++)
            f->l.head[i + h * j] =
                scale[i] * scale[j] * s->a.head[i + h * j] + (i == j && s->group[i]);
    for (long e = 0; e < effects; e++) {
        for (long i = 0; i < h; i++)
            f->l.border[i + h * e] = of_effect[e] * scale[i] * s->a.border[i + h * e];
        long first = e - e % n;
        for (long k = 0; k < n; k++)
            f->l.block[k + n * e] =
                of_effect[e] * of_effect[first + k] * s->a.block[k + n * e] + (first + k == e);
    }
    int status = arrow_factorise(&f->l, s->vectors, f->work);
    if (status == 0) arrow_solve_lower(&f->l, f->lead);
    return status;
}

double surrogate_arrow_value(const struct surrogate_arrow *s,
                             const struct surrogate_arrow_factor *f)
{
    double value = -arrow_log_diagonal(&f->l);
    for (long i = 0; i < s->a.shape->d; i++) value += 0.5 * f->lead[i] * f->lead[i];
    return value;
}

/* The inverse, slopes, mean; a matrix of the head for each sd, two to multiply, and a vector */
long surrogate_arrow_derivative_size(const struct surrogate_arrow *s)
{
    const struct arrow_shape *shape = s->a.shape;
    long h = shape->head;
    return arrow_doubles(shape) + h * arrow_effects(shape) + h * h * s->groups + 2L * shape->d;
}

static double dot(const double *x, const double *y, long n)
{
    double sum = 0;
    for (long i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

/* hess[g, h] += x for the sds of two places, and [h, g] where these differ */
static void add_pair(const struct surrogate_arrow *s, long i, long j, double x, double *hess)
{
    if (s->group[i] == 0 || s->group[j] == 0) return;
    hess[s->group[i] - 1 + s->groups * (s->group[j] - 1)] += x;
    if (i != j) hess[s->group[j] - 1 + s->groups * (s->group[i] - 1)] += x;
}

/* Twice the squares of S = B^-1 within the arrow, and of a level twice the difference between
 * those and the squares of slope' head slope, which add_levels() sums over all pairs of levels. */
static void add_squares(const struct surrogate_arrow *s, const struct arrow *cov,
                        const double *slope, double *hess)
{
    const struct arrow_shape *shape = s->a.shape;
    long h = shape->head, n = shape->size, effects = arrow_effects(shape);
    for (long j = 0; j < h; j++)
        for (long i = j; i < h; i++)
            add_pair(s, i, j, 2 * cov->head[i + h * j] * cov->head[i + h * j], hess);
    for (long e = 0; e < effects; e++) {
        const double *border = cov->border + h * e;
        for (long i = 0; i < h; i++) add_pair(s, h + e, i, 2 * border[i] * border[i], hess);
        for (long k = e % n; k < n; k++) {
            double c = cov->block[k + n * e];
            double shared = -dot(slope + h * (e - e % n + k), border, h);
            add_pair(s, h + e - e % n + k, h + e, 2 * (c * c - shared * shared), hess);
        }
    }
}

/* The sum over i of sd g and j of sd k of (slope_i' head slope_j)^2 is the trace of
 * head M_g head M_k, M_g the sum of slope_i slope_i' over the effects of g. outer: a matrix for
 * each sd, becomes head M_g. */
static void add_levels(const struct surrogate_arrow *s, const struct arrow *cov,
                       const double *slope, double *outer, double *hess)
{
    const struct arrow_shape *shape = s->a.shape;
    long h = shape->head, effects = arrow_effects(shape), groups = s->groups;
    memset(outer, 0, sizeof(double) * h * h * groups);
    /* head M = -sum border slope' */
    for (long e = 0; e < effects; e++) {
        const double *own = slope + h * e, *border = cov->border + h * e;
        double *to = outer + h * h * (s->group[h + e] - 1);
        for (long j = 0; j < h; j++)
            for (long i = 0; i < h; i++) to[i + h * j] -= border[i] * own[j];
    }
    for (long g = 0; g < groups; g++)
        for (long k = 0; k < groups; k++) {
            const double *a = outer + h * h * g, *b = outer + h * h * k;
            double trace = 0;
            for (long j = 0; j < h; j++)
                for (long i = 0; i < h; i++) trace += a[i + h * j] * b[j + h * i];
            hess[g + groups * k] += 2 * trace;
        }
}

void surrogate_arrow_derivatives(const struct surrogate_arrow *s, struct surrogate_arrow_factor *f,
                                 double *grad, double *hess, double *work)
{
    const struct arrow_shape *shape = s->a.shape;
    long d = shape->d, h = shape->head, n = shape->size, groups = s->groups;
    struct arrow cov = place_arrow(shape, work);
    double *slope = work + arrow_doubles(shape), *outer = slope + h * arrow_effects(shape),
           *mean = outer + h * h * groups, *part = mean + d;
    memcpy(mean, f->lead, sizeof(double) * d);
    arrow_solve_upper(&f->l, mean);
    /* 4 m_i S_ij m_j, by solving for the mean of one sd at a time */
    for (int g = 1; g <= groups; g++) {
        for (long i = 0; i < d; i++) part[i] = s->group[i] == g ? mean[i] : 0;
        arrow_solve_lower(&f->l, part);
        arrow_solve_upper(&f->l, part);
        for (long i = 0; i < d; i++)
            if (s->group[i]) hess[s->group[i] - 1 + groups * (g - 1)] += 4 * mean[i] * part[i];
    }
    arrow_invert(&f->l, slope, &cov);
    for (long i = 0; i < d; i++) {
        if (s->group[i] == 0) continue;
        long e = i - h, g = s->group[i] - 1;
        double square =
            mean[i] * mean[i] + (i < h ? cov.head[i + h * i] : cov.block[e % n + n * e]);
        grad[g] += square - 1;
        hess[g + groups * g] -= 2 * square;
    }
    add_squares(s, &cov, slope, hess);
    add_levels(s, &cov, slope, outer, hess);
}

double surrogate_arrow_draw(const struct surrogate_arrow *s, const struct surrogate_arrow_factor *f,
                            double *x)
{
    long d = s->a.shape->d;
    double density = arrow_log_diagonal(&f->l) - 0.5 * d * LOG_2PI;
    for (long i = 0; i < d; i++) {
        density -= 0.5 * x[i] * x[i] + (s->group[i] ? log(f->scale[i]) : 0);
        x[i] += f->lead[i];
    }
    arrow_solve_upper(&f->l, x);
    for (long i = 0; i < d; i++) x[i] *= f->scale[i];
    return density;
}
