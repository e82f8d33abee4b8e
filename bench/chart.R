# Time and error against the number of rows, for README: man/figures/time-error.png from
# bench/results/time-error.csv.
#   Rscript bench/chart.R
# Only measured points. A peer that was stopped at its time limit ends with an arrow.
points <- utils::read.csv("bench/results/time-error.csv")
last <- points[is.na(points$seconds), ]
points <- points[!is.na(points$seconds), ]
colours <- c(
  covary = "#b2182b", "mgcv gaulss" = "#2166ac", "mgcv bam" = "#67a9cf",
  VGAM = "#4d9221", bamlss = "#8856a7", GJRM = "#d95f02"
)
colours <- colours[names(colours) %in% points$who]

# What the ones fit that do not fit all five curves.
labels <- stats::setNames(names(colours), names(colours))
labels[names(labels) == "mgcv gaulss"] <- "mgcv gaulss, one response"
labels[names(labels) == "mgcv bam"] <- "bam, one mean"
lower <- c("mgcv bam" = 0.15) # where the label would lie on a line of times

# Labels at the right ends of lines, moved apart where they would overlap; heights in log10 units.
apart <- function(y, gap) {
  at <- order(y)
  out <- y[at]
  for (pass in 1:200) {
    for (i in seq_along(out)[-1]) {
      short <- gap - (out[i] - out[i - 1])
      if (short > 0) out[c(i - 1, i)] <- out[c(i - 1, i)] + c(-short, short) / 2
    }
  }
  y[at] <- out
  y
}

power <- function(v) {
  parse(text = ifelse(v < 0 | v > 2, paste0("10^", v), format(10^v, trim = TRUE)))
}

panel <- function(column, title, shown) {
  d <- points[!is.na(points[[column]]) & points$who %in% shown, ]
  d$x <- log10(d$n)
  d$y <- log10(d[[column]])
  range_y <- range(d$y)
  plot(NA,
    xlim = c(2.85, 10.1), ylim = c(range_y[1] - 0.2, range_y[2] + 0.3), axes = FALSE,
    xlab = "", ylab = "", xaxs = "i"
  )
  ticks <- seq(ceiling(par("usr")[3]), floor(par("usr")[4]))
  abline(h = ticks, v = 3:9, col = "grey92")
  axis(1, 3:9, power(3:9), lwd = 0, padj = -0.6)
  axis(2, ticks, power(ticks), lwd = 0, las = 1, hadj = 0.6)
  mtext(title, 3, adj = 0, line = 0.5, font = 2, cex = 0.95)
  mtext("rows", 1, line = 1.7, at = 6, cex = 0.85)
  ends <- do.call(rbind, lapply(rev(shown), function(who) {
    s <- d[d$who == who, ]
    if (nrow(s) == 0) {
      return(NULL)
    }
    s <- s[order(s$x), ]
    lines(s$x, s$y, col = colours[[who]], lwd = if (who == "covary") 3 else 1.7)
    points(s$x, s$y, col = colours[[who]], pch = 19, cex = if (who == "covary") 1 else 0.75)
    end <- s[nrow(s), ]
    if (column == "seconds" && any(last$who == who & last$n > end$n)) {
      arrows(end$x, end$y, end$x + 0.3, end$y + 0.3, 0.06, col = colours[[who]], lwd = 1.7)
    }
    end
  }))
  # Lines that end at the same number of rows share a column of labels.
  height <- 0.062 * diff(par("usr")[3:4])
  for (x in unique(ends$x)) {
    mine <- which(ends$x == x)
    who <- ends$who[mine]
    away <- if (column == "seconds") {
      ifelse(who %in% names(lower), lower[who], 0)
    } else {
      ifelse(who == "covary", 0, 0.13)
    }
    y <- apart(ends$y[mine] + away, height)
    put <- function(dx, dy, col) {
      text(x + 0.13 + dx, y + dy, labels[who],
        col = col, adj = 0,
        font = ifelse(who == "covary", 2, 1), cex = 0.9, xpd = NA
      )
    }
    for (angle in seq(0, 2 * pi, length.out = 13)[-1]) {
      put(0.035 * cos(angle), 0.35 * height * sin(angle) / 2, "white")
    }
    put(0, 0, colours[who])
  }
}

dir.create("man/figures", showWarnings = FALSE, recursive = TRUE)
grDevices::png("man/figures/time-error.png", 1400, 560, res = 150, type = "cairo")
par(mfrow = c(1, 2), mar = c(2.8, 2.8, 2, 0.3), mgp = c(2, 0.6, 0), tcl = 0, cex = 0.85)
panel("seconds", "Seconds of a whole fit", names(colours))
panel(
  "error_rho", "Error of the correlation curve (rms)",
  intersect(names(colours), points$who[!is.na(points$error_rho)])
)
invisible(grDevices::dev.off())
cat(
  "man/figures/time-error.png,", file.size("man/figures/time-error.png"), "bytes, from",
  nrow(points), "points; stopped:",
  if (nrow(last)) paste(last$who, last$n, last$note, collapse = "; ") else "none", "\n"
)
