# What the covariates of a smooth must be.

check_smooth_data <- function(spec, call, data) {
  infinite <- vapply(data, function(v) is.numeric(v) && any(!is.finite(v)), TRUE)
  if (any(infinite)) {
    stop_covary("infinite", "Covariate ", enumerate(names(data)[infinite]), " of smooth ",
      deparse1(call), " is not finite for some rows.",
      fields = list(column = names(data)[infinite][1], term = deparse1(call))
    )
  }
  columns <- data[spec$term]
  numeric <- vapply(columns, is.numeric, TRUE)
  # Bases are made of cubes and fifth powers.
  extreme <- vapply(columns[numeric], function(v) {
    max(abs(v)) > 1e50 || diff(range(v)) < 1e-50 && any(v != v[1])
  }, TRUE)
  if (any(extreme)) {
    stop_covary("smooth", "Covariate ", enumerate(names(extreme)[extreme]), " of smooth ",
      deparse1(call), " has values too large or too close together for powers of them. ",
      "Change its units.",
      fields = list(term = deparse1(call), column = names(extreme)[extreme])
    )
  }
  is_re <- inherits(spec, "re.smooth.spec")
  if (is_re) check_random_effect(spec, call, columns)
  if (!all(numeric) && !is_re &&
    !inherits(spec, c("fs.smooth.spec", "sz.smooth.spec", "mrf.smooth.spec"))) {
    stop_covary("smooth", "Smooth ", deparse1(call), " needs numeric covariates; '",
      names(columns)[!numeric][1],
      "' is not. Use it as a parametric term or with bs = \"re\".",
      fields = list(term = deparse1(call))
    )
  }
  if (!is_re && length(columns) == 1 && numeric) {
    distinct <- length(unique(as.vector(columns[[1]])))
    wanted <- if (is.numeric(spec$bs.dim) && spec$bs.dim[1] > 0) spec$bs.dim[1] else 10
    if (distinct < wanted) {
      stop_covary("smooth", "Smooth ", deparse1(call), " has ", wanted, " basis functions but '",
        names(columns),
        "' has only ", distinct, " distinct value", if (distinct != 1) "s", ". ",
        if (distinct > 3) {
          paste0("Set k to at most ", distinct, ".")
        } else {
          "Use it as a parametric term."
        },
        fields = list(term = deparse1(call), largest_k = distinct)
      )
    }
  }
}

# mgcv takes a number for the covariate of one random slope, and looks for the variables of a call
# beside another term in vain.
check_random_effect <- function(spec, call, columns) {
  calls <- !vapply(lapply(spec$term, str2lang), is.name, TRUE)
  if (length(columns) > 1 && any(calls)) {
    stop_covary("smooth", "Smooth ", deparse1(call), " needs ", enumerate(spec$term[calls]),
      " as a column of `data`.",
      fields = list(term = deparse1(call))
    )
  }
  v <- columns[[1]]
  if (length(columns) == 1 && is.numeric(v) && is.null(dim(v)) && all(v == round(v))) {
    inform_covary(
      "random_slope", "Smooth ", deparse1(call), " of a number is one random slope; ",
      "make '", names(columns), "' a factor for an effect a level."
    )
  }
}
