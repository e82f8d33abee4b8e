#include "svgd.h"
#include <math.h>

long svgd_work(const struct svgd_settings *s, int dim)
{
    long n = s->particles;
    /* two matrices (n x n); gradients, phi, last positions (dim x n each); moments */
    return 2 * n * n + 3 * n * dim + (long) dim * (dim + 2);
}

/* k-th smallest, by Hoare's selection; x is reordered */
static double smallest(double *x, long n, long k)
{
    long low = 0, high = n - 1;
    while (low < high) {
        double pivot = x[low + (high - low) / 2];
        long i = low, j = high;
        while (i <= j) {
            while (x[i] < pivot) i++;
            while (x[j] > pivot) j--;
            if (i <= j) {
                double swap = x[i];
                x[i++] = x[j];
                x[j--] = swap;
            }
        }
        if (k <= j) high = j;
        else if (k >= i) low = i;
        else break;
    }
    return x[k];
}

static double median(double *x, long n)
{
    double upper = smallest(x, n, n / 2);
    if (n % 2) return upper;
    return 0.5 * (upper + smallest(x, n, n / 2 - 1));
}

/* d2 (n x n): squared distances between the columns of x (d x n) */
static void distances(long n, long d, const double *x, double *d2)
{
    for (long i = 0; i < n; i++) {
        d2[i + n * i] = 0;
        for (long j = 0; j < i; j++) {
            double s = 0;
            for (long a = 0; a < d; a++) {
                double u = x[a + d * i] - x[a + d * j];
                s += u * u;
            }
            d2[i + n * j] = d2[j + n * i] = s;
        }
    }
}

/* The part of the direction that the kernel 1 + sum_a (x_a - m_a) (y_a - m_a) / v_a adds, m and v
 * means and variances of the particles:  mean(g) + (C + I) (x - m) / v,  C = mean of g (x - m)' */
static void add_moment_direction(long n, long d, const double *x, const double *g, double t,
                                 double *phi, double *work)
{
    double *m = work, *v = m + d, *c = v + d;
    for (long a = 0; a < d; a++) {
        m[a] = v[a] = 0;
        for (long i = 0; i < n; i++) m[a] += x[a + d * i] / n;
        for (long i = 0; i < n; i++) v[a] += (x[a + d * i] - m[a]) * (x[a + d * i] - m[a]) / n;
        if (v[a] < 1e-300) v[a] = 1e-300;
    }
    for (long a = 0; a < d * d; a++) c[a] = 0;
    for (long i = 0; i < n; i++)
        for (long b = 0; b < d; b++) {
            double u = (x[b + d * i] - m[b]) / (n * t);
            for (long a = 0; a < d; a++) c[a + d * b] += g[a + d * i] * u;
        }
    for (long a = 0; a < d; a++) {
        double mean = 0;
        for (long i = 0; i < n; i++) mean += g[a + d * i] / (n * t);
        for (long i = 0; i < n; i++) phi[a + d * i] += mean;
        c[a + d * a] += 1;
    }
    for (long i = 0; i < n; i++)
        for (long b = 0; b < d; b++) {
            double u = (x[b + d * i] - m[b]) / v[b];
            for (long a = 0; a < d; a++) phi[a + d * i] += c[a + d * b] * u;
        }
}

static void copy(double *to, const double *from, long n)
{
    for (long i = 0; i < n; i++) to[i] = from[i];
}

/* Gradients g at x. A particle that has left the support of the target goes back to its last
 * position. */
static void find_gradients(long n, const struct target *t, const struct batch *b, double *x,
                           const double *last, double *g)
{
    long d = t->dim;
    for (long j = 0; j < n; j++) {
        double f = target_at(t, x + d * j, b, g + d * j);
        if (isfinite(f) || !last) continue;
        copy(x + d * j, last + d * j, d);
        target_at(t, x + d * j, b, g + d * j);
    }
}

/* The same without gradients, after the last step: the next run has no last positions. */
static void stay_inside(long n, const struct target *t, const struct batch *b, double *x,
                        const double *last)
{
    long d = t->dim;
    for (long j = 0; j < n; j++)
        if (!isfinite(target_at(t, x + d * j, b, NULL))) copy(x + d * j, last + d * j, d);
}

double svgd_direction(const struct svgd_settings *s, const struct target *t, const struct batch *b,
                      double *x, const double *last, double *phi, double *work)
{
    long n = s->particles, d = t->dim;
    double *d2 = work, *sorted = d2 + n * n, *g = sorted + n * n, h = s->bandwidth;
    for (long i = 0; i < n * d; i++)
        if (isnan(x[i])) return NAN;
    find_gradients(n, t, b, x, last, g);
    distances(n, d, x, d2);
    for (long i = 0; i < n * n; i++)
        if (isnan(d2[i])) return NAN; /* selection would not end */
    if (h <= 0) {
        for (long i = 0; i < n * n; i++) sorted[i] = d2[i];
        h = median(sorted, n * n) / (2 * log(n + 1.0));
        if (h < 1e-300) h = 1e-300;
    }
    for (long i = 0; i < n * d; i++) phi[i] = 0;
    for (long j = 0; j < n; j++)
        for (long i = 0; i < n; i++) {
            double k = exp(-0.5 * d2[i + n * j] / h) / n, kt = k / s->temperature, kh = k / h;
            for (long a = 0; a < d; a++)
                phi[a + d * i] += kt * g[a + d * j] + kh * (x[a + d * i] - x[a + d * j]);
        }
    if (s->moments) add_moment_direction(n, d, x, g, s->temperature, phi, g + n * d);
    return h;
}

int svgd_run(const struct svgd_settings *s, const struct target *t, const struct svgd_block *block,
             struct svgd_state *state, double *size, double *work)
{
    double *x = state->x;
    long all = (long) s->particles * t->dim;
    struct svgd_settings now = *s;
    double *phi = work, *last = work + all;
    struct batch b = {NULL, s->batch_size, s->batch_scale};
    for (int i = 0; i < block->n; i++) {
        b.row = s->batch_size ? block->rows + (long) s->batch_size * i : NULL;
        now.temperature = block->temperature[i];
        svgd_direction(&now, t, &b, x, i ? last : NULL, phi, work + 2 * all);
        double sum = 0;
        for (long j = 0; j < all; j++) {
            sum += phi[j] * phi[j];
            phi[j] = -phi[j];
        }
        size[i] = sqrt(sum / all);
        if (!isfinite(size[i])) return i;
        copy(last, x, all);
        optimizer_step(&s->optimizer, all, block->first + i, x, phi, state->memory);
    }
    if (block->n > 0) stay_inside(s->particles, t, &b, x, last);
    return block->n;
}
