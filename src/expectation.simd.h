/* Expectations of cells (expectation.h); included once a vector width. */

struct SIMD_NAME(rows) { /* of a cell: sums of 1, y - c and their products around c */
    SIMD_VEC n, c[2], sum[2], scatter[3];
};

/* Adds the expectations of the terms to grad and hess; returns their value. */
SIMD_INLINE SIMD_VEC SIMD_NAME(expect_terms)(const struct exp_term *term, int n_terms, int k, int q,
                                             const struct SIMD_NAME(rows) * rows,
                                             const double *mean, const double *cov, double *grad,
                                             double *hess)
{
#define COV(i, j) SIMD_LOAD(cov + LIKELIHOOD_BLOCK * ((i) >= (j) ? PAIR(q, i, j) : PAIR(q, j, i)))
#define ADD(p, v) SIMD_STORE(p, SIMD_LOAD(p) + (v))
    SIMD_VEC value = SIMD_SET(0.0);
    for (const struct exp_term *end = term + n_terms; term < end; term++) {
        int a = term->a, b = term->b;
        SIMD_VEC exponent = SIMD_SET(0.0), va = SIMD_SET(0.0), vb = SIMD_SET(0.0);
        for (int i = 0; i < term->n; i++) {
            SIMD_VEC v = SIMD_SET(0.0);
            for (int j = 0; j < term->n; j++) v += COV(term->at[i], term->at[j]) * term->t[j];
            exponent += (SIMD_LOAD(mean + LIKELIHOOD_BLOCK * term->at[i]) + 0.5 * v) * term->t[i];
            va += COV(term->at[i], a) * term->t[i];
            vb += COV(term->at[i], b) * term->t[i];
        }
        SIMD_VEC e = SIMD_NAME(exp_open)(exponent) * term->weight;
        SIMD_VEC da = rows->c[a] - SIMD_LOAD(mean + LIKELIHOOD_BLOCK * a) - va;
        SIMD_VEC db = rows->c[b] - SIMD_LOAD(mean + LIKELIHOOD_BLOCK * b) - vb;
        SIMD_VEC sum_a = rows->n * da + rows->sum[a], sum_b = rows->n * db + rows->sum[b];
        SIMD_VEC f = e * (rows->scatter[PAIR(k, b, a)] + da * sum_b + db * rows->sum[a] +
                          rows->n * COV(b, a));
        SIMD_VEC fa = -e * sum_b, fb = -e * sum_a; /* through m_a and through m_b */
        value += f;
        for (int i = 0; i < term->n; i++) {
            int at = term->at[i];
            SIMD_VEC ft = f * term->t[i];
            ADD(grad + LIKELIHOOD_BLOCK * at, ft);
            for (int j = 0; j <= i; j++)
                ADD(hess + LIKELIHOOD_BLOCK * PAIR(q, at, term->at[j]), ft * term->t[j]);
            ADD(hess + LIKELIHOOD_BLOCK * PAIR(q, at, a), fa * term->t[i]);
            ADD(hess + LIKELIHOOD_BLOCK * PAIR(q, at, b), fb * term->t[i]);
        }
        ADD(grad + LIKELIHOOD_BLOCK * a, fa);
        ADD(grad + LIKELIHOOD_BLOCK * b, fb);
        ADD(hess + LIKELIHOOD_BLOCK * PAIR(q, b, a), e * rows->n * (a == b ? 2.0 : 1.0));
    }
    return value;
#undef COV
#undef ADD
}

/* E log cosh(r / 2) and its two derivatives under N(mean, variance): equal steps of the trapezoid
 * rule up to a moderate sd; wider Gaussians take gauss_expect(), one by one. */
