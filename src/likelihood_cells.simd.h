/* SIMD_WIDTH neighbouring cells of a block (likelihood.h), given by a pointer to the first: element
 * j of each of them, a row of the block. */
#ifndef COVARY_LIKELIHOOD_CELLS_SIMD_H
#define COVARY_LIKELIHOOD_CELLS_SIMD_H

#include "likelihood.h"
#include "simd_math.simd.h"

#define CELLS_LOAD(first, j) SIMD_LOAD((first) + LIKELIHOOD_BLOCK * (j))
#define CELLS_STORE(first, j, v) SIMD_STORE((first) + LIKELIHOOD_BLOCK * (j), v)

#endif
