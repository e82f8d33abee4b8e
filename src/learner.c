/* The category learner, one trial: forward and backward.
 *
 *   x  stimulus (d)        y  its category        m_g, L_g  mean and covariance factor
 *   l_g = log N(x; m_g, L_g L_g')      log density
 *   a_g = exp(l_g)  or  l_g            activation
 *   z   = W a + b                      logits of the responses
 *   p   = softmax(z)
 *   E   = - log p_y                    cross-entropy
 *
 * Backwards, v_bar = dE/dv:
 *   z_bar = p - e_y     W_bar = z_bar a'     b_bar = z_bar     a_bar = W' z_bar
 *   l_bar = a_bar a  or  a_bar
 *   m_bar = l_bar w     with u = L^-1 (x - m), w = L^-T u; scale: learner_scale.c
 *
 * |x - m| <= 2e160 (LARGEST_MEAN in learner_run.c) and the region of valid covariances
 * (learner_scale.c) give u <= 1e197 and w <= 1e234, so only products can overflow, and to an
 * infinity whose sign is known, which bounded() brings back.
 */
#include "learner.h"
#include "learner_layout.h"
#include "learner_scale.h"
#include <math.h>

#define HALF_LOG_TWO_PI 0.918938533204672741780329736406
#define LARGEST_LOG_DENSITY 690 /* exp() of it is below LARGEST */

/* ---- memory ---------------------------------------------------------------------- */

int learner_parameters(const struct learner_settings *settings)
{
    return bias_start(settings) + (settings->bias ? settings->categories : 0);
}

int learner_work_size(const struct learner_settings *settings)
{
    int d = settings->dimensions, g = settings->categories;
    return d * d * g + 3 * d * g + 5 * g + learner_parameters(settings) + d * d;
}

static double *carve(double **block, int size)
{
    double *piece = *block;
    *block += size;
    return piece;
}

void learner_work_carve(const struct learner_settings *settings, double *block,
                        struct learner_work *work)
{
    int d = settings->dimensions, g = settings->categories;
    work->lower = carve(&block, d * d * g);
    work->inverse = carve(&block, d * g);
    work->white = carve(&block, d * g);
    work->pull = carve(&block, d * g);
    work->log_determinant = carve(&block, g);
    work->log_density = carve(&block, g);
    work->activation = carve(&block, g);
    work->logit = carve(&block, g);
    work->error = carve(&block, g);
    work->proposal = carve(&block, learner_parameters(settings));
    work->scratch = carve(&block, d * d);
}

/* ---- forward --------------------------------------------------------------------- */

int learner_factor_category(const struct learner_settings *settings, int category,
                            const double *parameter, struct learner_work *work)
{
    int d = settings->dimensions;
    return learner_scale_factor(
        settings->scale, d, parameter + scale_start(settings) + category * triangle(d),
        settings->unit + category * d, work->lower + category * d * d, work->inverse + category * d,
        work->log_determinant + category, work->scratch);
}

int learner_factor(const struct learner_settings *settings, const double *parameter,
                   struct learner_work *work, struct learner_info *info)
{
    for (int g = 0; g < settings->categories; g++)
        if (!learner_factor_category(settings, g, parameter, work)) {
            info->category = g;
            return LEARNER_SINGULAR;
        }
    return LEARNER_OK;
}

/* u = L^-1 (x - m). Rows are divided by their diagonal first: the ratios are bounded by the
 * condition number, so nothing overflows on the way. */
static double log_density(int d, const double *x, const double *mean, const double *lower,
                          const double *inverse, double log_determinant, double *u)
{
    double square = 0;
    for (int i = 0; i < d; i++) {
        double sum = (x[i] - mean[i]) * inverse[i];
        for (int j = 0; j < i; j++) sum -= lower[i + j * d] * inverse[i] * u[j];
        u[i] = sum;
        square += sum * sum;
    }
    return bounded(-d * HALF_LOG_TWO_PI - log_determinant - square / 2, LARGEST);
}

