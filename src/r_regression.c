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

/* Numbers from 1 that say which of the coefficients start .. start + d - 1 rows are, from 0 */
static const int *read_places(SEXP numbers, R_xlen_t n, int start, int d, const char *what)
{
    const int *from = check_range(numbers, n, 1, d, what);
    int *place = (int *) R_alloc((size_t) n + 1, sizeof(int));
    for (R_xlen_t i = 0; i < n; i++) place[i] = start + from[i] - 1;
    return place;
}

/* Cells level by level; NULL where they stand so */
static const int *order_of_levels(const int *level, int m, int levels)
{
    int sorted = 1;
    for (int i = 1; i < m; i++) sorted = sorted && level[i] >= level[i - 1];
    if (sorted) return NULL;
    int *order = (int *) R_alloc(m, sizeof(int)), *next = (int *) R_alloc(levels + 2, sizeof(int));
    memset(next, 0, sizeof(int) * (levels + 2));
    for (int i = 0; i < m; i++) next[level[i] + 2]++;
    for (int l = 1; l < levels + 2; l++) next[l] += next[l - 1];
    for (int i = 0; i < m; i++) order[next[level[i] + 1]++] = i;
    return order;
}

/* Columns of predictor j that has effects of levels (R: new_level_columns()) */
static void read_level_columns(SEXP x, int j, int start, struct regression *r, int *p, int *levels,
                               const int **place, const int **level_place)
{
    SEXP dense = field(x, "dense"), at = field(x, "at");
    r->x[j] = check_matrix(dense, "x");
    if (Rf_ncols(dense) != r->m) fail("'x' must hold matrices with a column a cell");
    p[j] = whole_in(Rf_nrows(dense), 0, r->d - start, "rows of 'x'");
    *levels = whole_in((double) Rf_xlength(at), 1, r->d - start - p[j], "levels of 'x'");
    place[j] = read_places(field(x, "rows"), p[j], start, p[j] + *levels, "rows");
    level_place[j] = read_places(at, *levels, start, p[j] + *levels, "at");
    const int *level = check_range(field(x, "level"), r->m, 1, *levels, "level");
    int *from_zero = (int *) r->level_of;
    if (from_zero == NULL) {
        from_zero = (int *) R_alloc((size_t) r->m + 1, sizeof(int));
        for (int i = 0; i < r->m; i++) from_zero[i] = level[i] - 1;
        r->level_of = from_zero;
        r->order = order_of_levels(from_zero, r->m, *levels);
        return;
    }
    for (int i = 0; i < r->m; i++)
        if (from_zero[i] != level[i] - 1) fail("predictors must have effects of the same levels");
}

/* x: a list of q matrices, or columns with effects of levels */
static void read_columns(SEXP x, struct regression *r)
{
    int q = r->likelihood->q, d = 0, levels = 0;
    if (TYPEOF(x) != VECSXP || Rf_xlength(x) != q) fail("'x' must be a list of %d matrices", q);
    int *p = (int *) R_alloc(q, sizeof(int));
    const int **place = (const int **) R_alloc(q, sizeof(int *)),
              **level_place = (const int **) R_alloc(q, sizeof(int *));
    r->x = (const double **) R_alloc(q, sizeof(double *));
    r->level_of = NULL;
    r->order = NULL;
    for (int j = 0; j < q; j++) {
        SEXP xj = VECTOR_ELT(x, j);
        level_place[j] = NULL;
        if (TYPEOF(xj) == VECSXP) {
            int before = levels;
            read_level_columns(xj, j, d, r, p, &levels, place, level_place);
            if (before && before != levels) fail("predictors must have effects of the same levels");
            d += p[j] + levels;
            continue;
        }
        r->x[j] = check_matrix(xj, "x");
        if (Rf_ncols(xj) != r->m) fail("'x' must hold matrices with a column a cell");
        p[j] = whole_in(Rf_nrows(xj), 0, r->d - d, "rows of 'x'");
        int *own = (int *) R_alloc((size_t) p[j] + 1, sizeof(int));
        for (int a = 0; a < p[j]; a++) own[a] = d + a;
        place[j] = own;
        d += p[j];
    }
    if (d != r->d) fail("'x' has %d rows, the model %d coefficients", d, r->d);
    r->p = p;
    r->place = place;
    r->level_place = level_place;
    r->position = NULL;
    if (!r->level_of) return;
    int *position = (int *) R_alloc((size_t) d + 1, sizeof(int));
    for (int j = 0, at = 0; j < q; j++) {
        for (int a = 0; a < p[j]; a++) position[place[j][a]] = at++;
        for (int l = 0; level_place[j] && l < levels; l++) position[level_place[j][l]] = at++;
    }
    r->position = position;
}

