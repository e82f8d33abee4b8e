/* Functions that are cubics between breaks, all tabulated on the same breaks. */
#ifndef COVARY_CUBICS_H
#define COVARY_CUBICS_H

struct cubics {
    int pieces, columns;
    const double *breaks;       /* pieces + 1, increasing */
    const double *coefficients; /* columns x 4 x pieces: of 1, t, t^2, t^3 for t from -1 to 1 over a piece */
};

/* values: columns x points. A point outside the breaks is taken from the nearest piece. */
void cubics_at(const struct cubics *cubics, const double *x, long points, double *values);

#endif
