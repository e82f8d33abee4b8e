#include "moments_two.h"
#include "moments_two_block.h"
#include "partitions.h"
#include <string.h>
#include "simd.h"

long moments_two_slots(const struct moments_two *data, int *slot, double *outside)
{
    long size = (long) data->grid[0].count * data->grid[1].count * data->groups, cells = 0;
    double t, u;
    memset(slot, 0, (size_t) size * sizeof(int));
    *outside = 0;
    for (long i = 0; i < data->rows.n; i++) {
        long at = grid_cell(data, i, &t, &u);
        if (at < 0) ++*outside;
        else slot[at] = 1;
    }
    for (long i = 0; i < size; i++) slot[i] = slot[i] ? (int) cells++ : -1;
    return cells;
}

#ifdef SIMD_HAS_WIDTH_2
#define SIMD_WIDTH 2
#include "moments_two.simd.h"
#undef SIMD_WIDTH
#endif
#ifdef SIMD_HAS_WIDTH_4
#define SIMD_WIDTH 4
#include "moments_two.simd.h"
#undef SIMD_WIDTH
#endif

static void add_two_plain(const struct moments_two *data, const int *slot, long from, long to,
                          double *table)
{
    double s[MOMENTS_MAX_PADDED], t, u;
    long cell_index;
    int padded = moments_padded(data->rows.k);
    for (long i = from; i < to; i++) {
        find_cells(data, slot, i, 1, &t, &u, &cell_index);
        if (cell_index < 0) continue;
        prepare_many(&data->rows, i, 1, s);
        double x[4] = {1, t, 2 * t * t - 1, t * (4 * t * t - 3)},
               z[4] = {1, u, 2 * u * u - 1, u * (4 * u * u - 3)};
        double *cell = table + cell_index * padded * MOMENTS_TWO;
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

static void add_partition(void *data, int partition, long from, long to, double *table)
{
    const struct pass *p = data;
    (void) partition;
    SIMD_CALL(simd_level(p->level), add_two, (p->data, p->slot, from, to, table));
}

void moments_two_pass(const struct moments_two *data, const int *slot, long cells, int level,
                      int threads, double *table, double *work)
{
    struct pass pass = {data, slot, level};
    long size = (long) moments_padded(data->rows.k) * MOMENTS_TWO * cells;
    partitions_run(add_partition, &pass, data->rows.n, threads, size, table, work);
}
