/* Doors of the category learner: R vectors in, R vectors out, nothing kept. */
#include "doors.h"
#include "learner.h"
#include <string.h>

static SEXP element(SEXP list, const char *name)
{
    SEXP names = Rf_getAttrib(list, R_NamesSymbol);
    for (R_xlen_t i = 0; i < Rf_xlength(list); i++)
        if (strcmp(CHAR(STRING_ELT(names, i)), name) == 0) return VECTOR_ELT(list, i);
    Rf_error("element '%s' is missing", name);
}

static struct learner_settings read_settings(SEXP list)
{
    return (struct learner_settings){
        .dimensions = Rf_asInteger(element(list, "dimensions")),
        .categories = Rf_asInteger(element(list, "categories")),
        .rows = Rf_asInteger(element(list, "rows")),
        .batch = Rf_asInteger(element(list, "batch")),
        .scale = (enum learner_scale) Rf_asInteger(element(list, "scale")),
        .log_activation = Rf_asInteger(element(list, "log_activation")),
        .bias = Rf_asInteger(element(list, "bias")),
        .mean_rate = Rf_asReal(element(list, "mean_rate")),
        .scale_rate = Rf_asReal(element(list, "scale_rate")),
        .weight_rate = Rf_asReal(element(list, "weight_rate")),
        .momentum = Rf_asReal(element(list, "momentum")),
        .unit = REAL(element(list, "unit"))
    };
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

/* Fills a slot of a protected list with a copy or a fresh vector. */
static double *copy_slot(SEXP list, int i, SEXP from)
{
    SET_VECTOR_ELT(list, i, Rf_duplicate(from));
    return REAL(VECTOR_ELT(list, i));
}

static SEXP slot(SEXP list, int i, SEXPTYPE type, R_xlen_t n)
{
    SET_VECTOR_ELT(list, i, Rf_allocVector(type, n));
    return VECTOR_ELT(list, i);
}

/* state: list(parameter, velocity, gradient, trial, waiting); the same names come back, followed
 * by what happened on these trials. thin = 0: no record of the parameters. */
SEXP door_learner_run(SEXP settings_, SEXP x, SEXP y, SEXP order, SEXP thin_, SEXP state_)
{
    static const char *names[] = {"parameter", "velocity", "gradient", "trial", "waiting", "status", "category",
                                  "done", "loss", "response", "record", "held", "silent"};
    struct learner_settings settings = read_settings(settings_);
    struct learner_work work = new_work(&settings);
    struct learner_info info = {{0, 0, 0}, 0, -1};
    int trials = Rf_length(order), thin = Rf_asInteger(thin_), done;

    SEXP out = PROTECT(new_list(13, names));
    struct learner_state state = {
        .parameter = copy_slot(out, 0, element(state_, "parameter")),
        .velocity = copy_slot(out, 1, element(state_, "velocity")),
        .gradient = copy_slot(out, 2, element(state_, "gradient")),
        .trial = Rf_asReal(element(state_, "trial")),
        .waiting = Rf_asInteger(element(state_, "waiting"))
    };
    double *loss = REAL(slot(out, 8, REALSXP, trials));
    int *response = INTEGER(slot(out, 9, INTSXP, trials));
    double *record = NULL;
    if (thin > 0) {
        double start = state.trial;
        R_xlen_t kept = (R_xlen_t) ((start + trials) / thin) - (R_xlen_t) (start / thin);
        record = REAL(slot(out, 10, REALSXP, kept * learner_parameters(&settings)));
    }

    int status = learner_run(&settings, REAL(x), INTEGER(y), INTEGER(order), trials, thin, &state, &work, &info,
                             loss, response, record, &done);

    SET_VECTOR_ELT(out, 3, Rf_ScalarReal(state.trial));
    SET_VECTOR_ELT(out, 4, Rf_ScalarInteger(state.waiting));
    SET_VECTOR_ELT(out, 5, Rf_ScalarInteger(status));
    SET_VECTOR_ELT(out, 6, Rf_ScalarInteger(info.category + 1));
    SET_VECTOR_ELT(out, 7, Rf_ScalarInteger(done));
    memcpy(REAL(slot(out, 11, REALSXP, 3)), info.held, sizeof info.held);
    SET_VECTOR_ELT(out, 12, Rf_ScalarReal(info.silent));
    UNPROTECT(1);
    return out;
}

/* Log densities and log response probabilities of the columns of x (d x n), each g x n. */
SEXP door_learner_activate(SEXP settings_, SEXP x, SEXP parameter)
{
    static const char *names[] = {"log_density", "log_probability"};
    struct learner_settings settings = read_settings(settings_);
    struct learner_work work = new_work(&settings);
    struct learner_info info = {{0, 0, 0}, 0, -1};
    int g = settings.categories, n = Rf_length(x) / settings.dimensions;

    SEXP out = PROTECT(new_list(2, names));
    double *density = REAL(slot(out, 0, REALSXP, (R_xlen_t) g * n));
    double *probability = REAL(slot(out, 1, REALSXP, (R_xlen_t) g * n));
    if (learner_factor(&settings, REAL(parameter), &work, &info) != LEARNER_OK)
        Rf_error("a covariance of the learner is not valid");
    for (int i = 0; i < n; i++, density += g, probability += g) {
        learner_activate(&settings, REAL(parameter), REAL(x) + (R_xlen_t) i * settings.dimensions, &work);
        memcpy(density, work.log_density, g * sizeof(double));
        for (int r = 0; r < g; r++) probability[r] = -learner_error(g, r, work.logit, work.error);
    }
    UNPROTECT(1);
    return out;
}
