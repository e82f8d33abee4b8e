/* Door of Stein variational gradient descent. */
#include "r_read.h"
#include "svgd.h"

static struct svgd_settings read_settings(SEXP settings)
{
    return (struct svgd_settings){.particles = whole(settings, "particles", 1, MOST_COUNT),
                                  .temperature = 1, /* of each step: svgd_run() */
                                  .bandwidth = number(settings, "bandwidth"),
                                  .moments = flag(settings, "moments"),
                                  .batch_size = whole(settings, "batch_size", 0, MOST_COUNT),
                                  .batch_scale = number(settings, "batch_scale"),
                                  .optimizer = read_optimizer(field(settings, "optimizer"))};
}

/* settings: list(particles, bandwidth, moments, batch_size, batch_scale, optimizer); first: number
 * of the first step; temperature: a number a step; x: dim x particles. Returns list(x, memory,
 * size, done), as in svgd.h. */
SEXP r_svgd(SEXP target, SEXP settings, SEXP first, SEXP temperature, SEXP rows, SEXP x,
            SEXP memory)
{
    const struct target *t = read_target(target);
    struct svgd_settings s = read_settings(settings);
    struct svgd_block block = {
        .n = whole_in((double) Rf_xlength(temperature), 0, MOST_COUNT, "iterations"),
        .first = check_first(first)};
    long all = (long) s.particles * t->dim;
    check_doubles(x, all, "x");
    check_doubles(memory, optimizer_state(&s.optimizer, all), "memory");
    block.temperature = check_doubles(temperature, block.n, "temperature");
    block.rows = read_batches(rows, t, s.batch_size, block.n);
    double *work = (double *) R_alloc(svgd_work(&s, t->dim) + 1, sizeof(double));
    const char *names[] = {"x", "memory", "size", "done", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SET_VECTOR_ELT(out, 0, Rf_duplicate(x));
    SET_VECTOR_ELT(out, 1, Rf_duplicate(memory));
    SET_VECTOR_ELT(out, 2, Rf_allocVector(REALSXP, block.n));
    struct svgd_state state = {REAL(VECTOR_ELT(out, 0)), REAL(VECTOR_ELT(out, 1))};
    int done = svgd_run(&s, t, &block, &state, REAL(VECTOR_ELT(out, 2)), work);
    SET_VECTOR_ELT(out, 3, Rf_ScalarInteger(done));
    UNPROTECT(1);
    return out;
}
