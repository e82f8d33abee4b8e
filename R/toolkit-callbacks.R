# Callbacks: looked at between iterations. Each keeps its memory as plain data inside the fit, so
# that it survives saving and refine(), and a refined copy leaves the fit it came from as it was.

#' Callbacks
#'
#' What [advi()] and [svgd()] call between iterations: one of these or a list of them, or of
#' functions `function(approx, losses, i)`, called after every iteration (use `callback()` for
#' fewer). `approx` is the approximation so far, `losses` are those of all iterations, `i` is the
#' number of the last. Approximations that are not finished have no draws; `as.matrix(approx)` and
#' `summary(approx)` then show 128 points of a fixed design.
#' `stop_iteration()` inside one ends the run normally; an error stops with a condition of class
#' `covary_error_callback` whose field `fit` is the approximation so far.
#'
#' `check_convergence()` compares the parameters of the approximation (means and raw scales) with
#' those `every` iterations before, and stops when the norm of their changes is below `tolerance`:
#' PyMC's CheckParametersConvergence. `"relative"` changes are `(|new - old| + 1e-6) / (|old| +
#' 1e-6)`, which a parameter near zero can keep large for ever. It is a rule about movement, not
#' about accuracy. `check_loss()` stops when the mean loss of the last `window` iterations is not
#' below that of the `window` before, beyond twice its standard error.
#'
#' @param every Number of iterations between calls.
#' @param tolerance,diff,ord Bound, kind (`"relative"` or `"absolute"`) and order (1, 2 or `Inf`) of
#'   the norm of the changes.
#' @param window Number of iterations in each of the two means.
#' @param ... Named functions of no argument, of the approximation, or of `(approx, losses, i)`,
#'   whose results are kept: `tracker(mean = mean, sd = sd)`. See [tracked()]. Names must differ,
#'   also between several trackers of one fit.
#' @param fun A function of `(approx, losses, i)`.
#' @param message Shown, and kept in the fit.
#' @return A list of class `covary_callback`. `stop_iteration()` does not return.
#' @examples
#' target <- normal_mixture(c(.5, .5), c(-1, 1), c(1, 1))
#' fit <- advi(target,
#'   optimizer = adam(0.02), iterations = 5000,
#'   callbacks = list(check_convergence(diff = "absolute"), tracker(mean = mean, every = 10))
#' )
#' plot(fit, "tracker")
#' @name callbacks
NULL

# run(memory, approx, losses, i) is called at every `every`-th iteration, with `first` also at the
# first, and returns the new memory; `values`: names of what a tracker keeps.
new_callback <- function(kind, every, run, first = FALSE, memory = list(), values = NULL) {
  structure(
    list(
      kind = kind, every = check_count(every, "every"), first = first, run = run,
      memory = memory, values = values
    ),
    class = "covary_callback"
  )
}

#' @rdname callbacks
#' @export
check_convergence <- function(
  every = 100, tolerance = 1e-3, diff = c("relative", "absolute"),
  ord = Inf
) {
  if (is.object(every)) { # a model, which the generic of 'performance' checks
    return(hand_on_call("performance", "check_convergence", sys.call()))
  }
  diff <- check_choice(diff, c("relative", "absolute"), "diff")
  check_number(tolerance, "tolerance", 0)
  check_number(ord, "ord", 1)
  every <- check_count(every, "every")
  new_callback("check_convergence", every, first = TRUE, run = function(memory, approx, losses, i) {
    now <- approx$parameters
    if (is.null(memory$previous)) {
      return(list(previous = now))
    }
    if (i %% every != 0) {
      return(memory)
    }
    change <- abs(now - memory$previous)
    if (diff == "relative") change <- (change + 1e-6) / (abs(memory$previous) + 1e-6)
    size <- if (is.infinite(ord)) max(change) else sum(change^ord)^(1 / ord)
    if (size < tolerance) stop_iteration(paste("Convergence achieved at", i))
    list(previous = now)
  })
}

