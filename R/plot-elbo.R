# The course of the ELBO, drawn.

draw_elbo <- function(fit) {
  d <- elbo_frame(fit)
  title <- if (fit$algorithm == "nested" && fit$design$n_sds > 0) {
    "ELBO (smoothing sds held)"
  } else {
    "ELBO"
  }
  gap <- d[d$gap > 0, ]
  with_canvas(list(matrix(1:2, 1)), mar = c(3, 4.6, 1.8, 0.7), {
    start_panel(range(d$iteration), range(d$elbo), title, xlab = "iteration")
    graphics::lines(d$iteration, d$elbo, col = group_colours(1), lwd = 2)
    graphics::points(d$iteration, d$elbo, pch = 21, bg = "white", col = group_colours(1), lwd = 1.5)
    if (nrow(gap) > 0) draw_gap(d, gap) else graphics::plot.new()
  })
  invisible(d)
}

draw_gap <- function(d, gap) {
  powers <- range(floor(log10(min(gap$gap))), ceiling(log10(max(gap$gap))))
  if (diff(powers) == 0) powers <- powers + c(-1, 0)
  graphics::plot.new()
  graphics::plot.window(range(d$iteration), powers)
  at <- unique(round(pretty(powers, 5)))
  at <- at[at >= powers[1] & at <= powers[2]]
  graphics::abline(h = at, v = pretty_inside(range(d$iteration)), col = grid_colour, lwd = 0.8)
  graphics::axis(1, col.axis = ink, lwd = 0, lwd.ticks = 0.8, col.ticks = axis_colour)
  graphics::axis(2,
    at = at, labels = format(10^at, digits = 1, scientific = TRUE, trim = TRUE),
    col.axis = ink, lwd = 0, lwd.ticks = 0.8, col.ticks = axis_colour
  )
  graphics::box(bty = "l", col = axis_colour)
  write_title("distance to the best ELBO (nats)")
  graphics::title(xlab = "iteration", col.lab = ink)
  graphics::lines(gap$iteration, log10(gap$gap), col = group_colours(2)[2], lwd = 2)
  graphics::points(gap$iteration, log10(gap$gap),
    pch = 21, bg = "white", col = group_colours(2)[2],
    lwd = 1.5
  )
}