/* The priors of the head of an arrow, as a model of its own that has nothing else */
static void read_head(SEXP shape, struct regression *r)
{
    struct arrow_shape *s = (struct arrow_shape *) R_alloc(1, sizeof(struct arrow_shape));
    *s = read_shape(shape);
    if (s->d != r->d) fail("the arrow has %d coefficients, the model %d", s->d, r->d);
    int h = s->head, *group = (int *) R_alloc((size_t) h + 1, sizeof(int)),
        *family = (int *) R_alloc((size_t) h + 1, sizeof(int));
    double *prior = (double *) R_alloc(3 * (size_t) h + 1, sizeof(double));
    for (int i = 0; i < r->d; i++) {
        int at = s->at[i];
        if (i >= h) {
            if (r->group[at] == 0) fail("effects of levels must be penalised");
            continue;
        }
        group[i] = r->group[at];
        family[i] = r->family[at];
        memcpy(prior + 3 * i, r->prior + 3 * at, 3 * sizeof(double));
    }
    struct joint_prior *joint =
        (struct joint_prior *) R_alloc((size_t) r->n_joint + 1, sizeof(struct joint_prior));
    for (int i = 0; i < r->n_joint; i++) {
        joint[i] = r->joint[i];
        int *at = (int *) R_alloc((size_t) joint[i].n + 1, sizeof(int));
        for (int a = 0; a < joint[i].n; a++) {
            at[a] = s->place[r->joint[i].at[a]];
            if (at[a] >= h) fail("joint priors must be of the head of the arrow");
        }
        joint[i].at = at;
    }
    struct regression *head = (struct regression *) R_alloc(1, sizeof(struct regression));
    *head = *r;
    head->d = h;
    head->group = group;
    head->family = family;
    head->prior = prior;
    head->joint = joint;
    r->shape = s;
    r->head = head;
}

/* What r_shared_columns() found */
static void read_shared(SEXP from, struct regression *r)
{
    if (Rf_isNull(from)) return;
    SEXP of = field(from, "of"), first = field(from, "first");
    struct shared_columns *s = (struct shared_columns *) R_alloc(1, sizeof(struct shared_columns));
    s->n = whole_in((double) Rf_xlength(first), 1, r->m, "distinct columns");
    s->of = read_places(of, r->m, 0, s->n, "of");
    s->first = read_places(first, s->n, 0, r->m, "first");
    size_t q = r->likelihood->q, pairs = r->likelihood->pairs;
    s->sums = (double *) R_alloc(s->n * (2 * pairs + (LIKELIHOOD_BLOCK + 2) * q), sizeof(double));
    s->covariances = s->sums + s->n * pairs;
    s->predictors = s->covariances + s->n * pairs;
    s->gradient = s->predictors + s->n * q;
    s->draws = s->gradient + s->n * q;
    r->shared = s;
}

struct regression read_model(SEXP model)
{
    struct regression r;
    r.shape = NULL;
    r.head = NULL;
    r.shared = NULL;
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
    read_columns(field(model, "x"), &r);
    SEXP shape = optional(model, "shape");
    if (!Rf_isNull(shape)) read_head(shape, &r);
    read_shared(optional(model, "shared"), &r);
    r.level = simd_option();
    r.work = (double *) R_alloc(regression_work(r.d), sizeof(double));
    r.column = (int *) R_alloc((size_t) r.d + 1, sizeof(int));
    r.column_level = (int *) R_alloc((size_t) r.d + 1, sizeof(int));
    r.first = (int *) R_alloc((size_t) q + 1, sizeof(int));
    r.first_level = (int *) R_alloc((size_t) q + 1, sizeof(int));
    r.block = new_likelihood_block(r.likelihood);
    return r;
}

