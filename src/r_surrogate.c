/* Doors of the smoothing level of the nested engine. */
#include "r_runs.h"
#include "simd.h"

static struct surrogate read_surrogate(SEXP a, SEXP b, SEXP group, int groups)
{
    struct surrogate s;
    s.n = whole_in((double) Rf_xlength(b), 0, 1 << 15, "penalised coefficients");
    s.groups = groups;
    s.a = check_doubles(a, (R_xlen_t) s.n * s.n, "a");
    s.b = check_doubles(b, s.n, "b");
    s.group = check_range(group, s.n, 1, groups, "group");
    return s;
}

static struct surrogate_batch new_batch(const struct surrogate *s, SEXP level)
{
    double *work = (double *) R_alloc(surrogate_batch_size(s), sizeof(double));
    return surrogate_batch(s, read_level(check_number(level, "level")), work);
}

static void marginals(const struct surrogate *s, const double *log_tau, R_xlen_t points, SEXP level,
                      double *value)
{
    struct surrogate_batch batch = new_batch(s, level);
    const double *at[SURROGATE_LANES];
    for (R_xlen_t i = 0; i < points; i += batch.lanes) {
        for (int l = 0; l < batch.lanes; l++)
            at[l] = log_tau + s->groups * (i + l < points ? i + l : i);
        surrogate_batch_factor(&batch, at);
        for (int l = 0; l < batch.lanes && i + l < points; l++)
            value[i + l] = surrogate_batch_marginal(&batch, l);
        if (i % 64 == 0) R_CheckUserInterrupt();
    }
}

/* log_tau: groups x points; order 0, 1 or 2; level: of simd.h, for order 0.
 * list(value (points), gradient (groups x points) or NULL, hessian (groups^2 x points) or NULL) */
SEXP r_surrogate_marginal(SEXP a, SEXP b, SEXP group, SEXP log_tau, SEXP order, SEXP level)
{
    check_matrix(log_tau, "log_tau");
    int groups = whole_in(Rf_nrows(log_tau), 0, 1 << 15, "groups"), points = Rf_ncols(log_tau),
        want = check_whole(order, 0, 2, "order");
    struct surrogate s = read_surrogate(a, b, group, groups);
    const char *names[] = {"value", "gradient", "hessian", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    double *value = REAL(SET_VECTOR_ELT(out, 0, Rf_allocVector(REALSXP, points)));
    if (want == 0) {
        marginals(&s, REAL(log_tau), points, level, value);
        UNPROTECT(1);
        return out;
    }
    double *grad = REAL(SET_VECTOR_ELT(out, 1, Rf_allocMatrix(REALSXP, groups, points))),
           *hess = NULL;
    if (want > 1)
        hess = REAL(SET_VECTOR_ELT(out, 2, Rf_allocMatrix(REALSXP, groups * groups, points)));
    double *work = (double *) R_alloc((size_t) s.n * s.n + 2 * (size_t) s.n, sizeof(double));
    for (R_xlen_t i = 0; i < points; i++) {
        double *g = grad + groups * i, *h = hess ? hess + (R_xlen_t) groups * groups * i : NULL;
        memset(g, 0, sizeof(double) * groups);
        if (h) memset(h, 0, sizeof(double) * groups * groups);
        value[i] = surrogate_marginal(&s, REAL(log_tau) + groups * i, g, h, work);
        if (i % 64 == 63) R_CheckUserInterrupt();
    }
    UNPROTECT(1);
    return out;
}

/* Draw number r of every run */
static void draw_each(struct surrogate_batch *batch, const struct draws *x, const struct run *runs,
                      const double *constant, R_xlen_t r)
{
    double square[SURROGATE_LANES];
    read_noise(x, runs, r, batch->lanes, batch->s->n, batch->draw, square);
    surrogate_batch_draw(batch);
    keep_draws(x, runs, r, batch->lanes, batch->s->n, batch->draw, constant, square);
}

static void draw_all(struct surrogate_batch *batch, const struct draws *x)
{
    const double *at[SURROGATE_LANES];
    struct run runs[SURROGATE_LANES];
    double constant[SURROGATE_LANES];
    for (R_xlen_t done = 0, count = 0, longest; done < x->n; count++) {
        done = next_runs(x, done, batch->lanes, runs, &longest);
        for (int l = 0; l < batch->lanes; l++) at[l] = x->log_tau + x->groups * runs[l].first;
        surrogate_batch_factor(batch, at);
        for (int l = 0; l < batch->lanes; l++)
            constant[l] = surrogate_batch_constant(batch, l, at[l]);
        for (R_xlen_t r = 0; r < longest; r++) draw_each(batch, x, runs, constant, r);
        if (count % 16 == 15) R_CheckUserInterrupt();
    }
}

/* log_tau: groups x draws, z: draws x d noise, column: of the n penalised coefficients among d.
 * list(beta (draws x d, zero in the other columns), log_density of beta given log_tau), NaN where B
 * is indefinite. */
SEXP r_surrogate_draws(SEXP a, SEXP b, SEXP group, SEXP column, SEXP log_tau, SEXP z, SEXP level)
{
    check_matrix(log_tau, "log_tau");
    check_matrix(z, "z");
    if (Rf_ncols(log_tau) != Rf_nrows(z)) fail("'log_tau' needs a column and 'z' a row a draw");
    struct draws x = {.n = Rf_ncols(log_tau), .log_tau = REAL(log_tau), .z = REAL(z)};
    x.groups = whole_in(Rf_nrows(log_tau), 0, 1 << 15, "groups");
    struct surrogate s = read_surrogate(a, b, group, x.groups);
    int d = Rf_ncols(z);
    const int *from = check_range(column, s.n, 1, d, "column");
    int *places = (int *) R_alloc(s.n, sizeof(int));
    for (int j = 0; j < s.n; j++) places[j] = from[j] - 1;
    x.column = places;
    struct surrogate_batch batch = new_batch(&s, level);
    const char *names[] = {"beta", "log_density", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    x.beta = REAL(SET_VECTOR_ELT(out, 0, Rf_allocMatrix(REALSXP, x.n, d)));
    memset(x.beta, 0, sizeof(double) * x.n * d);
    x.density = REAL(SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, x.n)));
    draw_all(&batch, &x);
    UNPROTECT(1);
    return out;
}
