/* Curves and surfaces as sums of cubic B-splines on even grids, one function for every combination
 * of the levels of some factors. */
#ifndef COVARY_CHART_TABLE_H
#define COVARY_CHART_TABLE_H

#define CHART_MOST_AXES 2

struct chart_axis {
    double from, step; /* the first node, and the distance of two */
    int nodes;         /* at least 2 */
};

struct chart_table {
    int axes; /* 0, 1 or 2 */
    struct chart_axis axis[CHART_MOST_AXES];
    int combinations;
    /* (nodes + 2) of the first axis x (nodes + 2) of the second x combinations */
    const double *coefficients;
};

/* Adds the function's values at n points to `out`. x: by axis, n numbers each, of which one that is
 * not finite gives NaN. combination: n numbers from 0; a negative one adds nothing. Beyond the
 * first and the last node a function goes on as a straight line. */
void chart_table_add(const struct chart_table *t, const double *const *x, const int *combination,
                     long n, double *out);

#endif
