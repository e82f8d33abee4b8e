/* Doors of stochastic variational inference. */
#include "door_read.h"
#include "advi.h"

static struct family read_family(SEXP x, int dim)
{
    if (TYPEOF(x) != INTSXP || Rf_length(x) != 2) Rf_error("internal: family");
    struct family q = {INTEGER(x)[0], dim, INTEGER(x)[1]};
    if (q.kind == FAMILY_LOW_RANK && (q.rank < 1 || q.rank > 64)) Rf_error("internal: rank");
    return q;
}

static double *fresh(long n) { return (double *) R_alloc(n + 1, sizeof(double)); }

/* Mean over the columns of noise; with root, of the density of w where theta = centre + root w */
SEXP door_elbo(SEXP target, SEXP family, SEXP how, SEXP par, SEXP noise, SEXP centre, SEXP root)
{
    const struct target *t = read_target(target);
    struct family q = read_family(family, t->dim);
    long np = family_parameters(&q), width = family_noise(&q), d = t->dim;
    struct affine a;
    struct target moved;
    if (!Rf_isNull(root)) {
        a.inner = t;
        a.centre = check_doubles(centre, d, "'centre'");
        a.root = check_doubles(root, d * d, "'root'");
        a.work = fresh(2 * d);
        moved = target_affine(&a);
        t = &moved;
    }
    struct estimate e = {INTEGER(how)[0], INTEGER(how)[1]};
    const double *p = check_doubles(par, np, "'par'");
    if (TYPEOF(noise) != REALSXP || Rf_xlength(noise) % width) Rf_error("internal: noise");
    int n = (int) (Rf_xlength(noise) / width);
    const char *names[] = {"value", "gradient", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, np));
    double f = elbo_estimate(&q, t, NULL, &e, p, REAL(noise), n, REAL(VECTOR_ELT(out, 1)),
                             fresh(family_work(&q)));
    SET_VECTOR_ELT(out, 0, Rf_ScalarReal(f));
    UNPROTECT(1);
    return out;
}

struct optimizer read_optimizer(SEXP x)
{
    const double *o = check_doubles(x, 7, "'optimizer'");
    struct optimizer out = {(int) o[0], o[1], o[2], o[3], o[4], (int) o[5], (int) o[6]};
    return out;
}

/* settings: list(family, optimizer, estimate (2 int), draws, batch_size, batch_scale, loss_scale,
 * most_norm). Returns list(par, state, loss, done, gradient): gradient only where NaN was met. */
SEXP door_advi(SEXP target, SEXP settings, SEXP first, SEXP n, SEXP noise, SEXP rows, SEXP par,
               SEXP state)
{
    const struct target *t = read_target(target);
    struct advi_settings a;
    a.family = read_family(field(settings, "family"), t->dim);
    a.optimizer = read_optimizer(field(settings, "optimizer"));
    const int *how = integers(settings, "estimate", 2);
    a.estimate.stl = how[0];
    a.estimate.entropy = how[1];
    a.draws = (int) number(settings, "draws");
    a.batch_size = (int) number(settings, "batch_size");
    a.batch_scale = number(settings, "batch_scale");
    a.loss_scale = number(settings, "loss_scale");
    a.most_norm = number(settings, "most_norm");
    int count = Rf_asInteger(n);
    long np = family_parameters(&a.family), ns = optimizer_state(&a.optimizer, np);
    check_doubles(par, np, "'par'");
    check_doubles(state, ns, "'state'");
    check_doubles(noise, (R_xlen_t) family_noise(&a.family) * a.draws * count, "'noise'");
    const int *row = read_batches(rows, t, a.batch_size, count);
    double *work = fresh(advi_work(&a));
    struct advi_info info;
    const char *names[] = {"par", "state", "loss", "done", "gradient", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SET_VECTOR_ELT(out, 0, Rf_duplicate(par));
    SET_VECTOR_ELT(out, 1, Rf_duplicate(state));
    SET_VECTOR_ELT(out, 2, Rf_allocVector(REALSXP, count));
    advi_run(&a, t, Rf_asReal(first), count, REAL(noise), row, REAL(VECTOR_ELT(out, 0)),
             REAL(VECTOR_ELT(out, 1)), REAL(VECTOR_ELT(out, 2)), &info, work);
    SET_VECTOR_ELT(out, 3, Rf_ScalarInteger(info.done));
    if (info.bad) {
        SET_VECTOR_ELT(out, 4, Rf_allocVector(REALSXP, np));
        memcpy(REAL(VECTOR_ELT(out, 4)), work, sizeof(double) * np);
    }
    UNPROTECT(1);
    return out;
}

/* state: list(mean, root, mean_sum, scale_sum), as in advi.h. Returns it with loss and the number of bad iterations. */
SEXP door_natural(SEXP target, SEXP settings, SEXP first, SEXP n, SEXP noise, SEXP rows,
                  SEXP state)
{
    const struct target *t = read_target(target);
    struct natural_settings a;
    a.family = read_family(field(settings, "family"), t->dim);
    a.batch_size = (int) number(settings, "batch_size");
    a.batch_scale = number(settings, "batch_scale");
    a.rate = number(settings, "rate");
    a.offset = number(settings, "offset");
    a.power = number(settings, "power");
    a.most = number(settings, "most");
    a.scale_rate = number(settings, "scale_rate");
    R_xlen_t d = t->dim;
    R_xlen_t scales = a.family.kind == FAMILY_MEAN_FIELD ? d : d * d;
    int count = Rf_asInteger(n);
    const double *metric = doubles(settings, "metric", d * d);
    const double *precision =
        a.family.kind == FAMILY_MEAN_FIELD ? doubles(settings, "precision", d * d) : NULL;
    check_doubles(noise, d * count, "'noise'");
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
    natural_run(&a, t, Rf_asReal(first), count, REAL(noise), row, metric, precision, part[0],
                part[1], part[2], part[3], REAL(VECTOR_ELT(out, 4)), &info,
                fresh(natural_work(&a)));
    SET_VECTOR_ELT(out, 5, Rf_ScalarInteger(info.bad));
    UNPROTECT(1);
    return out;
}
