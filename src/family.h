/* Gaussian families theta = mu + (scale) z and Monte Carlo estimates of their ELBO.
 *
 * Parameters par (softplus(x) = log(1 + e^x) keeps scales positive, as in PyMC):
 *   mean-field  mu (d), rho (d):            theta = mu + softplus(rho) z,        z of d
 *   full-rank   mu (d), lower triangle of L by columns, diagonal through softplus:
 *                                            theta = mu + L z,                    z of d
 *   low-rank    mu (d), rho (d), B (d x r):  theta = mu + softplus(rho) z_1 + B z_2, z of d + r */
#ifndef COVARY_FAMILY_H
#define COVARY_FAMILY_H

#include "target.h"

#define FAMILY_MOST_RANK 64

enum family_kind { FAMILY_MEAN_FIELD, FAMILY_FULL_RANK, FAMILY_LOW_RANK };

struct family {
    int kind, dim;
    int rank; /* columns of B; 0 but for the low-rank family */
};

long family_parameters(const struct family *q);
int family_noise(const struct family *q);
long family_work(const struct family *q);

/* Mean over n draws of log p(theta) - log q(theta), and in grad its gradient by par.
 * noise: family_noise x n, a column a draw. With `stl` the gradient leaves out the score of q
 * (Roeder, Wu and Duvenaud 2017): no noise when q is exact. With `entropy` the value uses the
 * closed form entropy instead of -log q at the draws: no noise from q in the value.
 * grad may be NULL; work: family_work doubles. */
struct estimate {
    int stl, entropy;
};
double elbo_estimate(const struct family *q, const struct target *t, const struct batch *b,
                     const struct estimate *how, const double *par, const double *noise, int n,
                     double *grad, double *work);

#endif
