# Limits of the vertical axis of a panel of effects, and what they cut.

# Limits that show ribbons inside the data, `values` and bins whole. Ribbons and bars of bins more
# than four times as wide as all the rest, and extrapolation, are cut, which say_cut() writes into
# the panel.
effect_range <- function(d, values, bins) {
  role <- dpar_roles(d$dpar[1])
  if (role == "correlation" && is.null(picture$style$fitted_axes)) {
    return(c(-1, 1))
  }
  inside <- !d$extrapolated
  core <- range(d$lower50[inside], d$upper50[inside], bins$estimate, values)
  most <- 4 * max(diff(core), 1e-300)
  band <- range(d$lower[inside], d$upper[inside], bins$lower, bins$upper, core)
  out <- c(max(band[1], core[1] - most), min(band[2], core[2] + most))
  # A little of what lies beyond the data.
  beyond <- 0.25 * diff(out)
  out <- range(out, max(min(d$lower50), out[1] - beyond), min(max(d$upper50), out[2] + beyond))
  if (role == "correlation") {
    return(pmin(pmax(out, -1), 1))
  }
  if (role == "sd") out <- c(max(0, out[1] - 0.35 * diff(out)), out[2] + 0.15 * diff(out))
  if (diff(out) == 0) out + c(-1, 1) * max(abs(out[1]) * 0.1, 1e-8) else out
}

# What the axes cut, in small letters at the foot of the panel.
say_cut <- function(d, bins = NULL, dots = NULL) {
  cut <- parts_cut(graphics::par("usr"), d, bins, dots)
  if (length(cut)) {
    graphics::mtext(paste(paste(cut, collapse = ", "), "cut by the axis"),
      side = 1, line = -1, adj = 0.98, cex = 0.6 * graphics::par("cex"), col = "grey35"
    )
  }
}

# The parts of a panel that reach beyond `usr`, its limits as par() has them
parts_cut <- function(usr, d, bins, dots) {
  beyond <- function(x, lower, upper) {
    any(x >= usr[1] & x <= usr[2] & (lower < usr[3] | upper > usr[4]), na.rm = TRUE)
  }
  of <- function(rows) beyond(d$x[rows], d$lower[rows], d$upper[rows])
  circles <- beyond(bins$x, bins$estimate, bins$estimate)
  c(
    if (of(!d$extrapolated)) "ribbon", if (of(d$extrapolated)) "extrapolation",
    if (circles) "circles" else if (beyond(bins$x, bins$lower, bins$upper)) "bars",
    if (beyond(dots$x, dots$y, dots$y)) "points"
  )
}
