/* Statistics of rows, weight (1, z, z z'), in blocks: what every pass that makes moments begins
 * with. Included once a file (its functions are inlined there). */
#ifndef COVARY_MOMENTS_ROWS_H
#define COVARY_MOMENTS_ROWS_H

#include "moments.h"

#define MOMENTS_BLOCK 128
#define MOMENTS_MAX_PADDED 156 /* of MOMENTS_MAX_K responses */

static inline void prepare_one(const struct moments_rows *rows, long from, int n, double *s)
{
    const double *y = rows->y[0] + from, *w = rows->weights ? rows->weights + from : 0;
    double c = rows->centre[0], r = 1 / rows->scale[0];
    for (int i = 0; i < n; i++) {
        double weight = w ? w[i] : 1, z = (y[i] - c) * r;
        s[4 * i] = weight;
        s[4 * i + 1] = weight * z;
        s[4 * i + 2] = weight * z * z;
        s[4 * i + 3] = 0;
    }
}

static inline void prepare_two(const struct moments_rows *rows, long from, int n, double *s)
{
    const double *y1 = rows->y[0] + from, *y2 = rows->y[1] + from,
                 *w = rows->weights ? rows->weights + from : 0;
    double c1 = rows->centre[0], r1 = 1 / rows->scale[0], c2 = rows->centre[1],
           r2 = 1 / rows->scale[1];
    for (int i = 0; i < n; i++) {
        double weight = w ? w[i] : 1, z1 = (y1[i] - c1) * r1, z2 = (y2[i] - c2) * r2;
        double w1 = weight * z1, w2 = weight * z2;
        double *out = s + 8 * i;
        out[0] = weight;
        out[1] = w1;
        out[2] = w2;
        out[3] = w1 * z1;
        out[4] = w1 * z2;
        out[5] = w2 * z2;
        out[6] = out[7] = 0;
    }
}

static inline void prepare_many(const struct moments_rows *rows, long from, int n, double *s)
{
    int k = rows->k, padded = moments_padded(k);
    double z[MOMENTS_MAX_K];
    for (int i = 0; i < n; i++) {
        double weight = rows->weights ? rows->weights[from + i] : 1, *out = s + padded * i;
        int at = 0;
        out[at++] = weight;
        for (int j = 0; j < k; j++) {
            z[j] = (rows->y[j][from + i] - rows->centre[j]) / rows->scale[j];
            out[at++] = weight * z[j];
        }
        for (int j = 0; j < k; j++)
            for (int l = j; l < k; l++) out[at++] = weight * z[j] * z[l];
        while (at < padded) out[at++] = 0;
    }
}

#endif
