/* Door of Stein variational gradient descent. */
#include "r_read.h"
#include "svgd.h"

/* settings: list(particles, bandwidth, moments, batch_size, batch_scale, optimizer); temperature: a
 * number a step; x: dim x particles. list(x, state, size, done) */
SEXP r_svgd(SEXP target, SEXP settings, SEXP first, SEXP temperature, SEXP rows, SEXP x, SEXP state)
{
    const struct target *t = read_target(target);
    struct svgd_settings s;
    s.particles = whole(settings, "particles", 1, MOST_COUNT);
    s.temperature = 1;
    s.bandwidth = number(settings, "bandwidth");
    s.moments = flag(settings, "moments");
    s.batch_size = whole(settings, "batch_size", 0, MOST_COUNT);
    s.batch_scale = number(settings, "batch_scale");
    s.optimizer = read_optimizer(field(settings, "optimizer"));
    int n = whole_in((double) Rf_xlength(temperature), 0, MOST_COUNT, "iterations");
    double start = check_first(first);
    long all = (long) s.particles * t->dim;
    check_doubles(x, all, "x");
    check_doubles(state, optimizer_state(&s.optimizer, all), "state");
    const double *heat = check_doubles(temperature, n, "temperature");
    const int *row = read_batches(rows, t, s.batch_size, n);
    double *work = (double *) R_alloc(svgd_work(&s, t->dim) + 1, sizeof(double));
    const char *names[] = {"x", "state", "size", "done", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SET_VECTOR_ELT(out, 0, Rf_duplicate(x));
    SET_VECTOR_ELT(out, 1, Rf_duplicate(state));
    SET_VECTOR_ELT(out, 2, Rf_allocVector(REALSXP, n));
    int done = svgd_run(&s, t, start, n, row, heat, REAL(VECTOR_ELT(out, 0)),
                        REAL(VECTOR_ELT(out, 1)), REAL(VECTOR_ELT(out, 2)), work);
    SET_VECTOR_ELT(out, 3, Rf_ScalarInteger(done));
    UNPROTECT(1);
    return out;
}