#' @rdname callbacks
#' @export
check_loss <- function(every = 100, window = 1000) {
  window <- check_count(window, "window", 10)
  new_callback("check_loss", every, run = function(memory, approx, losses, i) {
    if (i < 2 * window) {
      return(memory)
    }
    now <- losses[seq(i - window + 1, i)]
    before <- losses[seq(i - 2 * window + 1, i - window)]
    # means of blocks, because losses of neighbouring iterations are not independent
    blocks <- function(x) colMeans(matrix(x[seq_len(10 * (window %/% 10))], ncol = 10))
    gain <- mean(before) - mean(now)
    # a loss outside the support of the target is infinite or NaN, and says nothing
    if (isTRUE(gain < 2 * sqrt(stats::var(blocks(now)) / 10 + stats::var(blocks(before)) / 10))) {
      stop_iteration(paste("The loss has stopped falling at", i))
    }
    memory
  })
}

#' @rdname callbacks
#' @export
callback <- function(fun, every = 100) {
  check_callable(fun, "fun", c("approx", "losses", "i"))
  new_callback("function", every, run = function(memory, approx, losses, i) {
    fun(approx, losses, i)
    memory
  })
}

#' @rdname callbacks
#' @export
stop_iteration <- function(message = "Stopped by a callback") {
  if (!is_text(message)) {
    stop_covary("argument", "`message` must be one text, not ", describe(message), ".",
      fields = list(arg = "message")
    )
  }
  stop(structure(
    class = c("covary_stop_iteration", "error", "condition"),
    list(message = message, call = NULL)
  ))
}

# A list of callbacks from what the user gave: one, or a list of them or of functions.
as_callbacks <- function(x) {
  if (inherits(x, "covary_callback") || is.function(x)) x <- list(x)
  out <- lapply(x, function(cb) {
    if (is.function(cb)) cb <- callback(cb, every = 1)
    if (!inherits(cb, "covary_callback")) {
      stop_covary("argument",
        "`callbacks` must hold functions or results of check_convergence(), tracker() ..., not ",
        describe(cb), ".",
        fields = list(arg = "callbacks")
      )
    }
    check_object(cb, "covary_callback", "callbacks")
  })
  check_tracked_names(unlist(lapply(out, `[[`, "values")))
  out
}

# The next iteration after i at which any callback looks.
next_call <- function(callbacks, i) {
  at <- vapply(callbacks, function(cb) {
    if (cb$first && i < 1) 1 else (i %/% cb$every + 1) * cb$every
  }, 0)
  min(at, Inf)
}

# Calls those that look at iteration i. approx, losses: functions of no argument, because what they
# make is dear. Returns list(callbacks: with new memories, stopped: the message of stop_iteration(),
# or NULL).
call_callbacks <- function(callbacks, approx, losses, i) {
  stopped <- NULL
  look <- function(k) {
    cb <- callbacks[[k]]
    if (i %% cb$every != 0 && !(cb$first && i == 1)) {
      return(cb)
    }
    out <- tryCatch(cb$run(cb$memory, approx(), losses(), i),
      covary_stop_iteration = function(e) e,
      error = function(e) {
        if (is_limit(e)) stop(e)
        stop_covary("callback", "Callback ", k, " (", cb$kind, ") failed at iteration ", i, ": ",
          conditionMessage(e),
          ". The fit so far is in the field `fit` of this condition.",
          fields = list(fit = approx(), iteration = i, parent = e)
        )
      }
    )
    if (!inherits(out, "covary_stop_iteration")) {
      return(with_field(cb, "memory", out))
    }
    stopped <<- conditionMessage(out)
    cb
  }
  list(callbacks = lapply(seq_along(callbacks), look), stopped = stopped)
}

# As x$name <- value, which in R searches all of a nested value for x itself: at every iteration
# that would make long memories cost the square of their length.
with_field <- function(x, name, value) {
  out <- c(unclass(x)[names(x) != name], stats::setNames(list(value), name))
  attributes(out) <- c(
    list(names = names(out)),
    attributes(x)[setdiff(names(attributes(x)), "names")]
  )
  out
}
