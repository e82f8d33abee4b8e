# The factors of a chart, and the random effects of their levels.

# Factors that random effects of a chart have, and those that other terms have.
random_factors <- function(chart, excluded) term_factors(chart, TRUE, excluded)
fixed_factors <- function(chart, excluded) term_factors(chart, FALSE, excluded)

term_factors <- function(chart, random, excluded) {
  unique(unlist(lapply(chart$predictors, function(p) {
    tables <- kept_tables(p$tables, excluded)
    lapply(tables, function(table) if (table$random == random) table$factors)
  })))
}

# Factors in random effects that are not one effect a level
slope_factors <- function(chart) {
  unique(unlist(lapply(chart$predictors, function(p) {
    lapply(p$tables, function(table) {
      if (table$random && length(table$grid) + length(table$factors) > 1) table$factors
    })
  })))
}

# The factor with a random effect that is meant.
site_factor <- function(chart, site) {
  known <- names(chart$posterior$levels)
  if (length(known) == 0) {
    stop_covary("argument", "The chart has no random effect of the levels of a factor; ",
      "fit with s(site, bs = \"re\").",
      fields = list(arg = "site")
    )
  }
  if (is.null(check_names(site, "site")) && length(known) == 1) {
    return(known)
  }
  if (length(site) != 1 || !site %in% known) {
    stop_covary("argument", "`site` must be one of ", enumerate(known), ", not ", describe(site),
      ".",
      fields = list(arg = "site")
    )
  }
  site
}

# The table of a random effect of a factor in a predictor, NULL where it has none
effect_table <- function(chart, key, name, excluded = character()) {
  Find(
    function(table) table$random && identical(table$factors, name) && length(table$grid) == 0,
    kept_tables(chart$predictors[[key]]$tables, excluded)
  )
}
