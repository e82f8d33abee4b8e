/* Polynomial moments of the responses over cells of one continuous covariate (mathematics
 * vignette, eqs 17 and 18).
 *
 * Cell c of a grid holds x in [first + c, first + c + 1) / inverse_width. With t in [-1, 1) the
 * position in its cell, T_0..T_3 the Chebyshev polynomials, z = (y - centre) / scale and
 *   s = weight (1, z_1..z_k, z_1 z_1, z_2 z_1, .., z_k z_k)      (lower triangle by columns)
 * the table holds sum T_d(t) s over the rows, as MOMENTS_DEGREES x groups of `padded` numbers:
 *   padded x MOMENTS_DEGREES x count x groups.
 * Tables of disjoint rows add. */
#ifndef COVARY_MOMENTS_H
#define COVARY_MOMENTS_H

#define MOMENTS_DEGREES 4
#define MOMENTS_MAX_K 16

struct moments_grid {
    double inverse_width; /* cells a unit of x, a power of two, so that cells of two grids nest */
    double first;
    int count;
};

/* Where the passes keep number j of degree d of a cell. The first four numbers stand together,
 * degree by degree, so that a vector of four holds all numbers of one degree; each later number has
 * its four degrees together, so that a vector holds all degrees of one number:
 *              d = 0    1    2    3
 *   j = 0 .. 3     0..3 4..7 8..11 12..15
 *   j = 4         16   17   18   19
 *   j = 5         20   21   22   23 */
static inline int packed_index(int j, int d) { return j < 4 ? 4 * d + j : 4 * j + d; }

struct moments_rows {
    long n;
    int k;
    const double *x;                /* n */
    const double *y[MOMENTS_MAX_K]; /* k columns of n */
    const double *weights;          /* n, NULL for ones */
    const int *group;               /* n, from 1, NULL for one group */
    const double *centre, *scale;   /* k */
};

struct moments_counts { /* rows left out */
    double missing, infinite, outside;
};

int moments_padded(int k);
/* Doubles of work for moments_pass(); cells: of all groups */
long moments_work(const struct moments_rows *rows, long cells);
/* table: cleared and filled */
void moments_pass(const struct moments_rows *rows, const struct moments_grid *grid, int groups,
                  int level, int threads, double *table, double *work,
                  struct moments_counts *counts);
/* Smallest and largest finite value; n = 0 finite values give out[0] > out[1]. */
void moments_range(const double *x, long n, double *out);

#endif
