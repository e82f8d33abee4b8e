# Responses missing at random: are means and correlations right where rows with missing responses
# are used, and by how much are they wrong where such rows are dropped? And does the default engine
# agree with NUTS on the same target?
#
#   Rscript validation/missing.R > validation/missing.txt
#
# 200 data sets of 20,000 rows, K = 2 and 3 (posterior means of 5000 rows have biases of .0009 of
# their own, against maximum likelihood). y1 is always there; about 40 % of y2 (and y3) are missing,
# the more likely the larger y1 (and y2, where it is there) are.
library(covary)

truth <- list(mean = c(1, 2, 3), sd = c(1, 2, 0.5), cor = c(0.7, 0.5, 0.3))
sets <- 200

make_data <- function(k, rows = 20000) {
  cor <- diag(3)
  cor[lower.tri(cor)] <- truth$cor
  cor[upper.tri(cor)] <- t(cor)[upper.tri(cor)]
  z <- matrix(rnorm(3 * rows), rows) %*% chol(cor)
  y <- rep(truth$mean, each = rows) + z * rep(truth$sd, each = rows)
  gone <- function(p) rbinom(rows, 1, p) == 1
  lacks_2 <- gone(plogis(-0.6 + 2 * z[, 1]))
  lacks_3 <- gone(plogis(-0.6 + 1.5 * z[, 1] + ifelse(lacks_2, 0, z[, 2])))
  y[lacks_2, 2] <- NA
  y[lacks_3, 3] <- NA
  data.frame(y)[seq_len(k)]
}

fit_data <- function(d, missing) {
  f <- as.formula(paste0("cbind(", paste(names(d), collapse = ", "), ") ~ 1"))
  fit <- suppressMessages(covary(f, data = d, draws = 400, missing = missing))
  new <- d[1, , drop = FALSE]
  mean_of <- function(dpar) {
    apply(posterior_epred(fit, newdata = new, dpar = dpar), 2:3, mean)[1, ]
  }
  if (ncol(d) > 2) {
    return(c(mean_of("mu"), mean_of("rho")))
  }
  c(mean_of("mu"), mean(posterior_epred(fit, newdata = new, dpar = "rho")))
}

for (k in 2:3) {
  set.seed(100 + k)
  want <- c(truth$mean[seq_len(k)], truth$cor[if (k == 2) 1 else c(1, 2, 3)])
  found <- list(use = NULL, drop = NULL)
  lacking <- 0
  for (i in seq_len(sets)) {
    d <- make_data(k)
    lacking <- lacking + colMeans(is.na(d)) / sets
    for (missing in names(found)) {
      found[[missing]] <- rbind(found[[missing]], suppressWarnings(fit_data(d, missing)))
    }
  }
  cat("\nK =", k, "; share missing:", format(lacking, digits = 2), "\n")
  labels <- c(paste("mean", seq_len(k)), if (k == 2) "cor 21" else c("cor 21", "cor 31", "cor 32"))
  for (missing in names(found)) {
    error <- sweep(found[[missing]], 2, want)
    se <- apply(error, 2, sd) / sqrt(sets)
    print(data.frame(
      missing = missing, quantity = labels, truth = want, bias = round(colMeans(error), 4),
      se = round(se, 4), in_se = round(colMeans(error) / se, 1)
    ), row.names = FALSE)
  }
}

# --- the default engine against NUTS
# ---------------------------------------------------------------
set.seed(7)
d <- make_data(2, 500)
d$x <- runif(500)
names(d)[1:2] <- c("a", "b")
d$a <- d$a + sin(5 * d$x)
formulas <- list(cbind(a, b) ~ s(x, k = 6), sigma ~ x, rho ~ x)
set.seed(1)
nested <- suppressMessages(covary(formulas, data = d, draws = 4000))
set.seed(1)
nuts <- suppressMessages(covary(formulas, data = d, algorithm = "nuts", draws = 16000))
new <- data.frame(x = seq(0.05, 0.95, by = 0.15))
cat("\nNested against NUTS,", sum(is.na(d$b)), "of 500 rows without b; at 7 values of x\n")
cat("R-hat", format(nuts$info$rhat, digits = 4), ", effective draws", round(nuts$info$ess), "\n")
for (dpar in c("mu", "sigma", "rho")) {
  one <- posterior_linpred(nested, newdata = new, dpar = dpar)
  two <- posterior_linpred(nuts, newdata = new, dpar = dpar)
  shape <- if (length(dim(one)) == 3) 2:3 else 2
  shift <- (apply(one, shape, mean) - apply(two, shape, mean)) / apply(two, shape, sd)
  ratio <- apply(one, shape, sd) / apply(two, shape, sd)
  cat(sprintf(
    "%-6s rms shift %.3f sd, largest %.3f; sd ratio %.3f to %.3f\n",
    dpar, sqrt(mean(shift^2)), max(abs(shift)), min(ratio), max(ratio)
  ))
}
