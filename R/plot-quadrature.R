# A density and the normal fitted to it by quadrature.

#' @export
plot.covary_quadrature <- function(x, ..., xlim = NULL) {
  check_object(x, "covary_quadrature", "x")
  if (is.null(xlim)) {
    xlim <- range(x$grid$x[pmax(x$grid$p / max(x$grid$p), x$grid$q / max(x$grid$q)) > 1e-3])
  }
  at <- x$grid$x >= xlim[1] & x$grid$x <= xlim[2]
  graphics::matplot(x$grid$x[at], x$grid[at, c("p", "q")],
    type = "l", lty = c(1, 2), lwd = 2,
    col = fit_colours(2), xlab = "x", ylab = "density",
    xlim = xlim, bty = "l", ...
  )
  graphics::legend("topright", c("target", "fit"),
    lty = c(1, 2), lwd = 2, col = fit_colours(2),
    bty = "n"
  )
  invisible(x)
}
