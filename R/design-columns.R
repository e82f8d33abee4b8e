# Names of the coefficients of a predictor, and of their draws.

column_table <- function(p, parametric, n_sds) {
  coef <- clean_name(parametric)
  # A column of the data may be called Intercept.
  out <- list(
    name = if (length(coef)) paste0("b_", p$prefix, coef) else character(),
    class = ifelse(p$assign == 0, "Intercept", "b"),
    coef = coef, sd = rep(0L, length(coef)), x_scale = p$scale
  )
  add <- function(...) out <<- Map(c, out, list(...))
  for (s in p$smooths) {
    fixed <- seq_len(s$n_fixed)
    add(
      paste0("bs_", p$prefix, s$id, "_", fixed)[fixed], rep("b", s$n_fixed),
      paste0(s$id, "_", fixed)[fixed], rep(0L, s$n_fixed), rep(1, s$n_fixed)
    )
    for (j in seq_along(s$n_block)) {
      n_sds <- n_sds + 1L
      n <- s$n_block[j]
      add(
        paste0("s_", p$prefix, s$id, "_", j, "[", seq_len(n), "]"), rep("smooth", n),
        rep(paste0(s$id, "_", j), n), rep(n_sds, n), rep(s$x_scale[j], n)
      )
    }
  }
  unchecked_frame(out)
}

# The unpenalised columns of a predictor: name, class, x_scale, ...
unpenalised <- function(p) lapply(unclass(p$columns), `[`, p$columns$class != "smooth")

# Names of draws are unique: a smooth given twice, or names that differ by spaces, get a number.
distinguish_names <- function(predictors) {
  columns <- stack_frames(lapply(predictors, `[[`, "columns"))
  stem <- sub("\\[[0-9]+\\]$", "", columns$name)
  group <- ifelse(columns$sd > 0, -columns$sd, seq_along(stem))
  unique_stem <- make.unique(stem[!duplicated(group)])[match(group, unique(group))]
  columns$name <- paste0(unique_stem, substring(columns$name, nchar(stem) + 1))
  key <- rep(names(predictors), vapply(predictors, function(p) nrow(p$columns), 0L))
  for (k in unique(key)) predictors[[k]]$columns$name <- columns$name[key == k]
  predictors
}

clean_name <- function(x) gsub("[[:space:]`]", "", sub("^\\(Intercept\\)$", "Intercept", x))

# b_sbp_..., b_sigma_sbp_..., b_rho_sbp_dbp_...; with one response b_... and b_sigma_...
draw_prefix <- function(p, ids) {
  resp <- if (length(ids) > 1) unname(ids[match(p$resp, names(ids))])
  parts <- c(if (p$dpar != "mu") p$dpar, resp)
  if (length(parts)) paste0(paste(parts, collapse = "_"), "_") else ""
}
