# A chart with fewer or more levels of a factor of random effects.

# A chart whose factor `name` has other levels. change(v, dim): of a vector by level (dim NULL), or
# of an array whose dimension `dim` is levels.
change_levels <- function(chart, name, change) {
  known <- chart$covariates[[name]]
  levels <- change(known$levels, NULL)
  chart$covariates[[name]][c("levels", "n")] <- list(levels, change(known$n, NULL))
  chart$predictors <- lapply(chart$predictors, function(p) {
    p$tables <- lapply(p$tables, change_table_levels, name, levels, change)
    p
  })
  chart$posterior$loadings <- lapply(
    chart$posterior$loadings, lapply, change_table_levels, name, levels, change
  )
  effect <- chart$posterior$levels[[name]]
  if (!is.null(effect)) {
    for (part in c("loadings", "left")) effect[[part]] <- change(effect[[part]], 1)
    chart$posterior$levels[[name]] <- effect
  }
  group <- chart$groups[[name]]
  if (!is.null(group)) {
    chart$groups[[name]] <- unchecked_frame(lapply(group, change, NULL), length(levels))
  }
  chart
}

change_table_levels <- function(table, name, levels, change) {
  if (!name %in% names(table$levels)) {
    return(table)
  }
  size <- table_size(table)
  at <- length(table$grid) + match(name, names(table$levels))
  columns <- if (is.matrix(table$values)) ncol(table$values)
  values <- change(array(table$values, c(size, columns)), at)
  table$values <- if (is.null(columns)) as.vector(values) else matrix(values, ncol = columns)
  table$levels[[name]] <- levels
  table[c("basis", "weights")] <- NULL
  table
}

# Part `keep` of dimension `dim` of an array.
index_first <- function(v, dim, keep) {
  index <- rep(list(TRUE), length(dim(v)))
  index[[dim]] <- keep
  do.call(`[`, c(list(v), index, drop = FALSE))
}

# A chart that does not know some levels of a factor of random effects.
drop_levels <- function(chart, name, gone) {
  keep <- !chart$covariates[[name]]$levels %in% gone
  change_levels(chart, name, function(v, dim) {
    if (is.null(dim)) v[keep] else index_first(v, dim, keep)
  })
}

# The chart with one more level of a random effect.
add_level <- function(chart, site, level, effects, at) {
  last <- length(chart$covariates[[site]]$levels) + 1
  out <- change_levels(chart, site, function(v, dim) {
    if (is.null(dim)) v[c(seq_along(v), NA)] else add_zeros(v, dim)
  })
  out$covariates[[site]]$levels[last] <- level
  out$covariates[[site]]$n[last] <- at$n
  name_level <- function(table) {
    if (site %in% names(table$levels)) table$levels[[site]][last] <- level
    table
  }
  for (key in names(out$predictors)) {
    out$predictors[[key]]$tables <- lapply(out$predictors[[key]]$tables, function(table) {
      table <- name_level(table)
      if (table$random && identical(table$factors, site)) {
        table$values[last] <- sum(effects$mean[effects$keys == key])
      }
      table
    })
  }
  out$posterior$loadings <- lapply(out$posterior$loadings, lapply, name_level)
  on <- match(effects$keys, out$posterior$levels[[site]]$keys)
  out$posterior$levels[[site]]$left[last, on, on] <- signif(effects$cov, 5)
  out$groups[[site]][last, ] <- NA
  out$groups[[site]]$level[last] <- level
  out$groups[[site]]$n[last] <- at$n
  out$groups[[site]]$adapted[last] <- TRUE
  for (name in names(chart$covariates)) {
    known <- chart$covariates[[name]]
    if (known$type != "numeric") next
    ends <- range(at$columns[[name]]) / known$step
    out$groups[[site]][[paste0(name, "_min")]][last] <- signif(floor(ends[1]) * known$step, 12)
    out$groups[[site]][[paste0(name, "_max")]][last] <- signif(ceiling(ends[2]) * known$step, 12)
  }
  out
}

# An array with one more line of zeros along a dimension.
add_zeros <- function(v, dim) {
  size <- dim(v)
  size[dim] <- size[dim] + 1
  out <- array(0, size)
  index <- lapply(dim(v), seq_len)
  do.call(`[<-`, c(list(out), index, list(value = v)))
}
