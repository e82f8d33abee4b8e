# Conditional velocity on real visits: heights of 200 Dutch children from birth to two years
# (smocc_200 of brokenstick) and of 136 children from 2 to 18 years (berkeley of sitar). Children
# are held out: z of a visit given the one before, of children that the fit has not seen.
#
#   Rscript validation/visits.R > validation/visits.txt
#
# The data are read from the source packages, whose own dependencies are not needed; it asks CRAN
# for them.
suppressPackageStartupMessages(library(covary))
options(digits = 3, warn = 1)

data_of_package <- function(package, name) {
  folder <- tempfile()
  dir.create(folder)
  got <- utils::download.packages(package, folder,
    type = "source", quiet = TRUE, repos = "https://cloud.r-project.org"
  )
  utils::untar(got[1, 2], exdir = folder)
  e <- new.env()
  load(file.path(folder, package, "data", paste0(name, ".rda")), e)
  as.data.frame(e[[name]])
}

# Each visit with the one before of the same child
pairs_of_visits <- function(d) {
  d <- d[order(d$id, d$age), ]
  same <- which(d$id[-1] == d$id[-nrow(d)])
  data.frame(
    id = d$id[same], sex = factor(d$sex[same]), age1 = d$age[same], age2 = d$age[same + 1],
    gap = d$age[same + 1] - d$age[same], first = d$height[same], second = d$height[same + 1]
  )
}

# rho: formula of the correlation
fit_visits <- function(d, rho) {
  suppressMessages(covary(
    list(
      first ~ sex + s(sqrt(age1), by = sex), second ~ sex + s(sqrt(age2), by = sex),
      sigma(first) ~ s(sqrt(age1)), sigma(second) ~ s(sqrt(age2)), rho
    ),
    data = d, draws = 1000, seed = 1
  ))
}

# By child, in five parts: z of the second visit, alone and given the first, and log densities.
# Rows of one child are not independent, so the sds of a fit are too small; its curves are means.
hold_out <- function(d, rho) {
  set.seed(3)
  part <- sample(rep_len(1:5, length(unique(d$id))))[match(d$id, unique(d$id))]
  out <- lapply(1:5, function(k) {
    fit <- fit_visits(d[part != k, ], rho)
    test <- d[part == k, ]
    z <- deviations(fit, test, given = ~first, wide = TRUE)
    at <- correlation(fit, test)$estimate
    sd <- predict(fit, test, "sigma", "second")$estimate
    data.frame(
      z1 = z$z_first, given = z$z_second_given_first, age1 = test$age1,
      alone = dnorm(z$z_second, log = TRUE) - log(sd),
      score = dnorm(z$z_second_given_first, log = TRUE) - log(sd * sqrt(1 - at^2))
    )
  })
  do.call(rbind, out)
}

report <- function(name, d, rho, ages, gap) {
  cat(name, ": ", nrow(d), " pairs of visits of ", length(unique(d$id)), " children\n", sep = "")
  varying <- hold_out(d, rho)
  constant <- hold_out(d, rho ~ 1)
  cat("log density of a visit, nats a row: alone ", mean(varying$alone), ", given the one before: ",
    deparse(rho), " ", mean(varying$score), ", rho ~ 1 ", mean(constant$score), "\n",
    sep = ""
  )
  for (what in c("varying", "constant")) {
    v <- get(what)
    cat(what, ": z given the visit before: mean ", mean(v$given), ", sd ", stats::sd(v$given),
      ", median |z| / .6745 ", median(abs(v$given)) / 0.6745, ", below 5, 50, 95 %: ",
      paste(format(vapply(c(0.05, 0.5, 0.95), function(p) mean(v$given < qnorm(p)), 0)),
        collapse = " "
      ), ", cor with z before ", cor(v$given, v$z1), "\n",
      sep = ""
    )
    young <- cut(v$age1, quantile(v$age1, 0:4 / 4), include.lowest = TRUE)
    cat("    sd by quarter of age:", format(tapply(v$given, young, stats::sd)), "\n")
  }
  fit <- fit_visits(d, rho)
  near <- function(a) abs(d$age1 - a) < diff(range(d$age1)) / 20 & abs(d$gap / gap - 1) < 0.4
  z <- deviations(fit, d, wide = TRUE)
  at <- data.frame(age1 = ages, gap = gap, age2 = ages + gap, sex = levels(d$sex)[1])
  print(data.frame(
    age = ages, gap = gap, rho = correlation(fit, at)$estimate,
    of_rows = vapply(ages, function(a) cor(z$z_first[near(a)], z$z_second[near(a)]), 0),
    rows = vapply(ages, function(a) sum(near(a)), 0L)
  ), row.names = FALSE)
  cat("\n")
}

smocc <- data_of_package("brokenstick", "smocc_200")
smocc <- data.frame(id = smocc$id, sex = smocc$sex, age = smocc$age, height = smocc$hgt)
report("smocc_200, birth to 2 years", pairs_of_visits(na.omit(smocc)),
  rho = rho ~ s(age1) + s(gap),
  ages = c(0.1, 0.25, 0.5, 1), gap = 0.25
)
berkeley <- data_of_package("sitar", "berkeley")
berkeley <- na.omit(berkeley[c("id", "sex", "age", "height")])
berkeley <- berkeley[berkeley$age >= 2 & berkeley$age <= 18, ]
report("berkeley, 2 to 18 years", pairs_of_visits(berkeley),
  rho = rho ~ s(age1) + gap, # of half or a whole year
  ages = c(4, 6, 10, 13, 15), gap = 0.5
)
