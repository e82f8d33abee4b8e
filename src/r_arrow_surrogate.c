/* Doors of the smoothing level of the nested engine where coefficients have the shape of an
 * arrow. */
#include "r_runs.h"
#include <R_ext/Utils.h>
#include "simd.h"
#include "surrogate_levels.h"

/* b and group: d, in the order of the model; log_tau: groups x points */
static struct surrogate_arrow read_surrogate_arrow(SEXP a, SEXP b, SEXP group, SEXP log_tau,
                                                   SEXP level, const struct arrow_shape *shape)
{
    struct surrogate_arrow s;
    s.a = read_arrow(a, shape);
    check_matrix(log_tau, "log_tau");
    s.groups = whole_in(Rf_nrows(log_tau), 0, 1 << 15, "groups");
    s.vectors = read_level(check_number(level, "level"));
    const double *from = check_doubles(b, shape->d, "b");
    const int *of = check_range(group, shape->d, 0, s.groups, "group");
    double *ordered = (double *) R_alloc(shape->d, sizeof(double));
    int *groups = (int *) R_alloc(shape->d, sizeof(int));
    for (int i = 0; i < shape->d; i++) {
        ordered[i] = from[shape->at[i]];
        groups[i] = of[shape->at[i]];
    }
    s.b = ordered;
    s.group = groups;
    return s;
}

/* So much a log integral by polynomials may differ from the exact one where that is looked at: at
 * points where an sd of the levels is least and largest, and at others. */
static const double polynomial_limit = 1e-4;
enum { CHECKS = 2 * LEVELS_VARIABLES + 4 };

/* Points of log_tau (groups x points): those within the range that a polynomial is made for. */
struct points {
    const double *log_tau;
    R_xlen_t groups, points;
    double *low, *high; /* groups */
    int *inside;        /* numbers of the points within */
    int count;          /* how many these are */
};

/* `share`: of the points that may be beyond each end of the range of an sd */
static struct points points_within(const double *log_tau, int groups, R_xlen_t points, double share)
{
    struct points x = {log_tau, groups, points, NULL, NULL, NULL, 0};
    R_xlen_t beyond = (R_xlen_t) (share * points);
    double *own = (double *) R_alloc(points + 2 * groups, sizeof(double));
    x.low = own + points;
    x.high = x.low + groups;
    x.inside = (int *) R_alloc(points, sizeof(int));
    for (int g = 0; g < groups && points > 0; g++) {
        for (R_xlen_t i = 0; i < points; i++) own[i] = log_tau[g + groups * i];
        rPsort(own, (int) points, (int) beyond);
        x.low[g] = own[beyond];
        rPsort(own, (int) points, (int) (points - 1 - beyond));
        x.high[g] = own[points - 1 - beyond];
    }
    return x;
}

static int is_inside(const struct points *x, const struct surrogate_levels *p, R_xlen_t i)
{
    for (int v = 0; v < p->variables; v++) {
        double own = x->log_tau[p->sd[v] + x->groups * i];
        if (!(own >= x->low[p->sd[v]] && own <= x->high[p->sd[v]])) return 0;
    }
    return 1;
}

static double exact_value(const struct surrogate_arrow *s, const double *log_tau,
                          struct surrogate_arrow_factor *f)
{
    return surrogate_arrow_factorise(s, log_tau, f) ? NAN : surrogate_arrow_value(s, f);
}

/* value[i]: at the point with the number at[i] */
static void values_at(struct surrogate_levels *p, const struct points *x, const int *at, int count,
                      double *value)
{
    double own[SURROGATE_LANES], constant[SURROGATE_LANES];
    const double *log_tau[SURROGATE_LANES];
    int lanes = p->batch.lanes;
    for (int i = 0; i < count; i += lanes) {
        for (int l = 0; l < lanes; l++)
            log_tau[l] = x->log_tau + x->groups * at[i + l < count ? i + l : count - 1];
        surrogate_levels_factor(p, log_tau, own, constant);
        for (int l = 0; l < lanes && i + l < count; l++) value[i + l] = own[l];
        if (i / lanes % 64 == 63) R_CheckUserInterrupt();
    }
}

