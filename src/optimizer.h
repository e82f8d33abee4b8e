/* First-order optimiser rules: one step x <- x - f(gradient of the loss).
 *
 * Formulas and defaults as in Lasagne and PyMC (pymc/variational/updates.py), so that results can
 * be compared step by step. State is one plain vector, zero at the start. */
#ifndef COVARY_OPTIMIZER_H
#define COVARY_OPTIMIZER_H

enum optimizer_rule {
    RULE_SGD,
    RULE_MOMENTUM,
    RULE_NESTEROV,
    RULE_ADAGRAD,
    RULE_ADAGRAD_WINDOW,
    RULE_RMSPROP,
    RULE_ADADELTA,
    RULE_ADAM,
    RULE_ADAMAX
};

struct optimizer {
    int rule;
    double rate;
    double decay;  /* momentum; rho of rmsprop and adadelta; beta1 of adam and adamax */
    double decay2; /* beta2 of adam and adamax */
    double epsilon;
    int window; /* length of the window of adagrad_window */
    int lagged; /* adagrad_window: the present gradient stays out of its own normaliser */
};

/* doubles of state for n parameters */
long optimizer_state(const struct optimizer *o, long n);
/* step number t = 1, 2, ...; grad may be overwritten */
void optimizer_step(const struct optimizer *o, long n, double t, double *x, double *grad,
                    double *state);

#endif
