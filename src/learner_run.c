/* The category learner, many trials: step, and the loop over trials.
 *
 *   v <- momentum v + gradient,   parameter <- parameter - rate v
 *
 * Everything stays finite by limits that ordinary use never meets: those of means and weights
 * here, and the region of valid covariances in learner_scale.c.
 */
#include "learner.h"
#include "learner_layout.h"
#include "learner_scale.h"
#include <math.h>
#include <string.h>

#define LARGEST_MEAN 1e160
#define LARGEST_WEIGHT 1e100
#define MOST_HALVINGS 60

/* ---- step ------------------------------------------------------------------------ */

static void update_velocity(const struct learner_settings *settings, struct learner_state *state)
{
    int n = learner_parameters(settings);
    for (int i = 0; i < n; i++) {
        double v = settings->momentum * state->velocity[i] + state->gradient[i] / state->waiting;
        state->velocity[i] = bounded(v, LARGEST);
        state->gradient[i] = 0;
    }
    state->waiting = 0;
}

static void move(int n, double rate, double limit, const double *velocity, double *parameter,
                 double *held)
{
    for (int i = 0; i < n; i++) {
        double moved = parameter[i] - rate * velocity[i];
        parameter[i] = bounded(moved, limit);
        if (parameter[i] != moved) *held += 1;
    }
}

/* A log-Cholesky step that would leave the region of valid covariances is halved until it
 * stays inside, and its velocity with it; a raw parameterisation fails there. */
static int move_scale(const struct learner_settings *settings, int g, struct learner_state *state,
                      struct learner_work *work, double *held)
{
    int size = triangle(settings->dimensions), start = scale_start(settings) + g * size;
    double *proposal = work->proposal + start, *velocity = state->velocity + start;
    const double *parameter = state->parameter + start;
    for (int halving = 0; halving <= MOST_HALVINGS; halving++) {
        for (int i = 0; i < size; i++)
            proposal[i] = parameter[i] - settings->scale_rate * velocity[i];
        if (learner_factor_category(settings, g, work->proposal, work)) return 1;
        if (settings->scale != LOG_CHOLESKY) return 0;
        if (halving == 0) *held += 1;
        for (int i = 0; i < size; i++) velocity[i] = halving == MOST_HALVINGS ? 0 : velocity[i] / 2;
    }
    memcpy(proposal, parameter, size * sizeof(double));
    return learner_factor_category(settings, g, work->proposal, work);
}

/* Proposes new parameters and accepts them only if every covariance is valid. */
static int step(const struct learner_settings *settings, struct learner_state *state,
                struct learner_work *work, struct learner_info *info)
{
    int means = scale_start(settings), weights = weight_start(settings),
        n = learner_parameters(settings);
    update_velocity(settings, state);
    memcpy(work->proposal, state->parameter, n * sizeof(double));
    move(means, settings->mean_rate, LARGEST_MEAN, state->velocity, work->proposal, info->held);
    if (settings->scale_rate > 0)
        for (int g = 0; g < settings->categories; g++)
            if (!move_scale(settings, g, state, work, info->held + 1)) {
                info->category = g;
                return LEARNER_SINGULAR;
            }
    move(n - weights, settings->weight_rate, LARGEST_WEIGHT, state->velocity + weights,
         work->proposal + weights, info->held + 2);
    memcpy(state->parameter, work->proposal, n * sizeof(double));
    return LEARNER_OK;
}

/* ---- trials ---------------------------------------------------------------------- */

static int all_silent(const struct learner_settings *settings, const struct learner_work *work)
{
    for (int g = 0; g < settings->categories; g++)
        if (settings->log_activation || work->activation[g] > 0) return 0;
    return 1;
}

static int ends_batch(const struct learner_settings *settings, const struct learner_state *state)
{
    return state->waiting == settings->batch || fmod(state->trial, settings->rows) == 0;
}

int learner_run(const struct learner_settings *settings, const struct learner_trials *trials,
                struct learner_state *state, struct learner_work *work, struct learner_info *info,
                struct learner_record *record)
{
    int n = learner_parameters(settings);
    int status = learner_factor(settings, state->parameter, work, info);
    double *column = record->parameter;
    for (record->done = 0; record->done < trials->n && status == LEARNER_OK; record->done++) {
        int i = record->done, row = trials->order[i];
        learner_activate(settings, state->parameter,
                         trials->x + (size_t) row * settings->dimensions, work);
        record->loss[i] =
            learner_error(settings->categories, trials->y[row], work->logit, work->error);
        record->response[i] = learner_response(settings->categories, work->logit);
        info->silent += all_silent(settings, work);
        learner_backpropagate(settings, state->parameter, work, state->gradient);
        state->trial++;
        state->waiting++;
        if (ends_batch(settings, state)) status = step(settings, state, work, info);
        if (column && fmod(state->trial, record->thin) == 0) {
            memcpy(column, state->parameter, n * sizeof(double));
            column += n;
        }
    }
    return status;
}
