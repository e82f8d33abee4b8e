# Two data sets in which the correlation of two outcomes changes with age. Run by tools/demo.sh.

suppressPackageStartupMessages(library(covary))

options(width = 110)

rule <- function(text) cat("\n", text, "\n", strrep("-", nchar(text)), "\n", sep = "")

picture <- function(name, expr, width = 7, height = 5) {
  file <- file.path("demo", paste0(name, ".png"))
  grDevices::png(file, width, height, units = "in", res = 150)
  on.exit({
    grDevices::dev.off()
    cat("  ", file, "\n", sep = "")
  })
  force(expr)
}

pictures <- function(prefix, fit, covariate) {
  cat("Pictures:\n")
  picture(paste0(prefix, "-effects"), plot(fit, covariate = covariate))
  picture(paste0(prefix, "-ellipses"), plot(fit, type = "ellipses"))
  picture(paste0(prefix, "-check-correlation"), pp_check(fit, "correlation"), height = 3.8)
  picture(paste0(prefix, "-check-distances"), pp_check(fit, "qq"), height = 3.8)
}

# A table of posterior estimates that fits the screen.
show <- function(d) {
  numbers <- vapply(d, is.numeric, TRUE)
  d[numbers] <- lapply(d[numbers], round, 3)
  print(d, row.names = FALSE)
}

set.seed(1)

rule("Kappa and lambda free light chains by age and sex (survival::flchain)")
chains <- survival::flchain
seconds <- system.time(
  fit <- covary(cbind(log(kappa), log(lambda)) ~ s(age) + sex, sigma ~ s(age), rho ~ s(age),
    data = chains
  )
)[["elapsed"]]
cat(nrow(chains), " people, fitted in ", format(seconds, digits = 2), " seconds.\n\n", sep = "")
print(summary(fit))
cat("\nCorrelation of the two, with 95 % limits:\n")
ages <- data.frame(age = c(50, 60, 70, 80, 90), sex = "F")
show(correlation(fit, ages)[c("age", "estimate", "lower", "upper")])
pictures("flchain", fit, "age")

if (!requireNamespace("mice", quietly = TRUE)) {
  cat(paste0(
    "\nPackage mice is not installed: the second example, height and weight of children, is ",
    "skipped.\n"
  ))
} else {
  rule("Height and weight of Dutch children by age and sex (mice::fdgs)")
  children <- stats::na.omit(mice::fdgs[c("age", "sex", "hgt", "wgt")])
  seconds <- system.time(
    fit <- covary(cbind(height = hgt, log_weight = log(wgt)) ~ sex + s(sqrt(age), k = 15, by = sex),
      sigma ~ s(sqrt(age), k = 15), rho ~ s(sqrt(age)),
      data = children
    )
  )[["elapsed"]]
  cat(nrow(children), " children, fitted in ", format(seconds, digits = 2), " seconds.\n\n",
    sep = ""
  )
  print(summary(fit))
  cat("\nCorrelation of height and log weight, with 95 % limits:\n")
  show(correlation(fit, data.frame(age = c(0.2, 1, 2, 5, 10, 15, 20), sex = "girl"))[c(
    "age",
    "estimate", "lower", "upper"
  )])
  pictures("growth", fit, "age")
}
