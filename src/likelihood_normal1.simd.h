/* One response: log p = -log(2 pi)/2 - s - z^2/2, z = (y - m) exp(-s)   (eq. 1), through the sums
 * over the rows of y - m and of its squares. Included once a vector width. */

SIMD_INLINE SIMD_VEC SIMD_NAME(one)(const double *cell, int shared, int nodes, const double *eta,
                                    int order, double *grad, double *hess)
{
    SIMD_VEC n = shared ? SIMD_SET(cell[0]) : STAT(0),
             d = (shared ? SIMD_SET(cell[1]) : STAT(1)) - ETA(0);
    SIMD_VEC third = shared ? SIMD_SET(cell[2]) : STAT(2), r, rr;
    if (nodes) {
        r = third + n * d;
        rr = (shared ? SIMD_SET(cell[3]) : STAT(3)) + d * (2.0 * third + n * d);
    } else {
        r = n * d;
        rr = third * third + n * d * d;
    }
    SIMD_VEC s = ETA(1), w = SIMD_NAME(exp_open)(-2.0 * s), c = w * rr;
    if (order > 0) {
        GRAD(0, w * r);
        GRAD(1, c - n);
    }
    if (order > 1) {
        HESS(2, 0, 0, -n * w);
        HESS(2, 1, 0, -2.0 * w * r);
        HESS(2, 1, 1, -2.0 * c);
    }
    return -n * (0.5 * LOG_2PI + s) - 0.5 * c;
}
