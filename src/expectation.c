#include "expectation.h"
#include <math.h>

double expect_terms(int k, int q, int n_terms, const struct exp_term *terms, double n,
                    const double *y, const double *scatter, const double *sums,
                    const double *mean, const double *cov, double *grad, double *hess)
{
    double value = 0;
    for (int s = 0; s < n_terms; s++) {
        const double *t = terms[s].t;
        int a = terms[s].a, b = terms[s].b;
        double vt[KERNEL_MAX_Q], exponent = 0;
        for (int i = 0; i < q; i++) {
            vt[i] = 0;
            for (int j = 0; j < q; j++)
                if (t[j] != 0) vt[i] += cov[i + q * j] * t[j];
            exponent += t[i] * (mean[i] + 0.5 * vt[i]);
        }
        double e = terms[s].weight * exp(exponent);
        double da = y[a] - mean[a] - vt[a], db = y[b] - mean[b] - vt[b];
        double f = e * (scatter[a + k * b] + n * (da * db + cov[a + q * b]));
        double fa = -e * n * db, fb = -e * n * da; /* through m_a and through m_b */
        if (sums) {
            f += e * (da * sums[b] + db * sums[a]);
            fa -= e * sums[b];
            fb -= e * sums[a];
        }
        value += f;
        for (int i = 0; i < q; i++) {
            grad[i] += f * t[i];
            for (int j = 0; j < q; j++) hess[i + q * j] += f * t[i] * t[j];
        }
        grad[a] += fa;
        grad[b] += fb;
        for (int i = 0; i < q; i++) {
            hess[i + q * a] += fa * t[i];
            hess[a + q * i] += fa * t[i];
            hess[i + q * b] += fb * t[i];
            hess[b + q * i] += fb * t[i];
        }
        hess[a + q * b] += e * n;
        hess[b + q * a] += e * n;
    }
    return value;
}
