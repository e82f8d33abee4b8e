/* Passes over many rows in stripes, each with a table of sums of its own. How many depends on the rows and the
 * table alone and the tables are added in their order: any number of threads gives the same bits. */
#ifndef COVARY_STRIPES_H
#define COVARY_STRIPES_H

#define STRIPES_MOST 8

/* Called once, when the package is loaded. */
void stripes_home(void);

/* Adds rows from .. to - 1 to a table; `stripe` counts from 0. */
typedef void (*stripe_pass)(void *data, int stripe, long from, long to, double *table);

/* Doubles of work that n rows need for a table of `size` doubles. */
long stripes_work(long n, long size);
/* table: cleared and filled with the sums of all n rows. Returns the number of stripes. */
int stripes_run(stripe_pass add, void *data, long n, int threads, long size, double *table,
                double *work);

#endif