/* Which of the points inside are looked at: returns how many. */
static int points_to_check(const struct surrogate_levels *p, const struct points *x, int *at)
{
    int count = 0;
    for (int v = 0; v < p->variables; v++) {
        const double *own = x->log_tau + p->sd[v];
        int low = x->inside[0], high = low;
        for (int i = 1; i < x->count; i++) {
            if (own[x->groups * x->inside[i]] < own[x->groups * low]) low = x->inside[i];
            if (own[x->groups * x->inside[i]] > own[x->groups * high]) high = x->inside[i];
        }
        at[count++] = low;
        at[count++] = high;
    }
    for (int i = 0; i < 4; i++) at[count++] = x->inside[(long) (x->count - 1) * i / 3];
    return count;
}

/* Are the sds of all levels the same? */
static int levels_share_sds(const struct surrogate_arrow *s)
{
    const int *own = s->group + s->a.shape->head;
    for (long e = 0; e < arrow_effects(s->a.shape); e++)
        if (own[e] == 0 || own[e] != own[e % s->a.shape->size]) return 0;
    return 1;
}

/* The polynomial of the least degree that agrees with exact values, 1; or 0: points are factored
 * one by one, as where they are few. */
static int fit_polynomial(const struct surrogate_arrow *s, struct points *x,
                          struct surrogate_arrow_factor *f, struct surrogate_levels *out)
{
    if (!levels_share_sds(s)) return 0;
    int m = levels_variables(s), most = LEVELS_DEGREE, at[CHECKS];
    if (m > LEVELS_VARIABLES) return 0;
    while (most > 1 && 4 * levels_terms(m, most) > x->points) most--;
    if (most < 2) return 0;
    double *work = (double *) R_alloc(surrogate_levels_size(s, most), sizeof(double));
    int *integers = (int *) R_alloc(surrogate_levels_integers(s, most), sizeof(int));
    surrogate_levels_start(out, s, most, x->low, x->high, work, integers);
    for (R_xlen_t i = 0; i < x->points; i++)
        if (is_inside(x, out, i)) x->inside[x->count++] = (int) i;
    if (x->count < x->points / 2) return 0;
    double exact[CHECKS], value[CHECKS];
    int checks = points_to_check(out, x, at);
    for (int i = 0; i < checks; i++) exact[i] = exact_value(s, x->log_tau + x->groups * at[i], f);
    while (out->degree < most) {
        if (surrogate_levels_extend(out)) return 0;
        if (out->degree < 2) continue;
        values_at(out, x, at, checks, value);
        int agree = 0;
        while (agree < checks && fabs(value[agree] - exact[agree]) < polynomial_limit) agree++;
        if (agree == checks) return 1;
    }
    return 0;
}

/* value (points) */
static void all_values(const struct surrogate_arrow *s, struct points *x,
                       struct surrogate_arrow_factor *f, double *value)
{
    struct surrogate_levels polynomial;
    double *own = (double *) R_alloc(x->points, sizeof(double));
    for (R_xlen_t i = 0; i < x->points; i++) value[i] = R_PosInf; /* not known */
    if (fit_polynomial(s, x, f, &polynomial)) {
        values_at(&polynomial, x, x->inside, x->count, own);
        for (int i = 0; i < x->count; i++) value[x->inside[i]] = own[i];
    }
    for (R_xlen_t i = 0; i < x->points; i++) {
        if (value[i] == R_PosInf) value[i] = exact_value(s, x->log_tau + x->groups * i, f);
        if (i % 16 == 15) R_CheckUserInterrupt();
    }
}

/* order 0: list(value (points)); else for one point with gradient and Hessian */
SEXP r_arrow_marginal(SEXP a, SEXP b, SEXP group, SEXP log_tau, SEXP order, SEXP level)
{
    struct arrow_shape shape = read_shape(field(a, "shape"));
    struct surrogate_arrow s = read_surrogate_arrow(a, b, group, log_tau, level, &shape);
    int points = Rf_ncols(log_tau), g = s.groups, want = check_whole(order, 0, 2, "order");
    const char *names[] = {"value", "gradient", "hessian", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    double *value = REAL(SET_VECTOR_ELT(out, 0, Rf_allocVector(REALSXP, points))), *grad = NULL,
           *hess = NULL, *more = NULL;
    if (want) {
        if (points != 1) fail("derivatives are of one point");
        grad = REAL(SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, g)));
        hess = REAL(SET_VECTOR_ELT(out, 2, Rf_allocMatrix(REALSXP, g, g)));
        memset(grad, 0, sizeof(double) * g);
        memset(hess, 0, sizeof(double) * g * g);
        more = (double *) R_alloc(surrogate_arrow_derivative_size(&s), sizeof(double));
    }
    struct surrogate_arrow_factor f =
        surrogate_arrow_factor(&s, (double *) R_alloc(surrogate_arrow_size(&s), sizeof(double)));
    if (want) {
        int status = surrogate_arrow_factorise(&s, REAL(log_tau), &f);
        *value = status ? NAN : surrogate_arrow_value(&s, &f);
        if (!status) surrogate_arrow_derivatives(&s, &f, grad, hess, more);
    } else {
        struct points x = points_within(REAL(log_tau), g, points, 0.005);
        all_values(&s, &x, &f, value);
    }
    UNPROTECT(1);
    return out;
}

