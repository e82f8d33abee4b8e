#include "regression.h"
#include <stdint.h>
#include <string.h>

long shared_table(int m)
{
    long size = 16;
    while (size < 2L * m) size *= 2;
    return size;
}

/* By the bits of all columns of a cell */
static uint64_t hash_of(const struct regression *r, long cell)
{
    uint64_t hash = 0;
    for (int j = 0; j < r->likelihood->q; j++)
        for (int a = 0; a < r->p[j]; a++) {
            uint64_t bits;
            memcpy(&bits, r->x[j] + a + r->p[j] * cell, sizeof(bits));
            hash = (hash ^ bits) * UINT64_C(0x9E3779B97F4A7C15);
            hash ^= hash >> 29;
        }
    return hash;
}

static int same_columns(const struct regression *r, long a, long b)
{
    for (int j = 0; j < r->likelihood->q; j++) {
        size_t bytes = r->p[j] * sizeof(double);
        if (memcmp(r->x[j] + r->p[j] * a, r->x[j] + r->p[j] * b, bytes)) return 0;
    }
    return 1;
}

int find_shared_columns(const struct regression *r, int *of, int *first, int *table)
{
    long size = shared_table(r->m);
    int n = 0;
    for (long k = 0; k < size; k++) table[k] = -1;
    for (int i = 0; i < r->m; i++) {
        long k = (long) (hash_of(r, i) & (uint64_t) (size - 1));
        while (table[k] >= 0 && !same_columns(r, first[table[k]], i)) k = (k + 1) & (size - 1);
        if (table[k] < 0) {
            first[n] = i;
            table[k] = n++;
        }
        of[i] = table[k];
    }
    return n;
}
