/* Residuals of cells of any number of responses, and what likelihoods make of them, for all widths
 * of vector code (likelihood_residuals.simd.h). */
#ifndef COVARY_LIKELIHOOD_RESIDUALS_H
#define COVARY_LIKELIHOOD_RESIDUALS_H

#include "likelihood.h"

#define RESIDUALS_LANES 4 /* of the widest vectors */

/* Statistics of a cell that is given by residuals of any sign (likelihood_normal.h) */
static inline int residuals_size(int k) { return (k + 1) * (k + 2); }

/* The pair of responses i > j, counted from 0 row by row */
static inline int pair_at(int i, int j) { return i * (i - 1) / 2 + j; }
/* Element j <= i of row i of a lower triangle with its diagonal */
static inline int lower_at(int i, int j) { return i * (i + 1) / 2 + j; }

/* A group of cells, as many as a vector has lanes; every number stands for one in each of them.
 * With k responses, q predictors, r residuals a cell and pairs (i, j), i > j: */
struct residuals {
    int k, q, residuals;
    int rows;      /* responses up to the last that is observed: what comes after has no say */
    int seen;      /* observed ones */
    int completed; /* residuals without those of responses that are not observed */
    int order[LIKELIHOOD_MOST_K]; /* responses up to rows, the observed ones first */
    int is_columns;               /* statistics are residuals of any sign (likelihood_normal.h) */
    int first[LIKELIHOOD_MOST_K + 1]; /* of a residual: responses before are zero; not descending */
    int row[LIKELIHOOD_MOST_Q];       /* of a predictor: the response, the later one of a pair */
    int column[LIKELIHOOD_MOST_Q];    /* the earlier one of a pair */
    int span[LIKELIHOOD_MOST_Q];      /* residuals, the first ones, in which phi is not zero */
    int multiplier[LIKELIHOOD_MOST_Q]; /* score of a predictor: sum of this lambda times phi */
    int multipliers;
    double *scale;          /* k: exp(-s); of residuals that are divided by it, else 1 */
    double *precision;      /* k: exp(-2 s) */
    double *up, *down;      /* pairs: exp(w) / 2, exp(-w) / 2 */
    double *tanh;           /* pairs: of w */
    double *before, *after; /* products of cosh w_il, l < j (lower triangle), l > j (pairs) */
    double *swept;          /* pairs: sinh w_ij times `before` */
    double *beta;           /* pairs: e_i = alpha_i z_i - sum_j beta_ij e_j */
    double *weight, *lead;  /* r: of a residual, and what of it moves with the means */
    double *z, *e;          /* r x k */
    double *unit, *lambda;  /* multipliers x r, without the weight, and with it */
    double *phi;            /* q x r: d e_i / d eta_a, e before it held fixed */
    double *step;           /* pairs: sum over residuals of lambda_i times the step's result */
    double *sum;            /* k x q: sum over residuals of lambda_i phi_a */
    double *whole, *square; /* lower triangles: T = (I + B)^-1 and T' T */
    double *bend;           /* pairs x k: d (e_i by e) / d w times columns of T */
    double *factor;         /* rows x rows: of the correlations, observed ones first */
    double *with_phi[2],
        *with_lambda[2]; /* sums of scores (likelihood_residuals_observed.simd.h) */
};

/* Numbers that all arrays hold together, a lane */
static inline long residuals_numbers(int k)
{
    long pairs = k * (k - 1L) / 2, q = 2 * k + pairs, r = k + 1;
    return 2 * k + 6 * pairs + 3 * (pairs + k) + 2 * r + 6 * r * k + q * r + pairs + k * q +
           pairs * k + 9 * k * k + 4 * k * q;
}

/* Fills row, column, and the multipliers: those of the rows. */
static inline void residuals_rows(struct residuals *p)
{
    for (int i = 0; i < p->k; i++) {
        p->row[i] = p->row[p->k + i] = i;
        for (int j = 0; j < i; j++) {
            p->row[2 * p->k + pair_at(i, j)] = i;
            p->column[2 * p->k + pair_at(i, j)] = j;
        }
    }
    p->multipliers = p->k;
    for (int a = 0; a < p->q; a++) p->multiplier[a] = p->row[a];
}

/* Fills rows, seen and order; bit i of `observed` is set where response i is. */
static inline void residuals_observe(struct residuals *p, int observed)
{
    int unseen = 0;
    p->rows = p->seen = 0;
    for (int i = 0; i < p->k; i++)
        if (observed >> i & 1) p->order[p->seen++] = i, p->rows = i + 1;
    for (int i = 0; i < p->rows; i++)
        if (!(observed >> i & 1)) p->order[p->seen + unseen++] = i;
}

static inline void residuals_spans(struct residuals *p)
{
    for (int a = 0; a < p->q; a++) {
        int n = 0;
        while (n < p->residuals && p->first[n] <= p->row[a]) n++;
        p->span[a] = a < p->k && !p->is_columns ? 1 : n;
    }
}

#endif
