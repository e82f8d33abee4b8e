/* Doors of the regression model. `model` is the list made by new_cells_model() in R. */
#include "r_read.h"

/* The priors of several coefficients together: a list of lists (R: joint_priors()) */
static void read_joint_priors(SEXP list, struct regression *r)
{
    r->n_joint = 0;
    r->joint = NULL;
    if (Rf_isNull(list)) return;
    if (TYPEOF(list) != VECSXP) fail("'joint' must be a list");
    r->n_joint = whole_in((double) Rf_xlength(list), 0, MOST_COUNT, "joint priors");
    struct joint_prior *joint =
        (struct joint_prior *) R_alloc((size_t) r->n_joint + 1, sizeof(struct joint_prior));
    for (int i = 0; i < r->n_joint; i++) {
        SEXP one = VECTOR_ELT(list, i);
        struct joint_prior *p = joint + i;
        p->n = whole_in((double) Rf_xlength(field(one, "location")), 0, r->d, "joint coefficients");
        const int *at = check_range(field(one, "at"), p->n, 1, r->d, "at");
        int *from_zero = (int *) R_alloc((size_t) p->n + 1, sizeof(int));
        for (int a = 0; a < p->n; a++) from_zero[a] = at[a] - 1;
        p->at = from_zero;
        p->location = doubles(one, "location", p->n);
        p->precision = doubles(one, "precision", (R_xlen_t) p->n * p->n);
        p->constant = number(one, "constant");
        int combined = !Rf_isNull(optional(one, "weights"));
        p->weights = combined ? doubles(one, "weights", p->n) : NULL;
        p->family = combined ? whole(one, "family", 0, MOST_COUNT) : 0;
        check_families(&p->family, 1, "family");
        p->par = combined ? doubles(one, "par", 3) : NULL;
    }
    r->joint = joint;
}

struct regression read_model(SEXP model)
{
    struct regression r;
    SEXP size = field(model, "size");
    r.m = whole(size, "cells", 0, MOST_COUNT);
    r.d = whole(size, "coefficients", 0, MOST_COUNT);
    r.n_smooths = whole(size, "smooths", 0, MOST_COUNT);
    R_xlen_t stats = Rf_xlength(field(model, "cells"));
    r.likelihood = read_likelihood(field(model, "likelihood"), r.m > 0 ? (long) (stats / r.m) : 0);
    int q = r.likelihood->q;
    r.cells = doubles(model, "cells", (R_xlen_t) r.likelihood->size * r.m);
    r.observed = read_observed(optional(model, "observed"), r.likelihood, r.m);
    r.offset = doubles(model, "offset", (R_xlen_t) q * r.m);
    r.group = check_range(field(model, "group"), r.d, 0, r.n_smooths, "group");
    r.family = integers(model, "family", r.d);
    check_families(r.family, r.d, "family");
    r.prior = doubles(model, "prior", 3 * (R_xlen_t) r.d);
    read_joint_priors(optional(model, "joint"), &r);
    r.sd_family = integers(model, "sd_family", r.n_smooths);
    check_families(r.sd_family, r.n_smooths, "sd_family");
    r.sd_prior = doubles(model, "sd_prior", 3 * (R_xlen_t) r.n_smooths);
    SEXP x = field(model, "x");
    if (TYPEOF(x) != VECSXP || Rf_xlength(x) != q) fail("'x' must be a list of %d matrices", q);
    int *p = (int *) R_alloc(q, sizeof(int)), *start = (int *) R_alloc(q, sizeof(int));
    const double **px = (const double **) R_alloc(q, sizeof(double *));
    int d = 0;
    for (int j = 0; j < q; j++) {
        SEXP xj = VECTOR_ELT(x, j);
        px[j] = check_matrix(xj, "x");
        if (Rf_ncols(xj) != r.m) fail("'x' must hold matrices with a column a cell");
        p[j] = whole_in(Rf_nrows(xj), 0, r.d - d, "rows of 'x'");
        start[j] = d;
        d += p[j];
    }
    if (d != r.d) fail("'x' has %d rows, the model %d coefficients", d, r.d);
    r.p = p;
    r.start = start;
    r.x = px;
    r.level = simd_option();
    r.work = (double *) R_alloc(regression_work(d), sizeof(double));
    r.column = (int *) R_alloc((size_t) d + 1, sizeof(int));
    r.first = (int *) R_alloc((size_t) q + 1, sizeof(int));
    r.block = new_likelihood_block(r.likelihood);
    return r;
}

