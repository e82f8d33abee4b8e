/* Doors of stochastic variational inference. */
#include "r_read.h"
#include "advi.h"
#include <math.h>

static struct family read_family(SEXP x, int dim)
{
    const int *code = check_integers(x, 2, "family");
    int low_rank = code[0] == FAMILY_LOW_RANK;
    struct family q = {whole_in(code[0], FAMILY_MEAN_FIELD, FAMILY_LOW_RANK, "family"), dim,
                       low_rank ? whole_in(code[1], 1, 64, "rank") : 0};
    return q;
}

static struct estimate read_estimate(SEXP how)
{
    const int *choice = check_integers(how, 2, "estimate");
    struct estimate e = {choice[0] != 0, choice[1] != 0};
    return e;
}

static double *fresh(long n) { return (double *) R_alloc(n + 1, sizeof(double)); }

/* Mean over the columns of noise; with root, of the density of w where theta = centre + root w */
SEXP r_elbo(SEXP target, SEXP family, SEXP how, SEXP par, SEXP noise, SEXP centre, SEXP root)
{
    const struct target *t = read_target(target);
    struct family q = read_family(family, t->dim);
    long np = family_parameters(&q), width = family_noise(&q), d = t->dim;
    struct affine a;
    struct target moved;
    if (!Rf_isNull(root)) {
        a.inner = t;
        a.centre = check_doubles(centre, d, "centre");
        a.root = check_doubles(root, d * d, "root");
        a.work = fresh(2 * d);
        moved = target_affine(&a);
        t = &moved;
    }
    struct estimate e = read_estimate(how);
    const double *p = check_doubles(par, np, "par");
    int n = whole_in((double) Rf_xlength(noise) / width, 1, MOST_COUNT, "draws");
    const double *z = check_doubles(noise, width * n, "noise");
    const char *names[] = {"value", "gradient", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, np));
    double f =
        elbo_estimate(&q, t, NULL, &e, p, z, n, REAL(VECTOR_ELT(out, 1)), fresh(family_work(&q)));
    SET_VECTOR_ELT(out, 0, Rf_ScalarReal(f));
    UNPROTECT(1);
    return out;
}

