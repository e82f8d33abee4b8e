# The course of learning: running means of loss or accuracy over trials.

course_data <- function(learner, type, window = NULL) {
  trials <- learner$trials
  n <- nrow(trials)
  window <- if (is.null(window)) max(10, n %/% 50) else check_count(window, "window")
  value <- if (type == "loss") {
    trials$loss
  } else {
    as.numeric(trials$response == learner$category[trials$row])
  }
  at <- evenly_spaced(n, 2000)
  out <- data.frame(trial = at, epoch = trials$epoch[at], running_mean(value, window, at))
  names(out)[3] <- type
  out
}

# At the trials `at`; each window is summed on its own, so one huge loss does not spoil the rest.
running_mean <- function(x, window, at) {
  vapply(at, function(i) mean(x[seq.int(max(1, i - window + 1), i)]), 0)
}

plot_course <- function(learner, type, window, ...) {
  course <- course_data(learner, type, window)
  g <- length(learner$categories)
  chance <- if (type == "loss") log(g) else 1 / g
  old <- par(mar = c(4, 4, 2.5, .8), mgp = c(2.6, .7, 0), las = 1)
  on.exit(par(old))
  top <- if (type == "loss") max(course$loss, chance) else 1
  open_panel(list(
    xlab = "trial", ylab = if (type == "loss") {
      "cross-entropy (nats)"
    } else {
      "correct responses"
    },
    main = if (type == "loss") "Loss" else "Accuracy", xlim = c(0, nrow(learner$trials)),
    ylim = c(0, top)
  ), ...)
  epochs <- nrow(learner$x) * seq_len(learner$plan$epochs - 1)
  if (length(epochs) < 20) graphics::abline(v = epochs, col = "grey88")
  graphics::abline(h = chance, lty = 2, col = "grey50")
  graphics::text(nrow(learner$trials), chance, "chance",
    adj = c(1, if (type == "loss") 1.4 else -.4), col = "grey40", cex = .85
  )
  graphics::lines(course$trial, course[[type]],
    lwd = 2,
    col = category_colours(1)
  )
  course
}
