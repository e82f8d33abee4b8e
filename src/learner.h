/* The category learner: stochastic gradient descent over single trials.
 *
 *   d  dimensions of a stimulus        g  categories        t = d (d + 1) / 2
 *
 * Parameters are one vector, in this order (column-major):
 *   mean    d x g
 *   scale   t x g   lower triangle of each category, column by column; what it holds
 *                   depends on the parameterisation (enum learner_scale)
 *   weight  g x g   responses x categories
 *   bias    g       only when settings.bias is set
 */
#ifndef COVARY_LEARNER_H
#define COVARY_LEARNER_H

enum learner_scale {
    LOG_CHOLESKY, /* L with log diagonal: valid for every real vector */
    CHOLESKY,     /* L itself: fails when its diagonal reaches zero */
    COVARIANCE    /* L L' itself: fails when it stops being positive definite */
};

enum learner_status { LEARNER_OK, LEARNER_SINGULAR };

struct learner_settings {
    int dimensions, categories;
    int rows;  /* stimuli in one epoch; a batch never spans two epochs */
    int batch; /* trials per step */
    enum learner_scale scale;
    int log_activation; /* activation is the log density instead of the density */
    int bias;
    double mean_rate, scale_rate, weight_rate; /* 0: this part is frozen */
    double momentum;
    const double *unit; /* d x g: starting standard deviations */
};

/* All that a later block needs to go on as if there had been no interruption. */
struct learner_state {
    double *parameter, *velocity, *gradient; /* gradient: sum over the trials waiting for a step */
    double trial;                            /* trials done since the start of the run */
    int waiting;                             /* trials in `gradient` */
};

struct learner_info {
    double held[3]; /* steps cut short at a limit: mean, scale, weight */
    double silent;  /* trials on which every density was exactly zero */
    int category;   /* whose covariance failed, from 0; only with LEARNER_SINGULAR */
};

struct learner_work {
    double *lower;                                    /* d x d x g: factor L of each covariance */
    double *inverse;                                  /* d x g: 1 / diagonal of L */
    double *log_determinant;                          /* g: log |L| */
    double *white;                                    /* d x g: u = L^-1 (x - m) */
    double *pull;                                     /* d x g: w = L^-T u */
    double *log_density, *activation, *logit, *error; /* g each */
    double *proposal;                                 /* like parameter */
    double *scratch;                                  /* d x d */
};

int learner_parameters(const struct learner_settings *settings);
int learner_work_size(const struct learner_settings *settings);
void learner_work_carve(const struct learner_settings *settings, double *block,
                        struct learner_work *work);

/* Rebuilds the factors in work from the parameters; LEARNER_SINGULAR when one is not valid. */
int learner_factor(const struct learner_settings *settings, const double *parameter,
                   struct learner_work *work, struct learner_info *info);

/* The same for one category; returns 1 when its covariance is valid. */
int learner_factor_category(const struct learner_settings *settings, int category,
                            const double *parameter, struct learner_work *work);

/* One stimulus forward: fills log_density, activation and logit in work. */
void learner_activate(const struct learner_settings *settings, const double *parameter,
                      const double *x, struct learner_work *work);

/* Turns work->logit into the error signal p - e_y and returns the cross-entropy -log p_y. */
double learner_error(int categories, int y, const double *logit, double *error);

/* The response with the largest logit; of equal ones the first. */
int learner_response(int categories, const double *logit);

/* Adds the gradient of one trial's loss; learner_activate and learner_error come first. */
void learner_backpropagate(const struct learner_settings *settings, const double *parameter,
                           struct learner_work *work, double *gradient);

/* Trials to be done: trial i shows stimulus order[i] of category y[order[i]]. */
struct learner_trials {
    int n;            /* trials */
    const int *order; /* n, counted from 0 */
    const double *x;  /* d x stimuli */
    const int *y;     /* stimuli: categories, counted from 0 */
};

/* What happened on them. */
struct learner_record {
    double *loss;      /* n */
    int *response;     /* n: categories, counted from 0 */
    double *parameter; /* after every thin-th trial of the run, a column each; NULL: not kept */
    int thin;
    int done; /* trials completed, one that failed included */
};

/* A block of trials: all of them, or LEARNER_SINGULAR. */
int learner_run(const struct learner_settings *settings, const struct learner_trials *trials,
                struct learner_state *state, struct learner_work *work, struct learner_info *info,
                struct learner_record *record);

#endif