SIMD_INLINE void SIMD_NAME(expect_log_cosh)(const double *mean, const double *variance,
                                            SIMD_VEC *out)
{
    SIMD_VEC centre = SIMD_LOAD(mean), v = SIMD_LOAD(variance), sd = SIMD_SET(0.0);
    double total = 0;
    for (int l = 0; l < SIMD_WIDTH; l++)
        SIMD_LANE(sd, l) = SIMD_LANE(v, l) > 0 ? sqrt(SIMD_LANE(v, l))
                                               : 0; /* rounding may have made it negative */
    out[0] = out[1] = out[2] = SIMD_SET(0.0);
    for (int i = -COSH_STEPS; i <= COSH_STEPS; i++) {
        double z = i * COSH_STEP, w = cosh_weights[i < 0 ? -i : i];
        SIMD_VEC r = centre + sd * z, size = SIMD_ABS(r), small = SIMD_NAME(exp_open)(-size);
        SIMD_VEC half = 1.0 / (1.0 + small), slope = 0.5 * (1.0 - small) * half;
        out[0] += w * (0.5 * size + SIMD_NAME(log1p)(small));
        out[1] += w * SIMD_SELECT(r < 0.0, -slope, slope);
        out[2] += w * small * half * half;
        total += w;
    }
    for (int j = 0; j < 3; j++) out[j] = out[j] / total;
    out[0] -= LOG_2;
    for (int l = 0; l < SIMD_WIDTH; l++) {
        double wide[3];
        if (SIMD_LANE(sd, l) * COSH_STEP <= COSH_WIDTH) continue;
        gauss_expect(log_cosh_half, 0, SIMD_LANE(centre, l), SIMD_LANE(sd, l), COSH_WIDTH, wide);
        for (int j = 0; j < 3; j++) SIMD_LANE(out[j], l) = wide[j];
    }
}

SIMD_INLINE SIMD_VEC SIMD_NAME(expect_one)(const double *cell, int nodes, const double *mean,
                                           const double *cov, double *grad, double *hess)
{
    SIMD_VEC zero = SIMD_SET(0.0), n = STAT(0);
    struct SIMD_NAME(rows) rows = {n, {STAT(1), zero}, {zero, zero}, {zero, zero, zero}};
    if (nodes) rows.sum[0] = STAT(2);
    rows.scatter[0] = nodes ? STAT(3) : STAT(2) * STAT(2);
    SIMD_STORE(grad, zero);
    SIMD_STORE(grad + LIKELIHOOD_BLOCK, -n);
    for (int p = 0; p < 3; p++) SIMD_STORE(hess + LIKELIHOOD_BLOCK * p, zero);
    return -n * (0.5 * LOG_2PI + SIMD_LOAD(mean + LIKELIHOOD_BLOCK)) +
           SIMD_NAME(expect_terms)(terms_one, 1, 1, 2, &rows, mean, cov, grad, hess);
}

SIMD_INLINE SIMD_VEC SIMD_NAME(expect_two)(const double *cell, int nodes, const double *mean,
                                           const double *cov, double *grad, double *hess)
{
    SIMD_VEC zero = SIMD_SET(0.0), n = STAT(0), l[3];
    struct SIMD_NAME(rows) rows = {n, {STAT(1), STAT(2)}, {zero, zero}, {zero, zero, zero}};
    if (nodes) {
        for (int j = 0; j < 2; j++) rows.sum[j] = STAT(3 + j);
        for (int p = 0; p < 3; p++) rows.scatter[p] = STAT(5 + p);
    } else {
        rows.scatter[0] = STAT(3) * STAT(3);
        rows.scatter[1] = STAT(3) * STAT(4);
        rows.scatter[2] = STAT(4) * STAT(4) + STAT(5) * STAT(5);
    }
    SIMD_NAME(expect_log_cosh)
    (mean + LIKELIHOOD_BLOCK * 4, cov + LIKELIHOOD_BLOCK * PAIR(5, 4, 4), l);
    for (int p = 0; p < 15; p++) SIMD_STORE(hess + LIKELIHOOD_BLOCK * p, zero);
    SIMD_STORE(grad, zero);
    SIMD_STORE(grad + LIKELIHOOD_BLOCK, zero);
    SIMD_STORE(grad + LIKELIHOOD_BLOCK * 2, -n);
    SIMD_STORE(grad + LIKELIHOOD_BLOCK * 3, -n);
    SIMD_STORE(grad + LIKELIHOOD_BLOCK * 4, n * l[1]);
    SIMD_STORE(hess + LIKELIHOOD_BLOCK * PAIR(5, 4, 4), n * l[2]);
    return n * (l[0] - LOG_2PI - SIMD_LOAD(mean + LIKELIHOOD_BLOCK * 2) -
                SIMD_LOAD(mean + LIKELIHOOD_BLOCK * 3)) +
           SIMD_NAME(expect_terms)(terms_two, 8, 2, 5, &rows, mean, cov, grad, hess);
}
