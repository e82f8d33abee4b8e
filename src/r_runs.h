/* Draws of coefficients given smoothing sds, several runs at once: resampled draws repeat their
 * log_tau, and one factor serves a run. */
#ifndef COVARY_R_RUNS_H
#define COVARY_R_RUNS_H

#include "r_read.h"
#include "scalar.h"
#include "surrogate_batch.h"

struct draws {
    R_xlen_t n;             /* draws */
    int groups;             /* smooths */
    const double *log_tau;  /* groups x n */
    const double *z;        /* n x d noise */
    const int *column;      /* which of the d, from 0, each coefficient is that is drawn */
    double *beta, *density; /* n x d, n */
};

/* Draws first .. last - 1, which have the same log_tau. */
struct run {
    R_xlen_t first, last;
};

static inline struct run next_run(const struct draws *x, R_xlen_t first)
{
    struct run run = {first, first + 1};
    size_t bytes = x->groups * sizeof(double);
    const double *own = x->log_tau + x->groups * first;
    while (run.last < x->n && memcmp(own, x->log_tau + x->groups * run.last, bytes) == 0)
        run.last++;
    return run;
}

/* A run for every lane, from draw `first` on, the last again where there are no more; returns the
 * end of the last. `longest`: most draws of a run. */
static inline R_xlen_t next_runs(const struct draws *x, R_xlen_t first, int lanes, struct run *runs,
                                 R_xlen_t *longest)
{
    *longest = 0;
    for (int l = 0; l < lanes; l++) {
        runs[l] = first < x->n ? next_run(x, first) : runs[l - 1];
        first = runs[l].last;
        if (first - runs[l].first > *longest) *longest = first - runs[l].first;
    }
    return first;
}

/* Noise of draw number r of every run, lanes fastest, and its squared length by lane. A run that
 * has ended has its first once more, which is not kept. */
static inline void read_noise(const struct draws *x, const struct run *runs, R_xlen_t r, int lanes,
                              int count, double *noise, double *square)
{
    R_xlen_t i[SURROGATE_LANES];
    for (int l = 0; l < lanes; l++) {
        i[l] = runs[l].first + r < runs[l].last ? runs[l].first + r : runs[l].first;
        square[l] = 0;
    }
    for (int j = 0; j < count; j++)
        for (int l = 0; l < lanes; l++) {
            double z = x->z[i[l] + x->n * x->column[j]];
            square[l] += z * z;
            noise[(long) j * lanes + l] = z;
        }
}

/* The draws made of it, `beta` lanes fastest, with the constants of their log densities. */
static inline void keep_draws(const struct draws *x, const struct run *runs, R_xlen_t r, int lanes,
                              int count, const double *beta, const double *constant,
                              const double *square)
{
    for (int l = 0; l < lanes; l++) {
        R_xlen_t i = runs[l].first + r;
        if (i < runs[l].last) x->density[i] = constant[l] - 0.5 * (square[l] + count * LOG_2PI);
    }
    for (int j = 0; j < count; j++)
        for (int l = 0; l < lanes; l++) {
            R_xlen_t i = runs[l].first + r;
            if (i < runs[l].last) x->beta[i + x->n * x->column[j]] = beta[(long) j * lanes + l];
        }
}

#endif