void learner_activate(const struct learner_settings *settings, const double *parameter,
                      const double *x, struct learner_work *work)
{
    int d = settings->dimensions, categories = settings->categories;
    const double *weight = parameter + weight_start(settings);
    for (int g = 0; g < categories; g++) {
        double l =
            log_density(d, x, parameter + g * d, work->lower + g * d * d, work->inverse + g * d,
                        work->log_determinant[g], work->white + g * d);
        work->log_density[g] = l;
        work->activation[g] =
            settings->log_activation ? l : exp(l < LARGEST_LOG_DENSITY ? l : LARGEST_LOG_DENSITY);
    }
    for (int r = 0; r < categories; r++) {
        double z = settings->bias ? parameter[bias_start(settings) + r] : 0;
        for (int g = 0; g < categories; g++)
            z += bounded(weight[r + g * categories] * work->activation[g], LARGEST);
        work->logit[r] = z;
    }
}

int learner_response(int n, const double *x)
{
    int at = 0;
    for (int i = 1; i < n; i++)
        if (x[i] > x[at]) at = i;
    return at;
}

/* p_y - 1 and -log p_y cancel when p_y is near one; the other responses give both exactly. */
double learner_error(int categories, int y, const double *logit, double *error)
{
    double top = logit[learner_response(categories, logit)], others = 0;
    for (int r = 0; r < categories; r++) {
        error[r] = exp(logit[r] - top);
        if (r != y) others += error[r];
    }
    double total = others + error[y];
    double loss = logit[y] == top ? log1p(others) : top - logit[y] + log(total);
    for (int r = 0; r < categories; r++) error[r] /= total;
    error[y] = -others / total;
    return loss;
}

/* ---- backward -------------------------------------------------------------------- */

static void pull_back(int d, const double *lower, const double *inverse, const double *u, double *w)
{
    for (int i = d - 1; i >= 0; i--) {
        double sum = u[i];
        for (int j = i + 1; j < d; j++) sum -= lower[j + i * d] * w[j];
        w[i] = sum * inverse[i];
    }
}

static void backpropagate_density(const struct learner_settings *settings, int g,
                                  double log_density_bar, struct learner_work *work,
                                  double *gradient)
{
    int d = settings->dimensions;
    const double *lower = work->lower + g * d * d, *inverse = work->inverse + g * d,
                 *u = work->white + g * d;
    double *w = work->pull + g * d;
    pull_back(d, lower, inverse, u, w);
    for (int i = 0; i < d; i++)
        gradient[g * d + i] = bounded(gradient[g * d + i] + log_density_bar * w[i], LARGEST);
    if (settings->scale_rate > 0)
        learner_scale_gradient(settings->scale, d, log_density_bar, lower, inverse, u, w,
                               gradient + scale_start(settings) + g * triangle(d), work->scratch);
}

void learner_backpropagate(const struct learner_settings *settings, const double *parameter,
                           struct learner_work *work, double *gradient)
{
    int categories = settings->categories;
    const double *weight = parameter + weight_start(settings);
    double *weight_bar = gradient + weight_start(settings),
           *bias_bar = gradient + bias_start(settings);
    for (int g = 0; g < categories; g++) {
        double activation_bar = 0;
        for (int r = 0; r < categories; r++) {
            int at = r + g * categories;
            activation_bar += weight[at] * work->error[r];
            weight_bar[at] =
                bounded(weight_bar[at] + work->error[r] * work->activation[g], LARGEST);
        }
        double bar = settings->log_activation
                         ? activation_bar
                         : bounded(activation_bar * work->activation[g], LARGEST);
        /* a density that underflows to zero passes nothing back, however far the stimulus */
        if (bar != 0) backpropagate_density(settings, g, bar, work, gradient);
    }
    if (settings->bias)
        for (int r = 0; r < categories; r++) bias_bar[r] += work->error[r];
}
