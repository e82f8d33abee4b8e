/* Doors of stochastic variational inference. */
#include "r_read.h"
#include "advi.h"
#include <math.h>

/* list(name, rank), made by new_variational_family() in R */
static struct family read_family(SEXP family, int dim)
{
    static const char *const names[] = {
        [FAMILY_MEAN_FIELD] = "meanfield",
        [FAMILY_FULL_RANK] = "fullrank",
        [FAMILY_LOW_RANK] = "lowrank",
    };
    const char *name = string(family, "name");
    for (int kind = FAMILY_MEAN_FIELD; kind <= FAMILY_LOW_RANK; kind++)
        if (strcmp(name, names[kind]) == 0)
            return (struct family){
                kind, dim,
                kind == FAMILY_LOW_RANK ? whole(family, "rank", 1, FAMILY_MOST_RANK) : 0};
    fail("there is no family '%.40s'", name);
    return (struct family){0};
}

/* list(stl, entropy) */
static struct estimate read_estimate(SEXP estimate)
{
    return (struct estimate){flag(estimate, "stl"), flag(estimate, "entropy")};
}

static double *new_doubles(long n) { return (double *) R_alloc(n + 1, sizeof(double)); }

/* ELBO at par and its gradient: mean over the columns of noise. */
SEXP r_elbo(SEXP target, SEXP family, SEXP estimate, SEXP par, SEXP noise)
{
    const struct target *t = read_target(target);
    struct family q = read_family(family, t->dim);
    long np = family_parameters(&q), width = family_noise(&q);
    struct estimate e = read_estimate(estimate);
    const double *p = check_doubles(par, np, "par");
    int n = whole_in((double) Rf_xlength(noise) / width, 1, MOST_COUNT, "draws");
    const double *z = check_doubles(noise, width * n, "noise");
    const char *names[] = {"value", "gradient", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, np));
    double f = elbo_estimate(&q, t, NULL, &e, p, z, n, REAL(VECTOR_ELT(out, 1)),
                             new_doubles(family_work(&q)));
    SET_VECTOR_ELT(out, 0, Rf_ScalarReal(f));
    UNPROTECT(1);
    return out;
}

/* rule: list(name, rate, decay, decay2, epsilon, window, lagged) */
struct optimizer read_optimizer(SEXP rule)
{
    const char *name = string(rule, "name");
    struct optimizer out = {optimizer_find(name),    number(rule, "rate"),
                            number(rule, "decay"),   number(rule, "decay2"),
                            number(rule, "epsilon"), whole(rule, "window", 1, MOST_COUNT),
                            flag(rule, "lagged")};
    if (out.rule == NULL) fail("there is no optimiser '%.40s'", name);
    return out;
}

/* Numbers of state a parameter */
SEXP r_optimizer_slots(SEXP rule)
{
    struct optimizer o = read_optimizer(rule);
    return Rf_ScalarInteger((int) optimizer_state(&o, 1));
}

/* Number of the first iteration, counted from 1 */
double check_first(SEXP first)
{
    double x = check_number(first, "first");
    if (!(x >= 1 && x < MOST_ITERATIONS) || x != floor(x))
        fail("'first' must count iterations from 1, not %g", x);
    return x;
}

static struct advi_settings read_advi_settings(SEXP settings, const struct target *t)
{
    return (struct advi_settings){.family = read_family(field(settings, "family"), t->dim),
                                  .optimizer = read_optimizer(field(settings, "optimizer")),
                                  .estimate = read_estimate(field(settings, "estimate")),
                                  .draws = whole(settings, "draws", 1, MOST_COUNT),
                                  .batch_size = whole(settings, "batch_size", 0, MOST_COUNT),
                                  .batch_scale = number(settings, "batch_scale"),
                                  .loss_scale = number(settings, "loss_scale"),
                                  .most_norm = number(settings, "most_norm")};
}

/* settings: list(family, optimizer, estimate, draws, batch_size, batch_scale, loss_scale,
 * most_norm); first: number of the first of n iterations. Returns list(par, memory, loss, done,
 * gradient): gradient only where NaN was met. */
