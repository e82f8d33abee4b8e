/* Sums of pairs of features by bin (pairs.h). Missing values count as zeros of weight zero, so that
 * the innermost loop has no branches. */
#include "pairs.h"
#include <math.h>

/* Of one feature: z and whether it is there, and both times the weight */
struct column {
    const double *z, *there, *weighted_z, *weight;
};

long pair_sums_work(const struct pair_rows *rows) { return 4 * rows->n * (long) rows->features; }

static struct column column_of(const double *work, const struct pair_rows *rows, int feature)
{
    const double *first = work + 4 * rows->n * (long) feature;
    struct column c = {first, first + rows->n, first + 2 * rows->n, first + 3 * rows->n};
    return c;
}

static void fill_columns(const struct pair_rows *rows, double *work)
{
    long n = rows->n;
    for (int j = 0; j < rows->features; j++) {
        double *c = work + 4 * n * (long) j;
        const double *z = rows->z + n * (long) j;
        for (long i = 0; i < n; i++) {
            int there = !isnan(z[i]);
            double w = rows->weights ? rows->weights[i] : 1;
            c[i] = there ? z[i] : 0;
            c[i + n] = there;
            c[i + 2 * n] = there ? w * z[i] : 0;
            c[i + 3 * n] = there ? w : 0;
        }
    }
}

static void add_rows(const struct column *a, const struct column *b, long from, long to,
                     double *sums)
{
    double n = 0, p11 = 0, p12 = 0, p22 = 0;
    for (long i = from; i < to; i++) {
        n += a->weight[i] * b->there[i];
        p11 += a->weighted_z[i] * a->z[i] * b->there[i];
        p12 += a->weighted_z[i] * b->z[i];
        p22 += b->weighted_z[i] * b->z[i] * a->there[i];
    }
    sums[0] += n;
    sums[1] += p11;
    sums[2] += p12;
    sums[3] += p22;
}

void pair_sums_add(const struct pair_rows *rows, const int *pair, long n_pairs, double *sums,
                   double *work)
{
    fill_columns(rows, work);
    for (long k = 0; k < n_pairs; k++) {
        struct column a = column_of(work, rows, pair[2 * k]);
        struct column b = column_of(work, rows, pair[2 * k + 1]);
        double *of_pair = sums + (long) PAIR_SUMS * rows->bins * k;
        for (int bin = 0; bin < rows->bins; bin++)
            add_rows(&a, &b, rows->start[bin], rows->start[bin + 1], of_pair + PAIR_SUMS * bin);
    }
}
