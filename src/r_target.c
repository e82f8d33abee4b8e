/* Doors of the targets: what an R list describes becomes a struct target. */
#include "r_read.h"

static const struct target *keep(struct target t)
{
    struct target *out = (struct target *) R_alloc(1, sizeof(struct target));
    *out = t;
    return out;
}

/* data: list(n, y, group, prior: list(mean, sd, low, high, nu_mean)), as in target.h */
static struct target read_t_groups(SEXP data)
{
    struct t_groups *g = (struct t_groups *) R_alloc(1, sizeof(struct t_groups));
    g->n = whole(data, "n", 0, MOST_COUNT);
    g->y = doubles(data, "y", g->n);
    g->group = check_range(field(data, "group"), g->n, 0, 1, "group");
    SEXP prior = field(data, "prior");
    g->mean = number(prior, "mean");
    g->sd = positive(prior, "sd");
    g->low = number(prior, "low");
    g->high = number(prior, "high");
    g->nu_mean = positive(prior, "nu_mean");
    if (!(g->low < g->high)) fail("'low' must lie below 'high'");
    return target_t_groups(g);
}

/* k known values, or NULL where they are to be found */
static const double *known(SEXP data, const char *name, int k)
{
    return Rf_isNull(field(data, name)) ? NULL : doubles(data, name, k);
}

/* data: list(k, n, y, weight, mean, sd (NULL: unknown), prior: list(mean_location, mean_scale,
 * sd_scale, concentration)), as in target.h */
static struct target read_mixture(SEXP data)
{
    struct mixture *m = (struct mixture *) R_alloc(1, sizeof(struct mixture));
    m->k = whole(data, "k", 1, MIXTURE_MOST);
    m->n = whole(data, "n", 0, MOST_COUNT);
    m->y = doubles(data, "y", m->n);
    m->weight = known(data, "weight", m->k);
    m->mean = known(data, "mean", m->k);
    m->sd = known(data, "sd", m->k);
    if (m->n == 0 && !(m->weight && m->mean && m->sd)) fail("a mixture without data must be known");
    SEXP prior = field(data, "prior");
    m->mean_location = number(prior, "mean_location");
    m->mean_scale = positive(prior, "mean_scale");
    m->sd_scale = positive(prior, "sd_scale");
    m->concentration = positive(prior, "concentration");
    return target_mixture(m);
}

/* target: list(data: the model, snapshot and analytic_prior: may be missing) */
static const struct regression_target *read_regression(SEXP target)
{
    struct regression_target *out =
        (struct regression_target *) R_alloc(1, sizeof(struct regression_target));
    struct regression *r = (struct regression *) R_alloc(1, sizeof(struct regression));
    *r = read_model(field(target, "data"));
    if (r->d + r->n_smooths < 1) fail("a model without parameters is no target");
    out->model = r;
    out->snapshot = NULL;
    out->analytic_prior = !Rf_isNull(optional(target, "analytic_prior"));
    SEXP snapshot = optional(target, "snapshot");
    if (!Rf_isNull(snapshot)) {
        struct snapshot *a = (struct snapshot *) R_alloc(1, sizeof(struct snapshot));
        a->value_of = doubles(snapshot, "value_of", r->m);
        a->gradient_of = doubles(snapshot, "gradient_of", (R_xlen_t) r->likelihood->q * r->m);
        a->gradient = doubles(snapshot, "gradient", r->d);
        a->value =
            *doubles(snapshot, "value", 1); /* NaN where the snapshot lies outside the support */
        out->snapshot = a;
    }
    return out;
}

/* n positions from 1 to `most`, as the core counts them: from 0 */
static const int *positions(SEXP list, const char *name, int n, int most)
{
    const int *from = integers(list, name, n);
    int *out = (int *) R_alloc((size_t) n + 1, sizeof(int));
    check_range(field(list, name), n, 1, most, name);
    for (int i = 0; i < n; i++) out[i] = from[i] - 1;
    return out;
}

