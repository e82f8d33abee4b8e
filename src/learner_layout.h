/* Where the parts of the learner's parameter vector start: see learner.h. */
#ifndef COVARY_LEARNER_LAYOUT_H
#define COVARY_LEARNER_LAYOUT_H

#include "learner.h"

static inline int triangle(int d) { return d * (d + 1) / 2; }

static inline int scale_start(const struct learner_settings *settings)
{
    return settings->dimensions * settings->categories;
}

static inline int weight_start(const struct learner_settings *settings)
{
    return scale_start(settings) + triangle(settings->dimensions) * settings->categories;
}

static inline int bias_start(const struct learner_settings *settings)
{
    return weight_start(settings) + settings->categories * settings->categories;
}

#endif
