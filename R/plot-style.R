# Styling that users hand to plot(): colours, lines, dots, titles, limits of axes, parameters of
# par(). It holds for one picture and is kept beside it, as par() keeps that of a device.

# The picture being drawn: `style` (list by argument), `panel` (number of the last one started),
# `own` (is the layout ours, or the user's?), `key` (see draw_key()).
picture <- new.env(parent = emptyenv())
picture$panel <- 0L

# Arguments of all panels; those of par() hold as they are.
panel_arguments <- c(
  "main", "sub", "xlab", "ylab", "xlim", "ylim", "col", "lwd", "lty", "pch", "cex", "las", "bty"
)
par_arguments <- c(
  "bg", "cex.axis", "cex.lab", "cex.main", "cex.sub", "col.axis", "col.lab", "col.main", "col.sub",
  "family", "fg", "font", "font.axis", "font.lab", "font.main", "font.sub", "lend", "mar", "mgp",
  "oma", "tck", "tcl", "xaxt", "yaxt"
)

# Pictures of tiles have neither curves nor dots nor axes of numbers.
tile_arguments <- c("main", par_arguments)

# Evaluates `expr`, a picture, with the arguments in `given`; those not in `allowed` are refused.
# has: names of the other arguments of the function `name`.
with_style <- function(given, name, has, expr, allowed = c(panel_arguments, par_arguments)) {
  named <- names(given)
  if (is.null(named)) named <- rep("", length(given))
  surplus <- named[!named %in% allowed]
  if (length(surplus)) refuse_arguments(surplus, name, c(has, intersect(allowed, panel_arguments)))
  old <- as.list(picture)
  on.exit({
    rm(list = ls(picture), envir = picture)
    list2env(old, picture)
  })
  picture$style <- check_style(given)
  picture$panel <- 0L
  force(expr)
}

check_style <- function(style) {
  if (identical(style$ylim, "data")) {
    style$ylim <- NULL
    style$fitted_axes <- TRUE
  }
  for (arg in intersect(names(style), c("xlim", "ylim"))) {
    limits <- if (is.list(style[[arg]])) style[[arg]] else style[arg]
    for (pair in limits[lengths(limits) > 0]) {
      if (!is.numeric(pair) || length(pair) != 2 || !all(is.finite(pair)) || pair[1] == pair[2]) {
        stop_covary("argument", "`", arg, "` must be two different finite numbers, or a list of ",
          "such with one a panel (NULL: by the data), not ", describe(pair), ".",
          fields = list(arg = arg)
        )
      }
    }
  }
  for (arg in grep("^col|^[bf]g$", names(style), value = TRUE)) {
    with_typed_errors(grDevices::col2rgb(style[[arg]]), "argument",
      "`", arg, "` must be colours: ",
      fields = list(arg = arg)
    )
  }
  for (arg in intersect(names(style), c("lwd", "cex", grep("^cex", par_arguments, value = TRUE)))) {
    v <- style[[arg]]
    if (!is.numeric(v) || length(v) == 0 || !all(is.finite(v) & v > 0)) {
      stop_covary("argument", "`", arg, "` must be positive numbers, not ", describe(v), ".",
        fields = list(arg = arg)
      )
    }
  }
  style
}

# What the user asked for, or `own`.
styled <- function(name, own) {
  value <- picture$style[[name]]
  if (is.null(value)) own else value
}

# The same for the panel being started: titles are recycled along the panels, limits hold for all,
# and of a list each panel has one.
styled_panel <- function(name, own) {
  value <- picture$style[[name]]
  if (is.null(value)) {
    return(own)
  }
  if (is.list(value) || !name %in% c("xlim", "ylim")) {
    value <- value[[(picture$panel - 1L) %% length(value) + 1L]]
  }
  if (is.null(value)) own else value
}

# The title of a panel of tiles, which start_panel() does not start.
tile_title <- function(own) {
  picture$panel <- picture$panel + 1L
  styled_panel("main", own)
}

# Colours of n curves.
curve_colours <- function(n) rep_len(styled("col", group_colours(n)), n)

# Has the user divided the page, by par(mfrow) or layout()? Then panels go where the user wants.
is_page_divided <- function() any(graphics::par("mfrow") != 1)