/* smooths: list of list(first, size, sd, h, r, rotation); positions count from 1 */
static struct target read_conditional(SEXP target)
{
    const struct regression_target *r = read_regression(target);
    struct conditional *p = (struct conditional *) R_alloc(1, sizeof(struct conditional));
    SEXP smooths = field(target, "smooths");
    p->inner = keep(target_regression(r));
    if (TYPEOF(smooths) != VECSXP) fail("'smooths' must be a list");
    p->blocks = whole_in((double) Rf_xlength(smooths), 0, r->model->d, "smooths");
    struct smooth_block *block =
        (struct smooth_block *) R_alloc(p->blocks + 1, sizeof(struct smooth_block));
    for (int i = 0; i < p->blocks; i++) {
        SEXP one = VECTOR_ELT(smooths, i);
        SEXP rotation = field(one, "rotation");
        block[i].first = whole(one, "first", 1, r->model->d) - 1;
        R_xlen_t size = block[i].size = whole(one, "size", 0, r->model->d - block[i].first);
        block[i].sd = whole(one, "sd", r->model->d + 1, p->inner->dim) - 1;
        block[i].h = doubles(one, "h", size);
        block[i].r = doubles(one, "r", size);
        block[i].rotation = Rf_isNull(rotation) ? NULL : doubles(one, "rotation", size * size);
    }
    p->block = block;
    p->unpenalised =
        whole_in((double) Rf_xlength(field(target, "unpenalised")), 0, r->model->d, "unpenalised");
    p->penalised = r->model->d - p->unpenalised;
    p->unpenalised_at = positions(target, "unpenalised", p->unpenalised, r->model->d);
    p->penalised_at = positions(target, "penalised", p->penalised, r->model->d);
    p->slope = doubles(target, "slope", (R_xlen_t) p->unpenalised * p->penalised);
    p->work = (double *) R_alloc(conditional_work(p->inner->dim), sizeof(double));
    return target_conditional(p);
}

/* list(value_of, gradient_of, gradient, value) at beta, as in regression.h */
SEXP r_snapshot(SEXP model, SEXP beta)
{
    struct regression r = read_model(model);
    const double *b = check_doubles(beta, r.d, "beta");
    const char *names[] = {"value_of", "gradient_of", "gradient", "value", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SET_VECTOR_ELT(out, 0, Rf_allocVector(REALSXP, r.m));
    SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, (R_xlen_t) r.likelihood->q * r.m));
    SET_VECTOR_ELT(out, 2, Rf_allocVector(REALSXP, r.d));
    double f = loglik_and_priors_snapshot(&r, b, REAL(VECTOR_ELT(out, 0)), REAL(VECTOR_ELT(out, 1)),
                                          REAL(VECTOR_ELT(out, 2)));
    SET_VECTOR_ELT(out, 3, Rf_ScalarReal(f));
    UNPROTECT(1);
    return out;
}

const struct target *read_target(SEXP target)
{
    const char *kind = string(target, "kind");
    SEXP data = field(target, "data");
    if (strcmp(kind, "r") == 0)
        return keep(target_r(target, whole(target, "dim", 1, MOST_COUNT),
                             whole(target, "rows", 0, MOST_COUNT)));
    if (strcmp(kind, "t_groups") == 0) return keep(read_t_groups(data));
    if (strcmp(kind, "mixture") == 0) {
        struct target t = read_mixture(data);
        if (t.dim < 1) fail("a mixture without unknown parameters is no target");
        return keep(t);
    }
    if (strcmp(kind, "regression") == 0) return keep(target_regression(read_regression(target)));
    if (strcmp(kind, "conditional") == 0) return keep(read_conditional(target));
    fail("there is no target of kind '%.40s'", kind);
    return NULL;
}

const int *read_batches(SEXP rows, const struct target *t, int size, R_xlen_t n)
{
    if (size == 0) return NULL;
    if (t->batch == NULL) fail("this target has no rows");
    R_xlen_t all = check_size((double) size * n, R_XLEN_T_MAX, "rows");
    const int *row = check_range(rows, all, 1, t->rows, "rows");
    int *out = (int *) R_alloc(all + 1, sizeof(int));
    for (R_xlen_t i = 0; i < all; i++) out[i] = row[i] - 1;
    return out;
}

/* theta: dim x n; list(value (n), gradient (dim x n) or NULL) */
SEXP r_target(SEXP target, SEXP theta, SEXP rows, SEXP scale, SEXP gradient)
{
    const struct target *t = read_target(target);
    int n = whole_in((double) Rf_xlength(theta) / t->dim, 0, MOST_COUNT, "columns of theta");
    const double *at = check_doubles(theta, (R_xlen_t) t->dim * n, "theta");
    int size = whole_in((double) Rf_xlength(rows), 0, MOST_COUNT, "rows");
    struct batch b = {read_batches(rows, t, size, 1), size, check_number(scale, "scale")};
    int want = check_number(gradient, "gradient") != 0;
    const char *names[] = {"value", "gradient", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SET_VECTOR_ELT(out, 0, Rf_allocVector(REALSXP, n));
    if (want) SET_VECTOR_ELT(out, 1, Rf_allocMatrix(REALSXP, t->dim, n));
    for (R_xlen_t i = 0; i < n; i++) REAL(VECTOR_ELT(out, 0))
    [i] = target_at(t, at + t->dim * i, &b, want ? REAL(VECTOR_ELT(out, 1)) + t->dim * i : NULL);
    UNPROTECT(1);
    return out;
}
