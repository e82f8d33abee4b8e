#' Numbers behind the pictures of a chart
#'
#' The data frames that [plot.covary_reference()] draws.
#'
#' @inheritParams plot.covary_reference
#' @param object A chart of [reference()], or a fit of [covary()].
#' @return A data frame. `"fan"`, `"trajectory"`: the lines as [centiles()] has them, with `panel`,
#'   `x`, `p` and `value`, and the people as lines with `kind` `"data"` or `"person"` in place of
#'   `"line"`. `"region"`: paths with `panel`, `level`, the two responses and `kind`. `"worm"`:
#'   `panel`, `resp`, `x` (normal quantile), `deviation` (of z from it), `lower`, `upper`.
#'   `"coverage"`: `resp`, `p`, `estimate` (observed minus nominal), `se`. `"sites"`: `panel`
#'   (predictor), `level`, `estimate`, `lower`, `upper`. `"map"`: `person`, `resp`, `z`.
#' @section Errors:
#' `covary_error_argument`.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, sigma ~ wt, rho ~ wt, data = mtcars, draws = 500)
#' head(chart_data(fit, "worm", mtcars))
#' @export
chart_data <- function(
  object, type = c("fan", "region", "trajectory", "worm", "coverage", "sites", "map"),
  data = NULL, person = NULL, resp = NULL, p = c(0.02, 0.09, 0.25, 0.5, 0.75, 0.91, 0.98),
  level = c(0.5, 0.95), id = NULL
) {
  chart <- as_chart(object)
  type <- check_choice(type, chart_pictures, "type")
  if (inherits(object, "covary") && is.null(data) && type != "sites") {
    data <- people_of(object, NULL)
  }
  asked <- list(
    data = data, person = person, resp = chart_resp(chart, resp), p = asked_scores(p, NULL, TRUE)$p,
    level = level, id = id
  )
  need_people(asked, type)
  switch(type,
    fan = fan_data(object, chart, asked),
    trajectory = fan_data(object, chart, asked),
    region = region_data(object, chart, asked),
    worm = worm_data(object, chart, asked),
    coverage = coverage_data(object, asked),
    sites = sites_data(object),
    map = map_data(object, asked)
  )
}

chart_pictures <- c("fan", "region", "trajectory", "worm", "coverage", "sites", "map")

need_people <- function(asked, type) {
  needed <- switch(type,
    region = "person",
    trajectory = "person",
    worm = "data",
    coverage = "data",
    map = "data"
  )
  if (!is.null(needed) && is.null(asked[[needed]])) {
    stop_covary("argument", "A picture of type \"", type, "\" needs people: give `", needed, "`.",
      fields = list(arg = needed)
    )
  }
  if (type == "trajectory" && !is_among(asked$id, names(asked$person))) {
    stop_covary("argument", "`id` must name the column of `person` that tells people apart.",
      fields = list(arg = "id")
    )
  }
}

# The first numeric covariate of a chart without its random effects.
fan_covariate <- function(chart) {
  needed <- needed_covariates(chart, random_labels(chart))
  numeric <- needed[vapply(chart$covariates[needed], function(k) k$type == "numeric", TRUE)]
  if (length(numeric) == 0) {
    stop_covary("argument", "The chart has no numeric covariate to draw its centiles along.",
      fields = list(arg = "type")
    )
  }
  numeric[1]
}

# Panels are responses, and the levels of factors that are no random effects.
fan_data <- function(object, chart, asked) {
  x <- fan_covariate(chart)
  lines <- centiles(object, p = asked$p, resp = asked$resp)
  factors <- Filter(
    function(name) chart$covariates[[name]]$type == "factor",
    needed_covariates(chart, random_labels(chart))
  )
  panel_of <- function(d, resp) {
    levels <- lapply(factors, function(name) as.character(d[[name]]))
    do.call(paste, c(list(resp), levels, list(sep = ", ")))
  }
  out <- data.frame(
    panel = panel_of(lines, lines$resp), kind = "line", group = as.character(lines$p),
    x = as.double(lines[[x]]), p = lines$p, value = lines$value
  )
  for (kind in c("data", "person")) {
    people <- asked[[kind]]
    if (is.null(people)) next
    if (kind == "data") people <- people[evenly_spaced(nrow(people), 2000), , drop = FALSE]
    if (length(chart$posterior$levels)) people <- without_site_effects(object, chart, people)
    y <- chart_responses(object, chart, people)
    for (resp in asked$resp) {
      out <- rbind(out, data.frame(
        panel = panel_of(people, resp), kind = kind,
        group = if (is.null(asked$id) || kind == "data") "" else as.character(people[[asked$id]]),
        x = as.double(people[[x]]), p = NA, value = y[, resp]
      ))
    }
  }
  out[!is.na(out$value) & !is.na(out$x), , drop = FALSE]
}

