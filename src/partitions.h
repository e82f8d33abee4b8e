/* Passes over many rows in partitions, each with a table of sums of its own. How many depends on
 * the rows and the table alone and the tables are added in their order: any number of threads gives
 * the same bits. */
#ifndef COVARY_PARTITIONS_H
#define COVARY_PARTITIONS_H

#define PARTITIONS_MOST 8

/* Called once, when the package is loaded. */
void partitions_home(void);

/* Adds rows from .. to - 1 to a table; `partition` counts from 0. */
typedef void (*partition_pass)(void *data, int partition, long from, long to, double *table);

/* Doubles of work that n rows need for a table of `size` doubles. */
long partitions_work(long n, long size);
/* table: cleared and filled with the sums of all n rows. Returns the number of partitions. */
int partitions_run(partition_pass add, void *data, long n, int threads, long size, double *table,
                   double *work);

#endif
