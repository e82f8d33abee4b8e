/* Doors of NUTS. Random numbers are R's, through callbacks: the core sees no R header. */
#include "r_read.h"
#include "nuts.h"
#include <R_ext/Random.h>

/* Every subtree asks for a uniform number, so a user can interrupt here however long a trajectory
 * grows. */
static double uniform(void *data)
{
    int *calls = (int *) data;
    if (++*calls % 1024 == 0) R_CheckUserInterrupt();
    return unif_rand();
}

static double standard_normal(void *data)
{
    (void) data;
    return norm_rand();
}

/* settings: list(most_depth, accept, adapt, dense, metric, chol_metric) */
static struct nuts_settings read_settings(SEXP x, R_xlen_t d)
{
    struct nuts_settings s;
    s.most_depth = whole(x, "most_depth", 1, 20);
    s.most_error = 1000;
    s.accept = number(x, "accept");
    s.adapt = flag(x, "adapt");
    s.dense = flag(x, "dense");
    s.metric = doubles(x, "metric", s.dense ? d * d : d);
    s.chol_metric = s.dense ? doubles(x, "chol_metric", d * d) : NULL;
    return s;
}

static const char *step_fields[] = {"log_size", "log_mean", "centre", "error", "count", ""};

static struct nuts_step read_step(SEXP x)
{
    return (struct nuts_step){number(x, "log_size"), number(x, "log_mean"), number(x, "centre"),
                              number(x, "error"), number(x, "count")};
}

static SEXP from_step(struct nuts_step step)
{
    const double value[] = {step.log_size, step.log_mean, step.centre, step.error, step.count};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, step_fields));
    for (int i = 0; i < 5; i++) SET_VECTOR_ELT(out, i, Rf_ScalarReal(value[i]));
    UNPROTECT(1);
    return out;
}

/* n transitions from theta, with a step as in nuts.h: list(theta, step, draws (dim x n), info (6 x
 * n: value, accept, energy, depth, leapfrogs, divergent)) */
SEXP r_nuts(SEXP target, SEXP settings, SEXP theta, SEXP step, SEXP n)
{
    const struct target *t = read_target(target);
    int d = t->dim, count = check_whole(n, 0, MOST_COUNT, "n"), calls = 0;
    struct nuts_settings s = read_settings(settings, d);
    struct noise u = {uniform, standard_normal, &calls};
    struct nuts_step adapted = read_step(step);
    check_doubles(theta, d, "theta");
    check_size((double) count * (d > 6 ? d : 6), MOST_TABLE, "draws");
    double *work = (double *) R_alloc(nuts_work(&s, d), sizeof(double));
    const char *names[] = {"theta", "step", "draws", "info", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SET_VECTOR_ELT(out, 0, Rf_duplicate(theta));
    SET_VECTOR_ELT(out, 2, Rf_allocMatrix(REALSXP, d, count));
    SET_VECTOR_ELT(out, 3, Rf_allocMatrix(REALSXP, 6, count));
    double *x = REAL(VECTOR_ELT(out, 0));
    GetRNGstate();
    for (int i = 0; i < count; i++) {
        struct nuts_info info;
        nuts_transition(&s, t, &u, x, &adapted, &info, work);
        memcpy(REAL(VECTOR_ELT(out, 2)) + (R_xlen_t) d * i, x, sizeof(double) * d);
        double *to = REAL(VECTOR_ELT(out, 3)) + 6L * i;
        to[0] = info.value;
        to[1] = info.accept;
        to[2] = info.energy;
        to[3] = info.depth;
        to[4] = info.leapfrogs;
        to[5] = info.divergent;
    }
    PutRNGstate();
    SET_VECTOR_ELT(out, 1, from_step(adapted));
    UNPROTECT(1);
    return out;
}

/* The step at the start of its adaptation, searched from `size` on; NULL where the log density is
 * not finite */
SEXP r_nuts_step(SEXP target, SEXP settings, SEXP theta, SEXP size)
{
    const struct target *t = read_target(target);
    struct nuts_settings s = read_settings(settings, t->dim);
    int calls = 0;
    struct noise u = {uniform, standard_normal, &calls};
    double start = check_number(size, "size");
    check_doubles(theta, t->dim, "theta");
    double *work = (double *) R_alloc(nuts_work(&s, t->dim), sizeof(double));
    GetRNGstate();
    double first = nuts_first_step(&s, t, &u, REAL(theta), start, work);
    PutRNGstate();
    return first > 0 ? from_step(nuts_new_step(first)) : R_NilValue;
}
