#include "partitions.h"
#include <string.h>
#ifndef _WIN32
#include <unistd.h>

/* OpenMP's threads do not live on in a process forked from the one that had them, and the child
 * would wait for them for ever: only the process that loaded the package uses threads. */
static pid_t home;
void partitions_home(void) { home = getpid(); }
static int may_use_threads(void) { return getpid() == home; }
#else
void partitions_home(void) {}
static int may_use_threads(void) { return 1; }
#endif

/* Each has rows enough to be worth a thread, and all tables together have 8 MB at most. */
static int count(long n, long size)
{
    long most = n / 65536, fit = (1L << 20) / (size > 0 ? size : 1);
    if (most > fit) most = fit;
    return most < 1 ? 1 : most > PARTITIONS_MOST ? PARTITIONS_MOST : (int) most;
}

long partitions_work(long n, long size) { return size * (count(n, size) - 1); }

struct run {
    partition_pass add;
    void *data;
    long n, size, width;
    double *table, *work;
};

static void run_partition(const struct run *r, int s)
{
    double *mine = s == 0 ? r->table : r->work + r->size * (s - 1);
    long from = r->width * s, to = from + r->width < r->n ? from + r->width : r->n;
    memset(mine, 0, (size_t) r->size * sizeof(double));
    r->add(r->data, s, from, to, mine);
}

int partitions_run(partition_pass add, void *data, long n, int threads, long size, double *table,
                   double *work)
{
    int partitions = count(n, size);
    struct run run = {add, data, n, size, (n + partitions - 1) / partitions, table, work};
#ifdef _OPENMP
    if (threads > 1 && may_use_threads()) {
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
        for (int s = 0; s < partitions; s++) run_partition(&run, s);
    } else
#endif
        for (int s = 0; s < partitions; s++) run_partition(&run, s);
    for (int s = 1; s < partitions; s++)
        for (long i = 0; i < size; i++) table[i] += work[size * (s - 1) + i];
    return partitions;
}