/* list(value, gradient, hessian); the last two are filled by the caller */
static SEXP new_evaluation(int d, int order)
{
    const char *names[] = {"value", "gradient", "hessian", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SET_VECTOR_ELT(out, 0, Rf_allocVector(REALSXP, 1));
    if (order > 0) SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, d));
    if (order > 1) SET_VECTOR_ELT(out, 2, Rf_allocMatrix(REALSXP, d, d));
    UNPROTECT(1);
    return out;
}

SEXP r_loglik_and_priors(SEXP model, SEXP beta, SEXP order)
{
    struct regression r = read_model(model);
    const double *b = check_doubles(beta, r.d, "beta");
    int o = check_whole(order, 0, 2, "order");
    SEXP out = PROTECT(new_evaluation(r.d, o));
    double *f = REAL(VECTOR_ELT(out, 0));
    if (o <= 0) *f = loglik_and_priors_value(&r, b);
    else if (o == 1) *f = loglik_and_priors_gradient(&r, b, REAL(VECTOR_ELT(out, 1)));
    else *f = loglik_and_priors_hessian(&r, b, REAL(VECTOR_ELT(out, 1)), REAL(VECTOR_ELT(out, 2)));
    UNPROTECT(1);
    return out;
}

/* every: by cubature, the Hessian is averaged at every so-manieth cell, or (0) stands at the mean;
 * exact expectations have no use for it. */
SEXP r_expect_loglik_and_priors(SEXP model, SEXP mean, SEXP cov, SEXP every)
{
    struct regression r = read_model(model);
    const double *m = check_doubles(mean, r.d, "mean");
    const double *v = check_doubles(cov, (R_xlen_t) r.d * r.d, "cov");
    SEXP out = PROTECT(new_evaluation(r.d, 2));
    struct cell_sample sample = {(int *) R_alloc((size_t) r.m + 1, sizeof(int)),
                                 (double *) R_alloc((size_t) r.m + 1, sizeof(double)), 0};
    int stride = check_whole(every, 0, MOST_COUNT, "every");
    if (stride > 1 && r.likelihood->expect == NULL) regression_sample(&r, stride, &sample);
    REAL(VECTOR_ELT(out, 0))
    [0] = expect_loglik_and_priors(&r, m, v, stride == 1 ? NULL : &sample, REAL(VECTOR_ELT(out, 1)),
                                   REAL(VECTOR_ELT(out, 2)));
    UNPROTECT(1);
    return out;
}

SEXP r_loglik_and_priors_draws(SEXP model, SEXP draws)
{
    struct regression r = read_model(model);
    const double *values = check_matrix(draws, "draws");
    if (Rf_ncols(draws) != r.d) fail("'draws' must have a column a coefficient");
    int n = Rf_nrows(draws);
    SEXP out = PROTECT(Rf_allocVector(REALSXP, n));
    loglik_and_priors_draws(&r, values, n, REAL(out));
    UNPROTECT(1);
    return out;
}

SEXP r_smooths(SEXP model, SEXP theta)
{
    struct regression r = read_model(model);
    int dim = r.d + r.n_smooths;
    const double *th = check_doubles(theta, dim, "theta");
    SEXP out = PROTECT(new_evaluation(dim, 2));
    REAL(VECTOR_ELT(out, 0))
    [0] = smooths_hessian(&r, th, REAL(VECTOR_ELT(out, 1)), REAL(VECTOR_ELT(out, 2)));
    UNPROTECT(1);
    return out;
}

SEXP r_smooths_expect(SEXP model, SEXP mean, SEXP cov)
{
    struct regression r = read_model(model);
    int dim = r.d + r.n_smooths;
    const double *m = check_doubles(mean, dim, "mean");
    const double *v = check_doubles(cov, (R_xlen_t) dim * dim, "cov");
    SEXP out = PROTECT(new_evaluation(dim, 2));
    REAL(VECTOR_ELT(out, 0))
    [0] = smooths_expect(&r, m, v, REAL(VECTOR_ELT(out, 1)), REAL(VECTOR_ELT(out, 2)));
    UNPROTECT(1);
    return out;
}
