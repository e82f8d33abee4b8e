/* Doors of the smoothing level of the nested engine. */
#include "r_read.h"
#include "scalar.h"
#include "simd.h"
#include "surrogate_batch.h"

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

static void marginals(const struct surrogate *s, const double *t, R_xlen_t points, SEXP level,
                      double *value)
{
    struct surrogate_batch batch = new_batch(s, level);
    const double *at[SURROGATE_LANES];
    for (R_xlen_t i = 0; i < points; i += batch.lanes) {
        for (int l = 0; l < batch.lanes; l++) at[l] = t + s->groups * (i + l < points ? i + l : i);
        surrogate_batch_factor(&batch, at);
        for (int l = 0; l < batch.lanes && i + l < points; l++)
            value[i + l] = surrogate_batch_marginal(&batch, l);
        if (i % 64 == 0) R_CheckUserInterrupt();
    }
}

/* t: groups x points; order 0, 1 or 2; level: of simd.h, for order 0. list(value (points), gradient
 * (groups x points) or NULL, hessian (groups^2 x points) or NULL) */
SEXP r_surrogate_marginal(SEXP a, SEXP b, SEXP group, SEXP t, SEXP order, SEXP level)
{
    check_matrix(t, "t");
    int groups = whole_in(Rf_nrows(t), 0, 1 << 15, "groups"), points = Rf_ncols(t),
        want = check_whole(order, 0, 2, "order");
    struct surrogate s = read_surrogate(a, b, group, groups);
    const char *names[] = {"value", "gradient", "hessian", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    double *value = REAL(SET_VECTOR_ELT(out, 0, Rf_allocVector(REALSXP, points)));
    if (want == 0) {
        marginals(&s, REAL(t), points, level, value);
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
        value[i] = surrogate_marginal(&s, REAL(t) + groups * i, g, h, work);
        if (i % 64 == 63) R_CheckUserInterrupt();
    }
    UNPROTECT(1);
    return out;
}

/* Draws first .. last - 1 have the same t. */
struct run {
    R_xlen_t first, last;
};

static struct run next_run(const double *t, int groups, R_xlen_t first, R_xlen_t draws)
{
    struct run run = {first, first + 1};
    size_t bytes = groups * sizeof(double);
    while (run.last < draws && memcmp(t + groups * first, t + groups * run.last, bytes) == 0)
        run.last++;
    return run;
}

/* t: groups x draws, z: draws x d noise, column: of the n penalised coefficients among d. list(beta (draws x d,
 * zero in the other columns), log_density of beta given t), NaN where B is indefinite. */
SEXP r_surrogate_draws(SEXP a, SEXP b, SEXP group, SEXP column, SEXP t, SEXP z, SEXP level)
{
    check_matrix(t, "t");
    check_matrix(z, "z");
    if (Rf_ncols(t) != Rf_nrows(z)) fail("'t' needs a column and 'z' a row a draw");
    int groups = whole_in(Rf_nrows(t), 0, 1 << 15, "groups");
    R_xlen_t draws = Rf_ncols(t);
    struct surrogate s = read_surrogate(a, b, group, groups);
    int d = Rf_ncols(z);
    const int *place = check_range(column, s.n, 1, d, "column");
    struct surrogate_batch batch = new_batch(&s, level);
    const char *names[] = {"beta", "log_density", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    double *beta = REAL(SET_VECTOR_ELT(out, 0, Rf_allocMatrix(REALSXP, draws, d)));
    memset(beta, 0, sizeof(double) * draws * d);
    double *density = REAL(SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, draws)));
    const double *at[SURROGATE_LANES];
    struct run runs[SURROGATE_LANES];
    double constant[SURROGATE_LANES];
    int lanes = batch.lanes;
    for (R_xlen_t done = 0, count = 0; done < draws; count++) {
        /* resampled draws repeat their t: one factor serves them all */
        R_xlen_t longest = 0;
        for (int l = 0; l < lanes; l++) {
            runs[l] = done < draws ? next_run(REAL(t), groups, done, draws) : runs[l - 1];
            done = runs[l].last;
            if (done - runs[l].first > longest) longest = done - runs[l].first;
            at[l] = REAL(t) + groups * runs[l].first;
        }
        surrogate_batch_factor(&batch, at);
        for (int l = 0; l < lanes; l++) constant[l] = surrogate_batch_constant(&batch, l, at[l]);
        for (R_xlen_t r = 0; r < longest; r++) {
            R_xlen_t i[SURROGATE_LANES];
            double square[SURROGATE_LANES] = {0};
            for (int l = 0; l < lanes; l++)
                i[l] = runs[l].first + r < runs[l].last ? runs[l].first + r : runs[l].first;
            for (int j = 0; j < s.n; j++)
                for (int l = 0; l < lanes; l++) {
                    double x = REAL(z)[i[l] + draws * (place[j] - 1)];
                    square[l] += x * x;
                    batch.draw[j * lanes + l] = x;
                }
            surrogate_batch_draw(&batch);
            for (int l = 0; l < lanes; l++) {
                if (runs[l].first + r >= runs[l].last) continue;
                density[i[l]] = constant[l] - 0.5 * (square[l] + s.n * LOG_2PI);
                for (int j = 0; j < s.n; j++)
                    beta[i[l] + draws * (place[j] - 1)] = batch.draw[j * lanes + l];
            }
        }
        if (count % 16 == 15) R_CheckUserInterrupt();
    }
    UNPROTECT(1);
    return out;
}