without_site_effects <- function(object, chart, people) {
  for (site in names(chart$posterior$levels)) people <- harmonise(object, people, site = site)
  people
}

region_data <- function(object, chart, asked) {
  resp <- two_responses(chart, asked$resp)
  people <- asked$person
  people[resp] <- chart_responses(object, chart, people)[, resp]
  paths <- reference_region(object, people[setdiff(names(people), resp)],
    level = asked$level, resp = resp
  )
  drivers <- deviations(object, people, resp = resp, wide = TRUE)
  titles <- paste0(
    "person ", seq_len(nrow(people)), ": ", format(100 * drivers$centile_joint, digits = 3),
    " %, ", drivers$driver
  )
  path <- data.frame(
    panel = rep(titles, each = 101 * length(asked$level)), kind = "path", level = paths$level,
    paths[resp],
    check.names = FALSE
  )
  rbind(path, data.frame(
    panel = titles, kind = "person", level = NA, people[resp],
    check.names = FALSE
  ))
}

# z against normal quantiles, in quarters of the first numeric covariate (van Buuren and Fredriks
# 2001); the band is that of the order statistics of 95 % of samples, one by one.
worm_data <- function(object, chart, asked) {
  scores <- deviations(object, asked$data, resp = asked$resp)
  scores <- scores[!is.na(scores$z), , drop = FALSE]
  v <- scores[[fan_covariate(chart)]]
  bin <- cut(as.double(v), unique(stats::quantile(as.double(v), 0:4 / 4)),
    include.lowest = TRUE, dig.lab = 3
  )
  panel <- paste0(scores$resp, ", ", fan_covariate(chart), " ", bin)
  parts <- lapply(unique(panel[order(scores$resp, bin)]), function(one) {
    z <- sort(scores$z[panel == one])
    n <- length(z)
    u <- stats::ppoints(n)
    x <- stats::qnorm(u)
    half <- stats::qnorm(0.975) * sqrt(u * (1 - u) / n) / stats::dnorm(x)
    out <- data.frame(panel = one, x = x, deviation = z - x, lower = -half, upper = half)
    out[evenly_spaced(n, 300), , drop = FALSE]
  })
  do.call(rbind, parts)
}

coverage_data <- function(object, asked) {
  out <- evaluate(object, asked$data)
  out <- out[startsWith(out$measure, "coverage_0") & out$resp %in% asked$resp, , drop = FALSE]
  p <- as.double(sub("coverage_", "", out$measure))
  data.frame(resp = out$resp, p = p, estimate = out$estimate - p, se = out$se)
}

sites_data <- function(object) {
  d <- sites(object)
  names <- sub("_sd$", "", grep("_sd$", names(d), value = TRUE))
  do.call(rbind, lapply(names, function(name) {
    half <- stats::qnorm(0.975) * d[[paste0(name, "_sd")]]
    data.frame(
      panel = name, level = d$level, estimate = d[[name]], lower = d[[name]] - half,
      upper = d[[name]] + half, adapted = d$adapted
    )
  }))
}

map_data <- function(object, asked) {
  scores <- deviations(object, asked$data, resp = asked$resp)
  single <- scores[is.na(match(scores$resp, unit_label(asked$resp))) |
    length(asked$resp) == 1, , drop = FALSE]
  n <- nrow(asked$data)
  data.frame(person = rep_len(seq_len(n), nrow(single)), resp = single$resp, z = single$z)
}
