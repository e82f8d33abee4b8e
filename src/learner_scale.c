/* The covariance of one category.
 *
 *   S = L L'            u = L^-1 (x - m)           w = L^-T u = S^-1 (x - m)
 *   l = log N(x; m, S) = - d/2 log 2 pi - log |L| - u'u / 2
 *
 *   dl/dL_ij     = w_i u_j - [i = j] / L_ii        (i >= j)
 *   dl/dlog L_ii = w_i u_i L_ii - 1
 *   dl/dS_ij     = (w_i w_j - (S^-1)_ij) / 2       (S_ij and S_ji count as two numbers, as in
 *                                                   automatic differentiation of a full matrix)
 *
 * Valid covariances form one region, whatever the parameterisation:
 *   SMALLEST_SD <= L_ii <= LARGEST_SD,   |L|_F |L^-1|_F <= MAX_CONDITION
 * (rows of L in starting units).
 * Inside it every number below stays finite for stimuli up to 1e150, and L L' is positive
 * definite in double precision, not only on paper: its condition number is below 1e13.
 */
#include "learner_scale.h"
#include <math.h>

#define SMALLEST_SD 1e-30
#define LARGEST_SD 1e150
#define MAX_CONDITION_SQUARED 1e13

/* Lower triangle (t, column by column) into the lower half of a d x d matrix. */
static void unpack(int d, const double *triangle, double *lower)
{
    for (int j = 0; j < d; j++)
        for (int i = j; i < d; i++) lower[i + j * d] = *triangle++;
}

/* Cholesky factor in place. A pivot that is not positive (or not a number) ends it. */
static int cholesky(int d, double *a)
{
    for (int j = 0; j < d; j++) {
        for (int k = 0; k < j; k++)
            for (int i = j; i < d; i++) a[i + j * d] -= a[i + k * d] * a[j + k * d];
        if (!(a[j + j * d] > 0)) return 0;
        double pivot = sqrt(a[j + j * d]);
        for (int i = j; i < d; i++) a[i + j * d] /= pivot;
    }
    return 1;
}

/* Column j of L^-1 times `unit`, from row j on, into column (d). */
static void inverse_column(int d, int j, double unit, const double *lower, const double *inverse,
                           double *column)
{
    for (int i = j; i < d; i++) {
        double sum = i == j ? unit : 0;
        for (int k = j; k < i; k++) sum -= lower[i + k * d] * column[k];
        column[i] = sum * inverse[i];
    }
}

/* |L|_F^2 |L^-1|_F^2 with row i of L divided by unit_i. */
static double condition_squared(int d, const double *lower, const double *inverse,
                                const double *unit, double *column)
{
    double size = 0, inverse_size = 0;
    for (int j = 0; j < d; j++) {
        inverse_column(d, j, unit[j], lower, inverse, column);
        for (int i = j; i < d; i++) {
            double entry = lower[i + j * d] / unit[i];
            size += entry * entry;
            inverse_size += column[i] * column[i];
        }
    }
    return size * inverse_size;
}

int learner_scale_factor(enum learner_scale scale, int d, const double *parameter,
                         const double *unit, double *lower, double *inverse,
                         double *log_determinant, double *scratch)
{
    unpack(d, parameter, lower);
    if (scale == COVARIANCE && !cholesky(d, lower)) return 0;
    *log_determinant = 0;
    for (int i = 0; i < d; i++) {
        double *diagonal = lower + i + i * d;
        if (scale == LOG_CHOLESKY) {
            *log_determinant += *diagonal;
            *diagonal = exp(*diagonal);
        } else if (*diagonal > 0) {
            *log_determinant += log(*diagonal);
        }
        if (!(*diagonal >= SMALLEST_SD && *diagonal <= LARGEST_SD)) return 0;
        inverse[i] = 1 / *diagonal;
    }
    return condition_squared(d, lower, inverse, unit, scratch) <= MAX_CONDITION_SQUARED;
}

/* Gradients may saturate: with w and u finite no product below is 0 times infinity. */
static void factor_gradient(int log_diagonal, int d, double log_density_bar, const double *lower,
                            const double *inverse, const double *u, const double *w,
                            double *gradient)
{
    for (int j = 0; j < d; j++) {
        double diagonal =
            log_diagonal ? w[j] * u[j] * lower[j + j * d] - 1 : w[j] * u[j] - inverse[j];
        *gradient = bounded(*gradient + log_density_bar * diagonal, LARGEST);
        gradient++;
        for (int i = j + 1; i < d; i++, gradient++)
            *gradient = bounded(*gradient + log_density_bar * (w[i] * u[j]), LARGEST);
    }
}

static void covariance_gradient(int d, double log_density_bar, const double *lower,
                                const double *inverse, const double *w, double *gradient,
                                double *scratch)
{
    for (int j = 0; j < d; j++) inverse_column(d, j, 1, lower, inverse, scratch + j * d);
    for (int j = 0; j < d; j++)
        for (int i = j; i < d; i++, gradient++) {
            double precision = 0;
            for (int k = i; k < d; k++) precision += scratch[k + i * d] * scratch[k + j * d];
            *gradient =
                bounded(*gradient + log_density_bar * (w[i] * w[j] - precision) / 2, LARGEST);
        }
}

void learner_scale_gradient(enum learner_scale scale, int d, double log_density_bar,
                            const double *lower, const double *inverse, const double *u,
                            const double *w, double *gradient, double *scratch)
{
    if (scale == COVARIANCE)
        covariance_gradient(d, log_density_bar, lower, inverse, w, gradient, scratch);
    else factor_gradient(scale == LOG_CHOLESKY, d, log_density_bar, lower, inverse, u, w, gradient);
}
