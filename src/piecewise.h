/* Functions that are polynomials between breaks, all tabulated on the same breaks. */
#ifndef COVARY_PIECEWISE_H
#define COVARY_PIECEWISE_H

struct piecewise {
    int intervals, columns, degree;
    const double *breaks; /* intervals + 1, increasing */
    /* columns x (degree + 1) x intervals: of 1, t, t^2, ... for t from -1 to 1 over an interval */
    const double *coefficients;
};

/* values: columns x points. A point outside the breaks is taken from the nearest interval. */
void piecewise_at(const struct piecewise *f, const double *x, long points, double *values);

#endif