/* NULL, or list(of (a number a cell), first (a cell for each number)), from 1 */
SEXP r_shared_columns(SEXP model)
{
    struct regression r = read_model(model);
    const char *names[] = {"of", "first", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names)), of = Rf_allocVector(INTSXP, r.m);
    SET_VECTOR_ELT(out, 0, of);
    int *first = (int *) R_alloc((size_t) r.m + 1, sizeof(int)),
        *table = (int *) R_alloc(shared_table(r.m), sizeof(int)),
        n = find_shared_columns(&r, INTEGER(of), first, table);
    if (n <= r.m / 3) {
        int *kept = INTEGER(SET_VECTOR_ELT(out, 1, Rf_allocVector(INTSXP, n)));
        for (int u = 0; u < n; u++) kept[u] = first[u] + 1;
        for (int i = 0; i < r.m; i++) INTEGER(of)[i]++;
    }
    UNPROTECT(1);
    return n <= r.m / 3 ? out : R_NilValue;
}

/* list(value, gradient, hessian); the last two are filled by the caller. */
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

/* The same with an arrow for the Hessian, `hess` */
static SEXP new_arrow_evaluation(SEXP model, const struct regression *r, struct arrow *hess)
{
    SEXP out = PROTECT(new_evaluation(r->d, 1));
    SET_VECTOR_ELT(out, 2, new_arrow(field(model, "shape"), r->shape, hess));
    UNPROTECT(1);
    return out;
}

static double *head_work(const struct regression *r)
{
    return (double *) R_alloc(regression_head_work(r) + 1, sizeof(double));
}

/* The Hessian is an arrow where the model has the shape of one. */
SEXP r_loglik_and_priors(SEXP model, SEXP beta, SEXP order)
{
    struct regression r = read_model(model);
    const double *b = check_doubles(beta, r.d, "beta");
    int o = check_whole(order, 0, 2, "order");
    struct arrow hess;
    int arrow = o > 1 && r.shape;
    SEXP out = PROTECT(arrow ? new_arrow_evaluation(model, &r, &hess) : new_evaluation(r.d, o));
    double *f = REAL(VECTOR_ELT(out, 0)), *grad = o > 0 ? REAL(VECTOR_ELT(out, 1)) : NULL;
    if (o <= 0) *f = loglik_and_priors_value(&r, b);
    else if (o == 1) *f = loglik_and_priors_gradient(&r, b, grad);
    else if (arrow) *f = loglik_and_priors_arrow(&r, b, grad, &hess, head_work(&r));
    else *f = loglik_and_priors_hessian(&r, b, grad, REAL(VECTOR_ELT(out, 2)));
    UNPROTECT(1);
    return out;
}

/* every: by cubature, the Hessian is averaged at every so-manieth cell, or (0) stands at the mean;
 * exact expectations have no use for it. `cov` is an arrow where the model has the shape of one. */
SEXP r_expect_loglik_and_priors(SEXP model, SEXP mean, SEXP cov, SEXP every)
{
    struct regression r = read_model(model);
    const double *m = check_doubles(mean, r.d, "mean");
    struct cell_sample sample = {(int *) R_alloc((size_t) r.m + 1, sizeof(int)),
                                 (double *) R_alloc((size_t) r.m + 1, sizeof(double)), 0};
    int stride = check_whole(every, 0, MOST_COUNT, "every");
    if (stride > 1 && r.likelihood->expect == NULL) regression_sample(&r, stride, &sample);
    const struct cell_sample *some = stride == 1 ? NULL : &sample;
    struct arrow hess, spread;
    SEXP out = PROTECT(r.shape ? new_arrow_evaluation(model, &r, &hess) : new_evaluation(r.d, 2));
    double *f = REAL(VECTOR_ELT(out, 0)), *grad = REAL(VECTOR_ELT(out, 1));
    if (r.shape) {
        spread = read_arrow(cov, r.shape);
        *f = expect_loglik_and_priors_arrow(&r, m, &spread, some, grad, &hess, head_work(&r));
    } else {
        const double *v = check_doubles(cov, (R_xlen_t) r.d * r.d, "cov");
        *f = expect_loglik_and_priors(&r, m, v, some, grad, REAL(VECTOR_ELT(out, 2)));
    }
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
