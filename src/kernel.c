#include "kernel.h"
#include <stddef.h>

const struct kernel *kernel_for(int k)
{
    if (k == 1) return &kernel_one;
    if (k == 2) return &kernel_two;
    return NULL;
}

static const struct kernel *nodes_for(int k)
{
    if (k == 1) return &kernel_one_nodes;
    if (k == 2) return &kernel_two_nodes;
    return NULL;
}

const struct kernel *kernel_for_size(int k, long size)
{
    const struct kernel *cells = kernel_for(k), *nodes = nodes_for(k);
    if (cells && cells->size == size) return cells;
    if (nodes && nodes->size == size) return nodes;
    return NULL;
}