static void draw_by_polynomial(struct surrogate_levels *p, const struct draws *x)
{
    int lanes = p->batch.lanes, d = p->s->a.shape->d;
    const double *at[SURROGATE_LANES];
    struct run runs[SURROGATE_LANES];
    double value[SURROGATE_LANES], constant[SURROGATE_LANES], square[SURROGATE_LANES];
    double *draw = (double *) R_alloc((size_t) d * lanes, sizeof(double));
    for (R_xlen_t done = 0, count = 0, longest; done < x->n; count++) {
        done = next_runs(x, done, lanes, runs, &longest);
        for (int l = 0; l < lanes; l++) at[l] = x->log_tau + x->groups * runs[l].first;
        surrogate_levels_factor(p, at, value, constant);
        for (R_xlen_t r = 0; r < longest; r++) {
            read_noise(x, runs, r, lanes, d, draw, square);
            surrogate_levels_draw(p, draw);
            keep_draws(x, runs, r, lanes, d, draw, constant, square);
        }
        if (count % 16 == 15) R_CheckUserInterrupt();
    }
}

static void draw_one_by_one(const struct surrogate_arrow *s, struct surrogate_arrow_factor *f,
                            const struct draws *x)
{
    R_xlen_t d = s->a.shape->d;
    double *draw = (double *) R_alloc(d, sizeof(double));
    struct run run = {0, 0};
    while (run.last < x->n) {
        run = next_run(x, run.last);
        int status = surrogate_arrow_factorise(s, x->log_tau + x->groups * run.first, f);
        for (R_xlen_t i = run.first; i < run.last; i++) {
            for (R_xlen_t j = 0; j < d; j++) draw[j] = x->z[i + x->n * x->column[j]];
            x->density[i] = status ? NAN : surrogate_arrow_draw(s, f, draw);
            for (R_xlen_t j = 0; j < d; j++)
                x->beta[i + x->n * x->column[j]] = status ? NAN : draw[j];
        }
        R_CheckUserInterrupt();
    }
}

/* log_tau: groups x n; z: n x d noise. list(beta (n x d), log_density (n)) */
SEXP r_arrow_draws(SEXP a, SEXP b, SEXP group, SEXP log_tau, SEXP z, SEXP level)
{
    struct arrow_shape shape = read_shape(field(a, "shape"));
    struct surrogate_arrow s = read_surrogate_arrow(a, b, group, log_tau, level, &shape);
    struct draws x = {.z = check_matrix(z, "z"), .log_tau = REAL(log_tau), .groups = s.groups};
    x.n = Rf_nrows(z);
    x.column = shape.at;
    if (Rf_ncols(z) != shape.d || Rf_ncols(log_tau) != x.n) fail("'z' and 'log_tau' must agree");
    const char *names[] = {"beta", "log_density", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    x.beta = REAL(SET_VECTOR_ELT(out, 0, Rf_allocMatrix(REALSXP, x.n, shape.d)));
    x.density = REAL(SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, x.n)));
    struct surrogate_arrow_factor f =
        surrogate_arrow_factor(&s, (double *) R_alloc(surrogate_arrow_size(&s), sizeof(double)));
    struct surrogate_levels polynomial;
    struct points all = points_within(x.log_tau, x.groups, x.n, 0);
    if (fit_polynomial(&s, &all, &f, &polynomial)) draw_by_polynomial(&polynomial, &x);
    else draw_one_by_one(&s, &f, &x);
    UNPROTECT(1);
    return out;
}
