/* On a grid of step h, x = from + (j + u) h with 0 <= u <= 1 lies in interval j, where the four
 * B-splines that are not zero have the values (1 - u)^3 / 6, (3 u^3 - 6 u^2 + 4) / 6,
 * (-3 u^3 + 3 u^2 + 3 u + 1) / 6 and u^3 / 6. */
#include "chart_table.h"
#include <math.h>

/* Where a point lies on an axis, nearest to it inside the grid: values and slopes of the B-splines,
 * and by how many steps the point lies outside. */
struct place {
    int first;
    double value[4], slope[4], beyond;
};

static void find_place(const struct chart_axis *axis, double x, struct place *p)
{
    double at = (x - axis->from) / axis->step, most = axis->nodes - 1;
    double inside = at < 0 ? 0 : at > most ? most : at;
    int j = (int) inside;
    if (j > axis->nodes - 2) j = axis->nodes - 2;
    double u = inside - j, v = 1 - u, u2 = u * u, v2 = v * v;
    p->first = j;
    p->beyond = at - inside;
    p->value[0] = v2 * v / 6;
    p->value[3] = u2 * u / 6;
    p->value[1] = (3 * u2 * (u - 2) + 4) / 6;
    p->value[2] = (3 * v2 * (v - 2) + 4) / 6;
    if (p->beyond == 0) return;
    p->slope[0] = -v2 / 2;
    p->slope[3] = u2 / 2;
    p->slope[1] = u * (3 * u - 4) / 2;
    p->slope[2] = -v * (3 * v - 4) / 2;
}

static double dot(const double *a, const double *weights)
{
    return a[0] * weights[0] + a[1] * weights[1] + a[2] * weights[2] + a[3] * weights[3];
}

static double curve_at(const struct chart_table *t, const double *a, double x)
{
    struct place p;
    find_place(&t->axis[0], x, &p);
    double value = dot(a + p.first, p.value);
    return p.beyond == 0 ? value : value + p.beyond * dot(a + p.first, p.slope);
}

static double surface_at(const struct chart_table *t, const double *a, double x, double y)
{
    struct place p, q;
    find_place(&t->axis[0], x, &p);
    find_place(&t->axis[1], y, &q);
    long width = t->axis[0].nodes + 2;
    double value = 0;
    for (int j = 0; j < 4; j++) {
        const double *line = a + p.first + width * (q.first + j);
        double here = dot(line, p.value);
        double line_value = here;
        if (p.beyond != 0) line_value += p.beyond * dot(line, p.slope);
        value += q.value[j] * line_value;
        if (q.beyond != 0) value += q.beyond * q.slope[j] * here;
    }
    return value;
}

void chart_table_add(const struct chart_table *t, const double *const *x, const int *combination,
                     long n, double *out)
{
    long size = 1;
    for (int d = 0; d < t->axes; d++) size *= t->axis[d].nodes + 2;
    for (long i = 0; i < n; i++) {
        if (combination[i] < 0) continue;
        const double *a = t->coefficients + size * combination[i];
        if (t->axes == 0) out[i] += a[0];
        else if (!isfinite(x[0][i]) || (t->axes == 2 && !isfinite(x[1][i]))) out[i] = NAN;
        else out[i] += t->axes == 1 ? curve_at(t, a, x[0][i]) : surface_at(t, a, x[0][i], x[1][i]);
    }
}
