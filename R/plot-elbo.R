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
    draw_line(d$iteration, d$elbo, curve_colours(1))
    graphics::points(d$iteration, d$elbo,
      pch = styled("pch", 21), bg = "white", col = curve_colours(1), lwd = 1.5,
      cex = styled("cex", 1)
    )
    if (nrow(gap) > 0) draw_gap(d, gap)
  })
  invisible(d)
}

draw_gap <- function(d, gap) {
  powers <- range(floor(log10(min(gap$gap))), ceiling(log10(max(gap$gap))))
  if (diff(powers) == 0) powers <- powers + c(-1, 0)
  picture$panel <- picture$panel + 1L
  graphics::plot.new()
  graphics::plot.window(styled_panel("xlim", range(d$iteration)), powers)
  at <- unique(round(pretty(powers, 5)))
  at <- at[at >= powers[1] & at <= powers[2]]
  graphics::abline(h = at, v = pretty_inside(range(d$iteration)), col = grid_colour, lwd = 0.8)
  draw_axis(1, pretty_inside(range(d$iteration)))
  draw_axis(2, at, format(10^at, digits = 1, scientific = TRUE, trim = TRUE))
  graphics::box(bty = styled("bty", "l"), col = axis_colour)
  label_panel("distance to the best ELBO (nats)", "iteration", "")
  draw_line(gap$iteration, log10(gap$gap), curve_colours(2)[2])
  graphics::points(gap$iteration, log10(gap$gap),
    pch = styled("pch", 21), bg = "white", col = curve_colours(2)[2], lwd = 1.5,
    cex = styled("cex", 1)
  )
}
