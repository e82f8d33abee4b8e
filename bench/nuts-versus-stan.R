# Gradient evaluations per second of NUTS: Stan's on rows, ours on the same rows one by one, and
# ours on cells (rows with equal covariates as one); the same model and data. Bivariate normal;
# means, log sds and correlation linear in a grouped covariate.
#   Rscript bench/nuts-versus-stan.R
library(covary)
suppressMessages(library(rstan))

stan_code <- "
data { int<lower=1> n; int<lower=1> p; matrix[n, p] x; vector[n] y1; vector[n] y2; }
parameters { vector[p] b1; vector[p] b2; vector[p] s1; vector[p] s2; vector[p] r; }
model {
  vector[n] sd1 = exp(x * s1);
  vector[n] sd2 = exp(x * s2);
  vector[n] rho = tanh(0.5 * (x * r));
  vector[n] z1 = (y1 - x * b1) ./ sd1;
  vector[n] z2 = (y2 - x * b2) ./ sd2;
  vector[n] q = 1 - square(rho);
  b1 ~ normal(0, 10); b2 ~ normal(0, 10); s1 ~ normal(0, 2.5); s2 ~ normal(0, 2.5); r ~
    normal(0, 2.5);
  target += -sum(log(sd1)) - sum(log(sd2)) - 0.5 * sum(log(q)) - 0.5 *
    sum((square(z1) - 2 * rho .* z1 .* z2 + square(z2)) ./ q);
}"

set.seed(1)
n <- 5000
d <- data.frame(x = round(runif(n), 1))
d$y <- 1 + d$x + exp(d$x - 1) * rnorm(n)
d$z <- 0.5 * d$y + rnorm(n)

boost <- if (!nzchar(system.file("include", package = "BH"))) "/usr/include" # where Debian has it
model <- stan_model(model_code = stan_code, boost_lib = boost)
x <- model.matrix(~x, d)
stan <- sampling(model, list(n = n, p = 2, x = x, y1 = d$y, y2 = d$z),
  chains = 1, iter = 600,
  warmup = 300, refresh = 0, seed = 1
)
steps <- sum(get_sampler_params(stan, inc_warmup = TRUE)[[1]][, "n_leapfrog__"])
seconds <- sum(get_elapsed_time(stan))

formulas <- list(cbind(y, z) ~ x, sigma ~ x, rho ~ x)
run <- function(d, ...) {
  target <- do.call(covary, c(formulas, list(data = d, algorithm = "none")))
  seconds <- system.time(fit <- nuts(target, ...))[["elapsed"]]
  list(fit = fit, units = target$rows, seconds = seconds)
}
cells <- run(d, chains = 4, warmup = 500, iterations = 1000)
# no two rows share their covariate, so nothing can be put together
rows <- run(transform(d, x = x + 1e-9 * seq_len(n)), chains = 1, warmup = 300, iterations = 300)
out <- data.frame(
  sampler = c("rstan, rows", "covary, rows", "covary, cells"),
  units = c(n, rows$units, cells$units),
  evaluations = c(steps, rows$fit$info$evaluations, cells$fit$info$evaluations),
  seconds = c(seconds, rows$seconds, cells$seconds)
)
out$per_second <- signif(out$evaluations / out$seconds, 3)
out$ratio <- signif(out$per_second / out$per_second[1], 3)
# the same posterior, or the comparison means nothing
compare <- rbind(
  rstan = summary(stan)$summary[1:10, "mean"], rows = mean(rows$fit),
  cells = mean(cells$fit)
)
print(out)
print(signif(compare, 3))
