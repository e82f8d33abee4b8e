#include "moments_two.h"
#include "moments_rows.h"
#include "stripes.h"
#include <string.h>

static inline void prepare(const struct moments_rows *rows, long from, int n, double *s)
{
    if (rows->k == 1) prepare_one(rows, from, n, s);
    else if (rows->k == 2) prepare_two(rows, from, n, s);
    else prepare_many(rows, from, n, s);
}

/* Number of the row's cell in the whole grid, -1 outside. */
static inline long place_of(const struct moments_two *data, long i, double *t, double *u)
{
    const struct moments_grid *gx = data->grid, *gz = data->grid + 1;
    double a = data->rows.x[i] * gx->inverse - gx->first, b = data->z[i] * gz->inverse - gz->first;
    if (!(a >= 0 && a < gx->count && b >= 0 && b < gz->count)) return -1;
    long c = (long) a, d = (long) b;
    *t = 2 * (a - (double) c) - 1;
    *u = 2 * (b - (double) d) - 1;
    return c +
           gx->count * (d + (long) gz->count * (data->rows.group ? data->rows.group[i] - 1 : 0));
}

static inline void places(const struct moments_two *data, const int *slot, long from, int n,
                          double *t, double *u, long *place)
{
    for (int i = 0; i < n; i++) {
        long at = place_of(data, from + i, t + i, u + i);
        place[i] = at < 0 ? -1 : slot[at];
    }
}

long moments_two_slots(const struct moments_two *data, int *slot, double *outside)
{
    long size = (long) data->grid[0].count * data->grid[1].count * data->groups, cells = 0;
    double t, u;
    memset(slot, 0, (size_t) size * sizeof(int));
    *outside = 0;
    for (long i = 0; i < data->rows.n; i++) {
        long at = place_of(data, i, &t, &u);
        if (at < 0) ++*outside;
        else slot[at] = 1;
    }
    for (long i = 0; i < size; i++) slot[i] = slot[i] ? (int) cells++ : -1;
    return cells;
}

#define SIMD_SOURCE "moments_two_pass.h"
#include "simd_wide.h"

static void add_two_plain(const struct moments_two *data, const int *slot, long from, long to,
                          double *table)
{
    double s[MOMENTS_MAX_PADDED], t, u;
    long place;
    int padded = moments_padded(data->rows.k);
    for (long i = from; i < to; i++) {
        places(data, slot, i, 1, &t, &u, &place);
        if (place < 0) continue;
        prepare_many(&data->rows, i, 1, s);
        double x[4] = {1, t, 2 * t * t - 1, t * (4 * t * t - 3)},
               z[4] = {1, u, 2 * u * u - 1, u * (4 * u * u - 3)};
        double *cell = table + place * padded * MOMENTS_TWO;
        for (int e = 0; e < 4; e++)
            for (int d = 0; d < 4; d++)
                for (int j = 0; j < padded; j++)
                    cell[padded * (4 * e + d) + j] += x[d] * z[e] * s[j];
    }
}

struct pass {
    const struct moments_two *data;
    const int *slot;
    int level;
};

static void add_stripe(void *data, int stripe, long from, long to, double *table)
{
    const struct pass *p = data;
    (void) stripe;
    SIMD_CALL(simd_level(p->level), add_two, (p->data, p->slot, from, to, table));
}

void moments_two_pass(const struct moments_two *data, const int *slot, long cells, int level,
                      int threads, double *table, double *work)
{
    struct pass pass = {data, slot, level};
    long size = (long) moments_padded(data->rows.k) * MOMENTS_TWO * cells;
    stripes_run(add_stripe, &pass, data->rows.n, threads, size, table, work);
}
