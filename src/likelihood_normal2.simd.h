/* Two responses, rho = tanh(r / 2), E = exp(r), z_k = (y_k - m_k) exp(-s_k),
 * u = z_1 - z_2, v = z_1 + z_2:
 *   log p = -log(2 pi) - s_1 - s_2 + log cosh(r/2) - [(1 + E) u^2 + (1 + 1/E) v^2] / 8
 * (eq. 2). A sum of non-negative squares: 1 - rho^2 is never formed, nothing cancels
 * as |rho| -> 1, and no value is clipped.
 *
 * The scatter of a cell enters as two more residuals, the columns of its Cholesky root, so that
 * squares stay squares. A node has only sums of residuals and of their products, from which
 * products with u and v are differences.
 *
 * With alpha = (2 + E + 1/E)/4, beta = (1/E - E)/4 the derivatives need, summed over the rows,
 *   a = alpha z_1 + beta z_2, b = beta z_1 + alpha z_2   (d/dz of the bracket over two)
 * and their products with z, formed from u and v as well. Included once a vector width. */

struct SIMD_NAME(sums) { /* over the rows of a cell; pairs are products */
    SIMD_VEC z1, z2, u, v, uu, vv, uz1, uz2, vz1, vz2, p11, p12, p22;
};

SIMD_INLINE void SIMD_NAME(add_residual)(SIMD_VEC weight, SIMD_VEC z1, SIMD_VEC z2,
                                         struct SIMD_NAME(sums) * s)
{
    SIMD_VEC u = z1 - z2, v = z1 + z2, wz1 = weight * z1, wz2 = weight * z2;
    s->uu += weight * u * u;
    s->vv += weight * v * v;
    s->uz1 += u * wz1;
    s->uz2 += u * wz2;
    s->vz1 += v * wz1;
    s->vz2 += v * wz2;
    s->p11 += wz1 * z1;
    s->p12 += wz1 * z2;
    s->p22 += wz2 * z2;
}

SIMD_INLINE SIMD_VEC SIMD_NAME(two)(const double *cell, int shared, int nodes, int scatter,
                                    const double *eta, int order, double *grad, double *hess)
{
#define CELL(i) (shared ? SIMD_SET(cell[i]) : STAT(i))
    SIMD_VEC n = CELL(0), d1 = CELL(1) - ETA(0), d2 = CELL(2) - ETA(1), s1 = ETA(2), s2 = ETA(3),
             r = ETA(4);
    SIMD_VEC w1 = SIMD_NAME(exp_open)(-s1), w2 = SIMD_NAME(exp_open)(-s2);
    SIMD_VEC size = SIMD_ABS(r), small = SIMD_NAME(exp_open)(-size), large = 1.0 / small;
    SIMD_VEC up = SIMD_SELECT(r > 0.0, large, small), down = SIMD_SELECT(r > 0.0, small, large);
    SIMD_VEC zero = SIMD_SET(0.0);
    struct SIMD_NAME(sums)
        s = {zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero, zero};
    if (nodes) {
        s.z1 = w1 * (CELL(3) + n * d1);
        s.z2 = w2 * (CELL(4) + n * d2);
        s.p11 = w1 * w1 * (CELL(5) + d1 * (2.0 * CELL(3) + n * d1));
        s.p12 = w1 * w2 * (CELL(6) + d1 * CELL(4) + d2 * (CELL(3) + n * d1));
        s.p22 = w2 * w2 * (CELL(7) + d2 * (2.0 * CELL(4) + n * d2));
        s.uz1 = s.p11 - s.p12;
        s.uz2 = s.p12 - s.p22;
        s.vz1 = s.p11 + s.p12;
        s.vz2 = s.p12 + s.p22;
        s.uu = s.uz1 - s.uz2;
        s.vv = s.vz1 + s.vz2;
        s.u = s.z1 - s.z2;
        s.v = s.z1 + s.z2;
    } else {
        SIMD_VEC z1 = d1 * w1, z2 = d2 * w2;
        s.z1 = n * z1;
        s.z2 = n * z2;
        s.u = n * (z1 - z2);
        s.v = n * (z1 + z2);
        SIMD_NAME(add_residual)(n, z1, z2, &s);
        if (scatter) {
            SIMD_NAME(add_residual)(SIMD_SET(1.0), CELL(3) * w1, CELL(4) * w2, &s);
            SIMD_NAME(add_residual)(SIMD_SET(1.0), zero, CELL(5) * w2, &s);
        }
    }
    SIMD_VEC pu = 0.25 * (1.0 + up), pv = 0.25 * (1.0 + down), up4 = 0.25 * up, down4 = 0.25 * down;
    SIMD_VEC a = pv * s.v + pu * s.u, b = pv * s.v - pu * s.u;
    SIMD_VEC az1 = pv * s.vz1 + pu * s.uz1, bz2 = pv * s.vz2 - pu * s.uz2;
    SIMD_VEC inverse = 1.0 / (1.0 + small);
    if (order > 0) {
        SIMD_VEC tanh = (1.0 - small) * inverse; /* of |r| / 2 */
        GRAD(0, w1 * a);
        GRAD(1, w2 * b);
        GRAD(2, az1 - n);
        GRAD(3, bz2 - n);
        GRAD(4, 0.5 * n * SIMD_SELECT(r < 0.0, -tanh, tanh) - 0.5 * (up4 * s.uu - down4 * s.vv));
    }
    if (order > 1) {
        SIMD_VEC alpha = 0.5 + up4 + down4, beta = down4 - up4;
        HESS(5, 0, 0, -n * alpha * w1 * w1);
        HESS(5, 1, 0, -n * beta * w1 * w2);
        HESS(5, 1, 1, -n * alpha * w2 * w2);
        HESS(5, 2, 0, -w1 * (alpha * s.z1 + a));
        HESS(5, 3, 0, -w1 * beta * s.z2);
        HESS(5, 2, 1, -w2 * beta * s.z1);
        HESS(5, 3, 1, -w2 * (alpha * s.z2 + b));
        HESS(5, 4, 0, w1 * (up4 * s.u - down4 * s.v));
        HESS(5, 4, 1, -w2 * (up4 * s.u + down4 * s.v));
        HESS(5, 2, 2, -(alpha * s.p11 + az1));
        HESS(5, 3, 2, -beta * s.p12);
        HESS(5, 3, 3, -(alpha * s.p22 + bz2));
        HESS(5, 4, 2, up4 * s.uz1 - down4 * s.vz1);
        HESS(5, 4, 3, -(up4 * s.uz2 + down4 * s.vz2));
        HESS(5, 4, 4, n * small * inverse * inverse - 0.5 * (up4 * s.uu + down4 * s.vv));
    }
    SIMD_VEC log_cosh = 0.5 * size + SIMD_NAME(log1p)(small) - LOG_2; /* of r / 2 */
    return n * (log_cosh - LOG_2PI - s1 - s2) - 0.5 * (pu * s.uu + pv * s.vv);
#undef CELL
}
