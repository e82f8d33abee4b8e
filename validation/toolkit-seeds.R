# 500 seeds x 4 targets: no crash, and no fit that is far from the truth yet says it converged.
# Writes toolkit-seeds.csv.
library(covary)
here <- if (dir.exists("validation")) "validation" else "."
seeds <- as.integer(Sys.getenv("COVARY_SEEDS", "500"))

set.seed(99)
y <- c(stats::rnorm(40, -1, .5), stats::rnorm(60, 2))
rows <- data.frame(x = stats::rnorm(1500))
rows$y <- 1 + rows$x + stats::rnorm(1500)
targets <- list(
  regression = linear_regression(mpg ~ wt + hp, mtcars, prior = normal(0, 50)),
  groups = t_groups(sleep$extra, sleep$group),
  mixture = normal_mixture(data = y, k = 2),
  rows = linear_regression(y ~ x, rows)
)
fit_of <- list(
  regression = function(t) advi(t, control = advi_control(closed_form = FALSE)),
  groups = function(t) advi(t),
  mixture = function(t) advi(t, "meanfield"),
  rows = function(t) advi(t, batch_size = 100)
)
reference <- list()
for (n in names(targets)) {
  set.seed(1)
  reference[[n]] <- advi(targets[[n]], if (n == "mixture") "meanfield" else "fullrank",
    control = advi_control(tolerance = 0.02, most_draws = 65536)
  )
}

one <- function(name, seed) {
  set.seed(seed)
  target <- targets[[name]]
  # starts are scattered too
  target$start <- reference[[name]]$mean + stats::rnorm(target$dim)
  fit <- tryCatch(suppressWarnings(fit_of[[name]](target)), error = function(e) e)
  if (inherits(fit, "error")) {
    return(data.frame(
      target = name, seed, outcome = class(fit)[1],
      typed = inherits(fit, "covary_error"), error = NA
    ))
  }
  s <- sd(reference[[name]], scale = "free")
  error <- sqrt(
    mean(c(((fit$mean - reference[[name]]$mean) / s)^2, (log(sd(fit, scale = "free")) - log(s))^2))
  )
  data.frame(target = name, seed, outcome = if (fit$info$converged) {
    "converged"
  } else {
    "not converged"
  }, typed = TRUE, error)
}
out <- do.call(
  rbind,
  lapply(names(targets), function(n) do.call(rbind, lapply(seq_len(seeds), function(s) one(n, s))))
)
out$silent <- out$outcome == "converged" & out$error > 0.15
table <- do.call(
  rbind,
  lapply(
    split(out, out$target),
    function(o) {
      data.frame(
        target = o$target[1], seeds = nrow(o),
        converged = sum(o$outcome == "converged"),
        not_converged = sum(o$outcome == "not converged"), errors = sum(is.na(o$error)),
        untyped = sum(!o$typed), silent = sum(o$silent, na.rm = TRUE),
        rms_error = signif(sqrt(mean(o$error[o$outcome == "converged"]^2)), 3),
        largest_error = signif(max(o$error[o$outcome == "converged"]), 3)
      )
    }
  )
)
utils::write.csv(table, file.path(here, "toolkit-seeds.csv"), row.names = FALSE)
print(table, row.names = FALSE)
