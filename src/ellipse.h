/* Elliptical slice sampling (Murray, Adams and MacKay 2010) of the coefficients of a regression
 * given its smoothing sds. With the Gaussian surrogate of loglik_and_priors (regression.h),
 * q = N(centre, C) given the sds, the posterior is q exp(gap), where
 *   gap = loglik_and_priors - (b' beta - beta' A beta / 2):
 * the prior of the penalised coefficients is part of both and cancels. A move stays on the ellipse
 *   beta(angle) = centre + (beta - centre) cos(angle) + (nu - centre) sin(angle),  nu ~ q,
 * and shrinks its bracket until gap is above a random level: it leaves the posterior as it is. */
#ifndef COVARY_ELLIPSE_H
#define COVARY_ELLIPSE_H

#include "regression.h"

#define ELLIPSE_TRIES 40 /* a bracket this often halved has no length left */

struct ellipse {
    const struct regression *model;
    const double *a, *b; /* surrogate: d x d, d */
    double *work;        /* ellipse_work(model) doubles */
};

long ellipse_work(const struct regression *model);
/* gap at beta */
double ellipse_gap(const struct ellipse *e, const double *beta);
/* Moves beta (d), whose gap is *gap; uniform: 2 + ELLIPSE_TRIES numbers in (0, 1). Returns the
 * tries. */
int ellipse_move(const struct ellipse *e, const double *centre, const double *nu,
                 const double *uniform, double *beta, double *gap);

#endif
