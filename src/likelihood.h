/* Likelihoods: the log density of rows, and of cells of rows with equal covariates, as a function
 * of their predictors. Every pass over cells or rows goes through struct likelihood; a density is
 * written once, in one file, and entered in the list of likelihood.c.
 *
 * A cell holds what a likelihood must know of its rows: `size` numbers, the first of which is the
 * number (or total weight) of rows and the next k a response or mean. A row is a cell:
 *   weight, y_1 .. y_k, 0, .. 0.
 * Predictors eta, q of them, in the order of the likelihood's file; `pairs` = q (q + 1) / 2 is the
 * length of a symmetric q x q matrix, held by columns of its lower triangle.
 *
 * Which responses a cell has is a whole number, the sum of 2^j over the responses j (from 0) that
 * are observed (R: rows-observed.R); statistics of the others are zeros. It counts by the density
 * of those that it has.
 *
 * Cells are evaluated in blocks, each quantity in a row of its own, so that vector code (simd.h)
 * treats neighbouring cells at once. The result of a cell does not depend on the others. */
#ifndef COVARY_LIKELIHOOD_H
#define COVARY_LIKELIHOOD_H

#define LIKELIHOOD_BLOCK 32 /* cells of a block, a multiple of every vector width */
#define LIKELIHOOD_ROWS 128 /* rows of struct likelihood_rows, the same */
#define LIKELIHOOD_MOST_K 30
#define LIKELIHOOD_MOST_Q (LIKELIHOOD_MOST_K * (LIKELIHOOD_MOST_K + 3) / 2)

/* Element (i, j), i >= j, of a symmetric q x q matrix */
#define LIKELIHOOD_PAIR(q, i, j) ((j) * (q) - (j) * ((j) -1) / 2 + (i) - (j))

/* Columns 0 to LIKELIHOOD_BLOCK - 1 are cells. */
struct likelihood_block {
    double (*cell)[LIKELIHOOD_BLOCK]; /* size rows */
    double (*eta)[LIKELIHOOD_BLOCK];  /* q */
    double (*cov)[LIKELIHOOD_BLOCK];  /* pairs */
    double *value;
    double (*grad)[LIKELIHOOD_BLOCK]; /* q */
    double (*hess)[LIKELIHOOD_BLOCK]; /* pairs */
    double *work;                     /* of the likelihood */
    double *rule;                     /* of the rule that stands in for expect() */
    int incomplete;                   /* do cells lack responses? If so, what each has: */
    int observed[LIKELIHOOD_BLOCK];
};

/* Rows with their predictors, which score() replaces by the derivatives of the log density. */
struct likelihood_rows {
    int n;        /* rows, padded with rows of weight zero to a multiple of 8 */
    int weighted; /* whether weights are other than one (and zero, of the padding) */
    double (*y)[LIKELIHOOD_ROWS], *weight; /* k */
    double (*eta)[LIKELIHOOD_ROWS];        /* q */
};

/* `level` of all functions: of vector code (simd.h). */
struct likelihood {
    const char *name;
    int k;              /* responses */
    int q;              /* predictors */
    int pairs;          /* q (q + 1) / 2 */
    int size;           /* statistics of a cell */
    long work;          /* doubles of a block for evaluate() and expect() */
    int takes_observed; /* evaluate() takes cells that lack responses, whichever */
    /* All cells of a block: value, with order 1 grad, with order 2 hess too. */
    void (*evaluate)(const struct likelihood *l, struct likelihood_block *b, int order, int level);
    /* Expectations of value, grad and hess under N(eta, cov), which may be overwritten.
     * NULL: cubature of evaluate(). */
    void (*expect)(const struct likelihood *l, struct likelihood_block *b, int level);
    /* Adds the values of one cell at LIKELIHOOD_BLOCK points, eta: q x LIKELIHOOD_BLOCK, a row a
     * predictor. NULL: by evaluate(). */
    void (*points)(const double *cell, const double *eta, double *value, int level);
    /* Scores of rows; returns the sum of their log densities, of which expensive terms may be
     * left out unless `value`. NULL: by evaluate(). */
    double (*score)(struct likelihood_rows *rows, int value, int level);
};

/* The likelihood `name` of k responses with cells of `size` statistics, or with the fewest where
 * size is 0. Returns 0 if there is none. */
int likelihood_find(const char *name, int k, long size, struct likelihood *out);

/* A block in so many doubles of memory */
long likelihood_block_size(const struct likelihood *l);
struct likelihood_block likelihood_block(const struct likelihood *l, double *memory);

void likelihood_put(const struct likelihood *l, struct likelihood_block *b, int column,
                    const double *cell);
/* What cells `index` (or those from `from` on, if it is NULL) have of the responses, n of them;
 * observed NULL: all. */
void likelihood_observe(const struct likelihood *l, struct likelihood_block *b, const int *observed,
                        const int *index, int from, int n);
/* The same for a block whose columns all are points of one cell */
void likelihood_observe_all(const struct likelihood *l, struct likelihood_block *b, int observed);
/* Rows from .. from + n - 1 as cells of one row each, with their predictors; the rest is empty. */
void likelihood_load_rows(const struct likelihood *l, const struct likelihood_rows *rows, int from,
                          int n, struct likelihood_block *b);
/* Empties the columns from n on: cells without rows, at predictors of zero. */
void likelihood_clear(const struct likelihood *l, struct likelihood_block *b, int n);

/* The functions of struct likelihood, or what stands in for those that are NULL. */
void likelihood_evaluate(const struct likelihood *l, struct likelihood_block *b, int order,
                         int level);
/* With order 1 the Hessian is that at eta where expectations are by cubature. eta stays. */
void likelihood_expect(const struct likelihood *l, struct likelihood_block *b, int order,
                       int level);
/* The points are b->eta; the rest of the block may be overwritten. */
void likelihood_points(const struct likelihood *l, const double *cell, struct likelihood_block *b,
                       double *value, int level);
/* The block is overwritten. */
double likelihood_score(const struct likelihood *l, struct likelihood_rows *rows,
                        struct likelihood_block *b, int value, int level);

/* likelihood_observed.c: cells that lack responses, which not every likelihood knows for every
 * number `observed` */
int likelihood_knows(const struct likelihood *l, int observed);
void likelihood_evaluate_observed(const struct likelihood *l, struct likelihood_block *b, int order,
                                  int level);
void likelihood_expect_observed(const struct likelihood *l, struct likelihood_block *b, int order,
                                int level);

/* likelihood_cubature.c: expectations where expect() is NULL */
long likelihood_cubature_work(const struct likelihood *l); /* doubles of b->rule */
void likelihood_cubature(const struct likelihood *l, struct likelihood_block *b, int order,
                         int level);

#endif