SEXP r_advi(SEXP target, SEXP settings, SEXP first, SEXP n, SEXP noise, SEXP rows, SEXP par,
            SEXP memory)
{
    const struct target *t = read_target(target);
    struct advi_settings a = read_advi_settings(settings, t);
    struct advi_block block = {.n = check_whole(n, 0, MOST_COUNT, "iterations"),
                               .first = check_first(first)};
    long np = family_parameters(&a.family);
    check_doubles(par, np, "par");
    check_doubles(memory, optimizer_state(&a.optimizer, np), "memory");
    double values = (double) family_noise(&a.family) * a.draws * block.n;
    block.noise = check_doubles(noise, check_size(values, R_XLEN_T_MAX, "noise"), "noise");
    block.rows = read_batches(rows, t, a.batch_size, block.n);
    double *work = new_doubles(advi_work(&a));
    const char *names[] = {"par", "memory", "loss", "done", "gradient", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SET_VECTOR_ELT(out, 0, Rf_duplicate(par));
    SET_VECTOR_ELT(out, 1, Rf_duplicate(memory));
    SET_VECTOR_ELT(out, 2, Rf_allocVector(REALSXP, block.n));
    struct advi_state state = {REAL(VECTOR_ELT(out, 0)), REAL(VECTOR_ELT(out, 1))};
    struct advi_info info = {.loss = REAL(VECTOR_ELT(out, 2))};
    advi_run(&a, t, &block, &state, &info, work);
    SET_VECTOR_ELT(out, 3, Rf_ScalarInteger(info.done));
    if (info.bad) {
        SET_VECTOR_ELT(out, 4, Rf_allocVector(REALSXP, np));
        memcpy(REAL(VECTOR_ELT(out, 4)), work, sizeof(double) * np);
    }
    UNPROTECT(1);
    return out;
}

static struct natural_settings read_natural_settings(SEXP settings, const struct target *t)
{
    R_xlen_t d = t->dim;
    struct natural_settings a = {.family = read_family(field(settings, "family"), t->dim),
                                 .batch_size = whole(settings, "batch_size", 0, MOST_COUNT),
                                 .batch_scale = number(settings, "batch_scale"),
                                 .rate = number(settings, "rate"),
                                 .offset = number(settings, "offset"),
                                 .power = number(settings, "power"),
                                 .scale_rate = number(settings, "scale_rate"),
                                 .most = number(settings, "most"),
                                 .metric = doubles(settings, "metric", d * d)};
    if (a.family.kind == FAMILY_LOW_RANK) fail("natural gradients are not for the low-rank family");
    if (a.family.kind == FAMILY_MEAN_FIELD) a.precision = doubles(settings, "precision", d * d);
    return a;
}

/* settings and state: lists with the fields of their structs in advi.h. Returns the state with
 * loss and the number of bad iterations. */
SEXP r_natural(SEXP target, SEXP settings, SEXP first, SEXP n, SEXP noise, SEXP rows, SEXP state)
{
    const struct target *t = read_target(target);
    struct natural_settings a = read_natural_settings(settings, t);
    R_xlen_t d = t->dim;
    struct advi_block block = {.n = check_whole(n, 0, MOST_COUNT, "iterations"),
                               .first = check_first(first)};
    block.noise = check_doubles(noise, d * block.n, "noise");
    block.rows = read_batches(rows, t, a.batch_size, block.n);
    const char *names[] = {"mean", "chol_cov", "mean_sum", "scale_sum", "loss", "bad", ""};
    R_xlen_t length[] = {d, d * d, d, a.family.kind == FAMILY_MEAN_FIELD ? d : d * d};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    double *part[4];
    for (int j = 0; j < 4; j++) {
        const double *from = doubles(state, names[j], length[j]);
        SET_VECTOR_ELT(out, j, Rf_allocVector(REALSXP, length[j]));
        part[j] = REAL(VECTOR_ELT(out, j));
        memcpy(part[j], from, sizeof(double) * length[j]);
    }
    SET_VECTOR_ELT(out, 4, Rf_allocVector(REALSXP, block.n));
    struct natural_state now = {part[0], part[1], part[2], part[3]};
    struct advi_info info = {.loss = REAL(VECTOR_ELT(out, 4))};
    natural_run(&a, t, &block, &now, &info, new_doubles(natural_work(&a)));
    SET_VECTOR_ELT(out, 5, Rf_ScalarInteger(info.bad));
    UNPROTECT(1);
    return out;
}
