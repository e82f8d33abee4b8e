/* First-order optimiser rules: one step x <- x - f(gradient of the loss).
 *
 * Formulas and defaults as in Lasagne and PyMC (pymc/variational/updates.py), so that results can
 * be compared step by step. State is one plain vector, zero at the start. A rule is a row of the
 * table at the end of optimizer.c; R knows it by its name (toolkit-optimizers.R). */
#ifndef COVARY_OPTIMIZER_H
#define COVARY_OPTIMIZER_H

struct optimizer_rule;

struct optimizer {
    const struct optimizer_rule *rule;
    double rate;
    double decay;  /* momentum; rho of rmsprop and adadelta; beta1 of adam and adamax */
    double decay2; /* beta2 of adam and adamax */
    double epsilon;
    int window; /* length of the window of adagrad_window */
    int lagged; /* adagrad_window: the present gradient stays out of its own normaliser */
};

/* the rule of that name, or NULL */
const struct optimizer_rule *optimizer_find(const char *name);
/* doubles of state for n parameters */
long optimizer_state(const struct optimizer *o, long n);
/* step number t = 1, 2, ...; grad may be overwritten */
void optimizer_step(const struct optimizer *o, long n, double t, double *x, double *grad,
                    double *state);

#endif
