# The numbers of vignettes/brain-charts.Rmd: 100 simulated features, 30 sites, 78,000 people.
#
#   Rscript bench/brain-charts.R
#
# writes vignettes/brain-charts.rds. All people are simulated: a mean curve, a log sd curve, effects
# of sites in both, and three common factors whose loadings grow with age.
library(covary)

set.seed(2026)
regions <- sprintf("region%03d", 1:100)
n_sites <- 31 # the last is new to the chart
truth <- list(
  level = rnorm(100, 2.5, 0.3), fall = runif(100, 0.002, 0.01), bend = rnorm(100, 0, 0.05),
  spread = rnorm(100, -1.8, 0.1), rise = runif(100, 0, 0.004),
  shift = matrix(rnorm(100 * n_sites, 0, 0.3), n_sites),
  scale = matrix(rnorm(100 * n_sites, 0, 0.05), n_sites),
  loading = matrix(rnorm(300, 0, 0.35), 100)
)

# z of people, and their features, n x 100 each
people <- function(n, site, truth) {
  age <- runif(n, 5, 90)
  loading <- 0.7 + 0.006 * age
  common <- matrix(rnorm(3 * n), n) * loading
  noise <- matrix(rnorm(100 * n), n)
  weight <- sqrt(outer(loading^2, rowSums(truth$loading^2)) + 1)
  z <- (common %*% t(truth$loading) + noise) / weight
  mean <- outer(rep(1, n), truth$level) - outer(age, truth$fall) +
    outer(sin(age / 15), truth$bend)
  sd <- exp(outer(rep(1, n), truth$spread) + outer(age, truth$rise))
  y <- mean + sd * (truth$shift[site, ] + exp(truth$scale[site, ]) * z)
  colnames(y) <- regions
  data <- data.frame(
    age = age, sex = sample(c("F", "M"), n, TRUE), site = sprintf("site%02d", site), y
  )
  list(data = data, z = z)
}

clock <- function(expr) {
  begin <- proc.time()
  value <- force(expr)
  used <- proc.time() - begin
  list(value = value, cpu = sum(used[1:2]), elapsed = used[["elapsed"]])
}

train <- people(78000, sample(30, 78000, TRUE), truth)$data
margins <- clock(fit_margins(train, regions,
  mu = ~ sex + s(age) + s(site, bs = "re"), sigma = ~ s(age) + s(site, bs = "re"),
  refresh = FALSE
))
message("margins ", round(margins$cpu), " s of CPU")
pairs <- clock(fit_pairs(margins$value, train, rho = ~ s(age), refresh = FALSE))
message("pairs ", round(pairs$cpu), " s of CPU")
rm(train)
chart <- clock(reference(pairs$value, title = "100 simulated regions", units = "mm"))
file <- tempfile(fileext = ".json")
writing <- clock(write_reference(chart$value, file))
message("chart ", round(chart$cpu), " s, file ", file.size(file))

test <- people(10000, sample(30, 10000, TRUE), truth)
scored <- clock(deviations(chart$value, test$data, joint = FALSE))
z <- matrix(scored$value$z, 10000)
joint <- clock(deviations(chart$value, test$data[1:1000, ], wide = TRUE))
controls <- people(225, rep(31, 225), truth)
adapted <- clock(adapt(chart$value, controls$data[1:25, ]))
new <- controls$data[26:225, ]
error <- function(ref, new_levels) {
  out <- suppressWarnings(deviations(ref, new, joint = FALSE, new_levels = new_levels))
  sqrt(mean((out$z - as.vector(controls$z[26:225, ]))^2))
}
region <- stats::setNames(rep(1 / 20, 20), regions[1:20])
mean_of_region <- combine(chart$value, region, test$data[1:1000, ])
r <- correlation_matrix(chart$value, data.frame(age = c(10, 50, 85)))

seconds <- function(...) {
  steps <- list(...)
  data.frame(
    step = names(steps), cpu = vapply(steps, `[[`, 0, "cpu"),
    elapsed = vapply(steps, `[[`, 0, "elapsed"), row.names = NULL
  )
}
shares <- c(0.004, 0.02, 0.09, 0.25, 0.5, 0.75, 0.91, 0.98, 0.996)
results <- list(
  made = format(Sys.Date()), package = as.character(packageVersion("covary")),
  status = table(diagnostics(margins$value)$status),
  pair_status = table(diagnostics(pairs$value)$status),
  seconds = seconds(
    margins = margins, pairs = pairs, chart = chart, file = writing,
    "scores of 10,000 people" = scored, "joint scores of 1,000 people" = joint,
    "a new site" = adapted
  ),
  file_kb = file.size(file) / 1000,
  rms_z = sqrt(mean((z - test$z)^2)),
  coverage = data.frame(p = shares, found = vapply(shares, function(p) mean(pnorm(z) <= p), 0)),
  joint_coverage = mean(joint$value$centile_joint <= 0.95), moved = attr(r, "moved"),
  drivers = head(joint$value[c("age", "site", "distance", "centile_joint", "driver")], 5),
  new_site = c(adapted = error(adapted$value, "error"), not = error(chart$value, "population")),
  region = c(mean = mean(mean_of_region$z), sd = stats::sd(mean_of_region$z)),
  sites = head(sites(adapted$value)[31 * 1:3, ], 3),
  fan = centiles(chart$value, resp = regions[1], p = c(0.02, 0.25, 0.5, 0.75, 0.98)),
  map = z[1:40, 1:40]
)
results$fan <- results$fan[seq(1, nrow(results$fan), 5), c("age", "sex", "p", "value")]
saveRDS(results, "vignettes/brain-charts.rds", compress = "xz")
print(results[setdiff(names(results), c("fan", "map"))])