/* rule: list(name, rate, decay, decay2, epsilon, window, lagged) */
struct optimizer read_optimizer(SEXP rule)
{
    SEXP name = field(rule, "name");
    if (TYPEOF(name) != STRSXP || Rf_xlength(name) != 1) fail("'name' must be one string");
    struct optimizer out = {optimizer_find(CHAR(STRING_ELT(name, 0))),
                            number(rule, "rate"),
                            number(rule, "decay"),
                            number(rule, "decay2"),
                            number(rule, "epsilon"),
                            whole(rule, "window", 1, MOST_COUNT),
                            flag(rule, "lagged")};
    if (out.rule == NULL) fail("there is no optimiser '%.40s'", CHAR(STRING_ELT(name, 0)));
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

/* settings: list(family, optimizer, estimate (2 int), draws, batch_size, batch_scale, loss_scale,
 * most_norm). Returns list(par, state, loss, done, gradient): gradient only where NaN was met. */
SEXP r_advi(SEXP target, SEXP settings, SEXP first, SEXP n, SEXP noise, SEXP rows, SEXP par,
            SEXP state)
{
    const struct target *t = read_target(target);
    struct advi_settings a;
    a.family = read_family(field(settings, "family"), t->dim);
    a.optimizer = read_optimizer(field(settings, "optimizer"));
    a.estimate = read_estimate(field(settings, "estimate"));
    a.draws = whole(settings, "draws", 1, MOST_COUNT);
    a.batch_size = whole(settings, "batch_size", 0, MOST_COUNT);
    a.batch_scale = number(settings, "batch_scale");
    a.loss_scale = number(settings, "loss_scale");
    a.most_norm = number(settings, "most_norm");
    int count = check_whole(n, 0, MOST_COUNT, "iterations");
    double start = check_first(first);
    long np = family_parameters(&a.family), ns = optimizer_state(&a.optimizer, np);
    check_doubles(par, np, "par");
    check_doubles(state, ns, "state");
    double values = (double) family_noise(&a.family) * a.draws * count;
    check_doubles(noise, check_size(values, R_XLEN_T_MAX, "noise"), "noise");
    const int *row = read_batches(rows, t, a.batch_size, count);
    double *work = fresh(advi_work(&a));
    struct advi_info info;
    const char *names[] = {"par", "state", "loss", "done", "gradient", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SET_VECTOR_ELT(out, 0, Rf_duplicate(par));
    SET_VECTOR_ELT(out, 1, Rf_duplicate(state));
    SET_VECTOR_ELT(out, 2, Rf_allocVector(REALSXP, count));
    advi_run(&a, t, start, count, REAL(noise), row, REAL(VECTOR_ELT(out, 0)),
             REAL(VECTOR_ELT(out, 1)), REAL(VECTOR_ELT(out, 2)), &info, work);
    SET_VECTOR_ELT(out, 3, Rf_ScalarInteger(info.done));
    if (info.bad) {
        SET_VECTOR_ELT(out, 4, Rf_allocVector(REALSXP, np));
        memcpy(REAL(VECTOR_ELT(out, 4)), work, sizeof(double) * np);
    }
    UNPROTECT(1);
    return out;
}

/* state: list(mean, root, mean_sum, scale_sum), as in advi.h. Returns it with loss and the number
 * of bad iterations. */
SEXP r_natural(SEXP target, SEXP settings, SEXP first, SEXP n, SEXP noise, SEXP rows, SEXP state)
{
    const struct target *t = read_target(target);
    struct natural_settings a;
    a.family = read_family(field(settings, "family"), t->dim);
    if (a.family.kind == FAMILY_LOW_RANK) fail("natural gradients are not for the low-rank family");
    a.batch_size = whole(settings, "batch_size", 0, MOST_COUNT);
    a.batch_scale = number(settings, "batch_scale");
    a.rate = number(settings, "rate");
    a.offset = number(settings, "offset");
    a.power = number(settings, "power");
    a.most = number(settings, "most");
    a.scale_rate = number(settings, "scale_rate");
    R_xlen_t d = t->dim;
    R_xlen_t scales = a.family.kind == FAMILY_MEAN_FIELD ? d : d * d;
    int count = check_whole(n, 0, MOST_COUNT, "iterations");
    double start = check_first(first);
    const double *metric = doubles(settings, "metric", d * d);
    const double *precision =
        a.family.kind == FAMILY_MEAN_FIELD ? doubles(settings, "precision", d * d) : NULL;
    check_doubles(noise, d * count, "noise");
    const int *row = read_batches(rows, t, a.batch_size, count);
    struct advi_info info;
    const char *names[] = {"mean", "root", "mean_sum", "scale_sum", "loss", "bad", ""};
    R_xlen_t length[] = {d, d * d, d, scales};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    double *part[4];
    for (int j = 0; j < 4; j++) {
        const double *from = doubles(state, names[j], length[j]);
        SET_VECTOR_ELT(out, j, Rf_allocVector(REALSXP, length[j]));
        part[j] = REAL(VECTOR_ELT(out, j));
        memcpy(part[j], from, sizeof(double) * length[j]);
    }
    SET_VECTOR_ELT(out, 4, Rf_allocVector(REALSXP, count));
    natural_run(&a, t, start, count, REAL(noise), row, metric, precision, part[0], part[1], part[2],
                part[3], REAL(VECTOR_ELT(out, 4)), &info, fresh(natural_work(&a)));
    SET_VECTOR_ELT(out, 5, Rf_ScalarInteger(info.bad));
    UNPROTECT(1);
    return out;
}
