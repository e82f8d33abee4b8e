# Where panels of effects go: those of a covariate make a block, and blocks make pages.

most_panels <- 12L # of a page, in at most four rows

# Numbers of blocks, a vector a page.
pages_of <- function(blocks) {
  rows <- vapply(blocks, function(b) nrow(b$plan$matrix), 0L)
  panels <- vapply(blocks, function(b) nrow(b$keys), 0L)
  pages <- list()
  for (i in seq_along(blocks)) {
    page <- c(if (length(pages)) pages[[length(pages)]], i)
    if (length(pages) && sum(rows[page]) <= 4 && sum(panels[page]) <= most_panels) {
      pages[[length(pages)]] <- page
    } else {
      pages <- c(pages, list(i))
    }
  }
  pages
}

# Blocks below each other, each with a strip for its key, all as wide as the page.
stacked_layout <- function(blocks) {
  columns <- 60L # can be shared by up to six panels
  rows <- list()
  heights <- character()
  last <- 0
  for (block in blocks) {
    m <- block$plan$matrix
    if (!is.null(block$key)) {
      last <- last + 1
      rows <- c(rows, list(rep(last, columns)))
      heights <- c(heights, graphics::lcm(key_height))
    }
    wide <- ncol(m)
    m <- m[, ceiling(seq_len(columns) * wide / columns), drop = FALSE]
    rows <- c(rows, list(ifelse(m > 0, m + last, 0)))
    heights <- c(heights, rep("1", nrow(m)))
    last <- last + max(m)
  }
  list(do.call(rbind, rows), heights = heights)
}

# Where the panels of some dpars go: list(matrix (as layout() has it), order (of the panels drawn),
# widths (of columns)).
plan_panels <- function(dpar) {
  role <- dpar_roles(dpar)
  roles <- c(mean = "mean", sd = "sd", correlation = "correlation")
  at <- lapply(roles, function(r) which(role == r))
  across <- max(lengths(at[c("mean", "sd")]))
  if (all(lengths(at) > 0)) {
    return(plan_three_roles(at, across))
  }
  # Means and sds of one response above each other, else one row as long as it fits.
  if (length(at$mean) && length(at$sd) && across > 1) {
    return(list(
      matrix = matrix(seq_len(2 * across), 2, byrow = TRUE), order = c(at$mean, at$sd),
      widths = rep(1, across)
    ))
  }
  n <- length(dpar)
  columns <- if (n <= 3) n else ceiling(n / 2)
  rows <- ceiling(n / columns)
  places <- c(seq_len(n), numeric(rows * columns - n))
  list(
    matrix = matrix(places, rows, byrow = TRUE), order = seq_len(n), widths = rep(1, columns)
  )
}

# Means above sds, correlations in tall panels at the right, two of them in one column.
plan_three_roles <- function(at, across) {
  n <- lengths(at)
  m <- matrix(0, 2, across + ceiling(n[["correlation"]] / 2))
  m[1, seq_len(n[["mean"]])] <- seq_len(n[["mean"]])
  m[2, seq_len(n[["sd"]])] <- n[["mean"]] + seq_len(n[["sd"]])
  first <- n[["mean"]] + n[["sd"]]
  for (j in seq_len(n[["correlation"]])) {
    column <- across + ceiling(j / 2)
    if (j %% 2 == 1) m[, column] <- first + j else m[2, column] <- first + j
  }
  list(
    matrix = m, order = unlist(at, use.names = FALSE),
    widths = rep(c(1, 1.12), c(across, ncol(m) - across))
  )
}
