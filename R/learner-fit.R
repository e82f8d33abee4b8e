# Runs of the learner: blocks of trials of about 0.1 s in C, so that R can be interrupted between
# them.

# Row numbers in the order of the trials.
presentation_order <- function(rows, epochs, shuffle) {
  if (!shuffle) {
    return(rep(seq_len(rows), epochs))
  }
  unlist(lapply(seq_len(epochs), function(e) sample.int(rows)))
}

# The same trials from each starting point; an interrupt ends the list as well as the run.
run_starts <- function(starts, stimuli, plan, order) {
  runs <- list()
  for (start in starts) {
    runs[[length(runs) + 1]] <- run_learner(start, stimuli, plan, order)
    if (runs[[length(runs)]]$interrupted) break
  }
  runs
}

run_learner <- function(start, stimuli, plan, order) {
  settings <- learner_settings(start, stimuli, plan)
  first <- pack_coef(start, plan$scale)
  run <- run_trials(
    settings, t(stimuli$x), as.integer(stimuli$category) - 1L, order - 1L,
    plan$thin, first
  )
  new_learner(stimuli, plan, settings, first, run, order)
}

# A learner, with N stimuli, D dimensions, G categories and P parameters:
#   categories, dimensions, terms, columns, tied, x, category
#                   the stimuli, see learner_stimuli()
#   plan            what the user asked for; settings: what the engine reads
#   start           P, in the order of learner-parameters.R; parameter: P, after the last trial
#   record          P x trials %/% plan$thin: parameters after every plan$thin-th trial
#   trials          data frame, a row a trial: epoch, row (of the stimuli), loss, response
#   held            steps cut short at a limit, by part; silent: trials without any activation
#   interrupted     did the user interrupt the run?
#   failed          where a covariance became singular: list(trial, category)
#   loss            mean cross-entropy of the stimuli at the end
#   starts, call    see learn_categories(); seal: see aaa-validate.R
new_learner <- function(stimuli, plan, settings, first, run, order) {
  done <- seq_along(run$loss)
  learner <- structure(list(
    categories = stimuli$categories, dimensions = stimuli$dimensions, terms = stimuli$terms,
    columns = stimuli$columns, tied = stimuli$tied, x = stimuli$x, category = stimuli$category,
    plan = plan, settings = settings,
    start = first, parameter = run$parameter, record = matrix(run$record, length(first)),
    trials = data.frame(
      epoch = (done - 1L) %/% nrow(stimuli$x) + 1L, row = order[done], loss = run$loss,
      response = factor(stimuli$categories[run$response + 1L], stimuli$categories)
    ),
    held = stats::setNames(run$held, c("mean", "scale", "weight")), silent = run$silent,
    interrupted = run$interrupted
  ), class = "covary_learner")
  if (run$status != 0) {
    learner$failed <- list(trial = length(done), category = stimuli$categories[run$category])
  }
  learner$loss <- mean_loss(learner)
  learner
}

# What the engine reads by name; a rate of zero freezes a part.
learner_settings <- function(start, stimuli, plan) {
  rates <- plan$rates
  rates[plan$freeze] <- 0
  list(
    dimensions = length(stimuli$dimensions), categories = length(stimuli$categories),
    rows = nrow(stimuli$x),
    batch = plan$batch, scale = match(plan$scale, c("log_cholesky", "cholesky", "covariance")) - 1L,
    log_activation = plan$activation == "log_density", bias = plan$bias,
    mean_rate = rates[["mean"]], scale_rate = rates[["scale"]], weight_rate = rates[["weight"]],
    momentum = plan$momentum,
    unit = sqrt(apply(start$covariance, 3, function(s) diag(matrix(s, ncol(start$mean)))))
  )
}

# All trials from one starting point. `order`: numbers of the rows of x, from 0; `thin`: after how
# many trials parameters are kept. list(parameter, status, category, interrupted, loss, response,
# record, held, silent), over all blocks.
run_trials <- function(settings, x, y, order, thin, parameter) {
  state <- list(
    parameter = parameter, velocity = 0 * parameter, gradient = 0 * parameter,
    trial = 0, waiting = 0L,
    status = 0L
  )
  blocks <- list()
  size <- 1000
  interrupted <- FALSE
  tryCatch(
    while (state$trial < length(order) && state$status == 0) {
      clock <- proc.time()[["elapsed"]]
      trials <- order[seq.int(state$trial + 1, min(state$trial + size, length(order)))]
      state <- .Call(C_learner_run, settings, x, y, trials, thin, state)
      blocks[[length(blocks) + 1]] <- state
      size <- next_block(size, proc.time()[["elapsed"]] - clock)
    },
    interrupt = function(e) interrupted <<- TRUE
  )
  done <- function(block, name) block[[name]][seq_len(block$done)]
  list(
    parameter = state$parameter, status = state$status, category = state$category,
    interrupted = interrupted,
    loss = as.numeric(unlist(lapply(blocks, done, "loss"))),
    response = as.integer(unlist(lapply(blocks, done, "response"))),
    record = unlist(lapply(blocks, recorded, thin = thin, size = length(parameter))),
    held = Reduce(`+`, lapply(blocks, `[[`, "held"), numeric(3)),
    silent = sum(vapply(blocks, `[[`, 0, "silent"))
  )
}

# Parameters kept in a block; a block that failed ended early and left the rest of its record
# unused.
recorded <- function(block, thin, size) {
  kept <- block$trial %/% thin - (block$trial - block$done) %/% thin
  block$record[seq_len(kept * size)]
}

# Trials of the next block, towards a tenth of a second.
next_block <- function(size, seconds) {
  if (seconds < .05) size * 2 else if (seconds > .2) max(1, size %/% 2) else size
}

# The run with the lowest final loss; an error where all failed.
best_run <- function(runs) {
  failed <- vapply(runs, function(r) !is.null(r$failed), TRUE)
  loss <- vapply(runs, `[[`, 0, "loss")
  if (all(failed)) stop_singular(runs[[1]])
  learner <- runs[[which.min(ifelse(failed, Inf, loss))]]
  learner$starts <- learner_starts_table(runs)
  learner$interrupted <- runs[[length(runs)]]$interrupted
  learner
}

learner_starts_table <- function(runs) {
  out <- data.frame(
    start = seq_along(runs), loss = vapply(runs, `[[`, 0, "loss"),
    accuracy = vapply(runs, accuracy, 0),
    failed = vapply(runs, function(r) !is.null(r$failed), TRUE)
  )
  out$mean <- lapply(runs, function(r) unpack_coef(r$start, r)$mean)
  out
}

stop_singular <- function(learner) {
  learner$starts <- learner_starts_table(list(learner))
  failed <- learner$failed
  stop_covary("singular", "Every covariance must stay positive definite; the step after trial ",
    failed$trial,
    " made that of category '", failed$category,
    "' singular. The condition's field `learner` holds the run up to",
    " there. Use `scale = \"log_cholesky\"` or a smaller `scale` rate.",
    fields = list(trial = failed$trial, category = failed$category, learner = seal(learner))
  )
}
