/* Doors of the category learner: R vectors in, R vectors out, nothing kept. */
#include "r_read.h"
#include "learner.h"
#include <math.h>

/* The core counts parameters and work in ints: learner_work_size() and learner_parameters() lie
 * below this. */
static void check_dimensions(double d, double g)
{
    check_size(d * d * (g + 1) + g * (5 * d + d * d + g + 7), INT_MAX, "learner");
}

static struct learner_settings read_settings(SEXP list)
{
    int d = whole(list, "dimensions", 1, MOST_COUNT), g = whole(list, "categories", 1, MOST_COUNT);
    check_dimensions(d, g);
    return (struct learner_settings){
        .dimensions = d,
        .categories = g,
        .rows = whole(list, "rows", 1, MOST_COUNT),
        .batch = whole(list, "batch", 1, INT_MAX),
        .scale = (enum learner_scale) whole(list, "scale", LOG_CHOLESKY, COVARIANCE),
        .log_activation = flag(list, "log_activation"),
        .bias = flag(list, "bias"),
        .mean_rate = number(list, "mean_rate"),
        .scale_rate = number(list, "scale_rate"),
        .weight_rate = number(list, "weight_rate"),
        .momentum = number(list, "momentum"),
        .unit = doubles(list, "unit", (R_xlen_t) d * g)};
}

static struct learner_work new_work(const struct learner_settings *settings)
{
    struct learner_work work;
    double *block = (double *) R_alloc(learner_work_size(settings), sizeof(double));
    learner_work_carve(settings, block, &work);
    return work;
}

static SEXP new_list(int n, const char **names)
{
    SEXP list = PROTECT(Rf_allocVector(VECSXP, n)), names_ = PROTECT(Rf_allocVector(STRSXP, n));
    for (int i = 0; i < n; i++) SET_STRING_ELT(names_, i, Rf_mkChar(names[i]));
    Rf_setAttrib(list, R_NamesSymbol, names_);
    UNPROTECT(2);
    return list;
}

/* Fills a slot of a protected list with a copy of n doubles or a fresh vector. */
static double *copy_slot(SEXP list, int i, SEXP from, const char *name, R_xlen_t n)
{
    doubles(from, name, n);
    SET_VECTOR_ELT(list, i, Rf_duplicate(field(from, name)));
    return REAL(VECTOR_ELT(list, i));
}

static SEXP slot(SEXP list, int i, SEXPTYPE type, R_xlen_t n)
{
    SET_VECTOR_ELT(list, i, Rf_allocVector(type, n));
    return VECTOR_ELT(list, i);
}

/* d x n doubles; n is found from their number */
static const double *read_stimuli(SEXP x, int d, int *n)
{
    *n = whole_in((double) Rf_xlength(x) / d, 0, MOST_COUNT, "stimuli");
    return check_doubles(x, (R_xlen_t) d * *n, "x");
}

/* Trials done, a whole number: what is recorded, and when, depends on it. */
static double read_trial(SEXP state)
{
    double trial = number(state, "trial");
    if (!(trial >= 0 && trial < MOST_ITERATIONS) || trial != floor(trial))
        fail("'trial' must be a count, not %g", trial);
    return trial;
}

/* state: list(parameter, velocity, gradient, trial, waiting); the same names come back, followed
 * by what happened on these trials. thin = 0: no record of the parameters. */
SEXP r_learner_run(SEXP settings_, SEXP x, SEXP y, SEXP order, SEXP thin_, SEXP state_)
{
    static const char *names[] = {"parameter", "velocity", "gradient", "trial", "waiting",
                                  "status",    "category", "done",     "loss",  "response",
                                  "record",    "held",     "silent"};
    struct learner_settings settings = read_settings(settings_);
    struct learner_work work = new_work(&settings);
    struct learner_info info = {{0, 0, 0}, 0, -1};
    struct learner_trials trials = {
        .n = whole_in((double) Rf_xlength(order), 0, MOST_COUNT, "trials")};
    struct learner_record record = {.thin = check_whole(thin_, 0, INT_MAX, "thin")};
    int n = learner_parameters(&settings);
    int stimuli;
    trials.x = read_stimuli(x, settings.dimensions, &stimuli);
    trials.y = check_range(y, stimuli, 0, settings.categories - 1, "y");
    trials.order = check_range(order, trials.n, 0, stimuli - 1, "order");

    SEXP out = PROTECT(new_list(13, names));
    struct learner_state state = {.parameter = copy_slot(out, 0, state_, "parameter", n),
                                  .velocity = copy_slot(out, 1, state_, "velocity", n),
                                  .gradient = copy_slot(out, 2, state_, "gradient", n),
                                  .trial = read_trial(state_),
                                  .waiting = whole(state_, "waiting", 0, INT_MAX - 1 - trials.n)};
    record.loss = REAL(slot(out, 8, REALSXP, trials.n));
    record.response = INTEGER(slot(out, 9, INTSXP, trials.n));
    if (record.thin > 0) {
        double before = state.trial, after = before + trials.n;
        R_xlen_t kept = (R_xlen_t) (after / record.thin) - (R_xlen_t) (before / record.thin);
        record.parameter = REAL(slot(out, 10, REALSXP, kept * n));
    }

    int status = learner_run(&settings, &trials, &state, &work, &info, &record);

    SET_VECTOR_ELT(out, 3, Rf_ScalarReal(state.trial));
    SET_VECTOR_ELT(out, 4, Rf_ScalarInteger(state.waiting));
    SET_VECTOR_ELT(out, 5, Rf_ScalarInteger(status));
    SET_VECTOR_ELT(out, 6, Rf_ScalarInteger(info.category + 1));
    SET_VECTOR_ELT(out, 7, Rf_ScalarInteger(record.done));
    memcpy(REAL(slot(out, 11, REALSXP, 3)), info.held, sizeof info.held);
    SET_VECTOR_ELT(out, 12, Rf_ScalarReal(info.silent));
    UNPROTECT(1);
    return out;
}

/* Log densities and log response probabilities of the columns of x (d x n), each g x n. */
SEXP r_learner_activate(SEXP settings_, SEXP x, SEXP parameter)
{
    static const char *names[] = {"log_density", "log_probability"};
    struct learner_settings settings = read_settings(settings_);
    struct learner_work work = new_work(&settings);
    struct learner_info info = {{0, 0, 0}, 0, -1};
    int g = settings.categories, d = settings.dimensions, n;
    const double *stimulus = read_stimuli(x, d, &n);
    const double *par = check_doubles(parameter, learner_parameters(&settings), "parameter");

    SEXP out = PROTECT(new_list(2, names));
    double *density = REAL(slot(out, 0, REALSXP, (R_xlen_t) g * n));
    double *probability = REAL(slot(out, 1, REALSXP, (R_xlen_t) g * n));
    if (learner_factor(&settings, par, &work, &info) != LEARNER_OK)
        fail("a covariance of the learner is not valid");
    for (int i = 0; i < n; i++, density += g, probability += g) {
        learner_activate(&settings, par, stimulus + (R_xlen_t) i * d, &work);
        memcpy(density, work.log_density, g * sizeof(double));
        for (int r = 0; r < g; r++) probability[r] = -learner_error(g, r, work.logit, work.error);
    }
    UNPROTECT(1);
    return out;
}
