/* Functions that are polynomials between breaks, all tabulated on the same breaks. */
#ifndef COVARY_PIECEWISE_H
#define COVARY_PIECEWISE_H

struct piecewise {
    int pieces, columns, degree;
    const double *breaks; /* pieces + 1, increasing */
    const double *
        coefficients; /* columns x (degree + 1) x pieces: of 1, t, t^2, ... for t from -1 to 1 over a piece */
};

/* values: columns x points. A point outside the breaks is taken from the nearest piece. */
void piecewise_at(const struct piecewise *f, const double *x, long points, double *values);

#endif
