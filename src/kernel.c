#include "kernel.h"
#include <stddef.h>

const struct kernel *kernel_for(int k)
{
    if (k == 1) return &kernel_one;
    if (k == 2) return &kernel_two;
    return NULL;
}
