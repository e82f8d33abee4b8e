# Scores as data frames.

score_columns <- c(
  "resp", "value", "z", "centile", "distance", "dof", "driver", "z_se", "lower", "upper",
  "extrapolated", "status"
)

# parts: complete_part()
scores_frame <- function(newdata, s, parts, wide) {
  out <- if (wide) wide_frame(newdata, s, parts) else long_frame(newdata, s, parts)
  class(out) <- c("covary_deviations", "data.frame")
  attr(out, "definition") <- "plug-in: curves at the posterior means of the predictors"
  out
}

# A part with all its columns but those that all parts share.
complete_part <- function(part, s, asked) {
  n <- s$at$n
  is_joint <- part$kind == "joint"
  part$status <- row_status(s, is.na(if (is_joint) part$distance else part$z))
  part$centile <- if (is_joint) joint_centile(part$distance, part$dof) else stats::pnorm(part$z)
  if (is_joint) part$value <- part$z <- rep(NA_real_, n)
  if (asked$uncertainty == "posterior") {
    part$z_se <- if (is_joint) rep(NA_real_, n) else score_errors(s, part)
    half <- part$z_se * stats::qnorm((1 + asked$interval) / 2)
    part$lower <- part$z - half
    part$upper <- part$z + half
  }
  part
}

# Columns of new data beside results, with other names where these would clash.
people_columns <- function(newdata, labels) {
  columns <- as.list(newdata)
  clash <- names(columns) %in% labels
  names(columns)[clash] <- paste0(names(columns)[clash], ".newdata")
  columns
}

repeat_column <- function(v, times) {
  if (is.matrix(v) || is.data.frame(v)) {
    return(v[rep(seq_len(nrow(v)), times), , drop = FALSE])
  }
  v[rep.int(seq_along(v), times)]
}

long_frame <- function(newdata, s, parts) {
  n <- s$at$n
  joint <- any(vapply(parts, function(part) part$kind == "joint", TRUE))
  absent <- lapply(
    list(distance = NA_real_, dof = NA_integer_, driver = NA_character_), rep, n
  )
  column <- function(name) {
    unlist(lapply(parts, function(part) {
      if (is.null(part[[name]])) absent[[name]] else part[[name]]
    }), use.names = FALSE)
  }
  shown <- c(
    "value", "z", "centile", if (joint) names(absent),
    if (!is.null(parts[[1]]$z_se)) c("z_se", "lower", "upper")
  )
  unchecked_frame(c(
    lapply(people_columns(newdata, score_columns), repeat_column, length(parts)),
    list(resp = rep(vapply(parts, `[[`, "", "resp"), each = n)),
    lapply(stats::setNames(nm = shown), column),
    list(extrapolated = rep.int(s$at$outside, length(parts)), status = column("status"))
  ), n * length(parts))
}

wide_frame <- function(newdata, s, parts) {
  columns <- lapply(parts, function(part) {
    if (part$kind == "joint") {
      return(list(
        distance = part$distance, dof = part$dof, centile_joint = part$centile,
        driver = part$driver
      ))
    }
    label <- gsub(" | ", "_given_", gsub(", ", "_", part$resp, fixed = TRUE), fixed = TRUE)
    numbers <- part[c("z", if (!is.null(part$z_se)) c("z_se", "lower", "upper"), "centile")]
    stats::setNames(numbers, paste0(names(numbers), "_", label))
  })
  columns <- c(unlist(columns, recursive = FALSE), list(
    extrapolated = s$at$outside, status = worst_status(parts)
  ))
  unchecked_frame(c(people_columns(newdata, names(columns)), columns), s$at$n)
}

# "missing" where no response is observed, else that of one that is.
worst_status <- function(parts) {
  out <- parts[[1]]$status
  for (part in parts[-1]) out[out == "missing"] <- part$status[out == "missing"]
  out
}

#' @export
print.covary_deviations <- function(x, digits = 3, ...) {
  if (all(c("resp", "z", "status") %in% names(x))) cat(deviation_summary(x), "\n\n", sep = "")
  print.data.frame(utils::head(as.data.frame(x), 20), digits = digits, ...)
  if (nrow(x) > 20) cat("... and", nrow(x) - 20, "more rows\n")
  invisible(x)
}

# Scores outside the covariates of the data are counted, not judged.
deviation_summary <- function(x) {
  inside <- x$status != "outside range"
  single <- !is.na(x$z) & inside & !grepl(" | ", x$resp, fixed = TRUE)
  text <- paste0(
    sum(single), " scores of ", length(unique(x$resp[single])), " responses: ",
    sum(abs(x$z[single]) > 2), " beyond |z| 2 (expect ",
    format(round(sum(single) * 2 * stats::pnorm(-2)), trim = TRUE), ")"
  )
  joint <- which(!is.na(x$distance) & inside)
  if (length(joint)) {
    text <- paste0(
      text, ", ", sum(x$centile[joint] > 0.95), " of ", length(joint),
      " people outside the joint 95 % (expect ", format(round(0.05 * length(joint))), ")"
    )
  }
  odd <- table(x$status[x$status != "ok"])
  paste0(text, paste0("; ", odd, " rows ", names(odd), recycle0 = TRUE, collapse = ""))
}
