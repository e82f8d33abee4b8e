# Importance weights of proposed draws against the exact posterior, and resampling by them.

# First as many Gaussian draws as are wanted. Where their weights are uneven (few rows, tails
# heavier than Gaussian) draws with Student-t radius are added, all weighed against the mixture of
# both (defensive importance sampling, Hesterberg 1995).
weigh_draws <- function(target, propose, draws, info, control, progress) {
  sample <- weigh_round(target, propose, matched_noise(draws, target$dim), control, progress)
  progress$keep(sample[c("beta", "t")])
  if (!is.null(sample$note)) {
    info$khat <- c(info$khat, coefficients = NA_real_)
    info$note <- sample$note
    return(list(beta = sample$beta, t = sample$t, lp = sample$lq, lq = sample$lq, info = info))
  }
  w <- psis(sample$lp - sample$lq)
  if (is.null(info$elbo)) {
    info$elbo <- mean(sample$lp - sample$lq)
    info$elbo_mcse <- stats::sd(sample$lp - sample$lq) / sqrt(draws)
  }
  if (uneven(w) && control$importance != "never") {
    extra <- defensive_size(target, draws)
    law <- radial_law(target$dim)
    stretch <- sqrt(law$df / stats::rchisq(extra, law$df)) * law$scale
    more <- weigh_round(target, propose, matched_noise(extra, target$dim) * stretch, control, progress)
    sample <- pool(sample, more, law, draws / (draws + extra))
    w <- psis(sample$lp - sample$lq)
  }
  info$khat <- c(info$khat, coefficients = w$khat)
  info$log_evidence <- w$log_mean
  info$importance_ess <- 1 / sum(w$weights^2)
  info$resampled <- TRUE
  rows <- sample(resample(w$weights, draws))
  list(beta = sample$beta[rows, , drop = FALSE], t = sample$t[rows, , drop = FALSE], lp = sample$lp[rows],
    lq = sample$lq[rows], info = info)
}

uneven <- function(w) {
  ess <- 1 / sum(w$weights^2) / length(w$weights)
  ess < 0.5 || (w$khat > 0.5 && ess < 0.98)
}

weigh_round <- function(target, propose, z, control, progress) {
  out <- propose(z)
  out$square <- rowSums(z^2)
  out$prior <- log_smooth_prior(target, out$beta, out$t) + log_sd_prior(target, out$t)
  out$note <- skip_weights(target, out, control, progress)
  if (is.null(out$note)) out$lp <- target_base_draws(target, out$beta, progress) + out$prior
  out
}

# The Student-t radius of the second round, a little wider than the Gaussian.
radial_law <- function(d) list(df = max(4, d / 4), scale = 1.1, d = d)

# Log density of the t relative to the standard normal, as a function of the squared noise.
radial_log_ratio <- function(law, square) {
  with(law, lgamma((df + d) / 2) - lgamma(df / 2) - 0.5 * d * log(df / 2) - d * log(scale) -
    0.5 * (df + d) * log1p(square / (df * scale^2)) + 0.5 * square)
}

# lq of both rounds is the Gaussian one; the mixture multiplies it by share + (1 - share) * ratio.
pool <- function(first, second, law, share) {
  square <- c(first$square, second$square)
  ratio <- radial_log_ratio(law, square)
  top <- pmax(ratio, 0)
  mixture <- top + log(share * exp(-top) + (1 - share) * exp(ratio - top))
  list(beta = rbind(first$beta, second$beta), t = rbind(first$t, second$t), lp = c(first$lp, second$lp),
    lq = c(first$lq, second$lq) + mixture)
}

# As many more draws as take about 0.2 s, at least as many as wanted.
defensive_size <- function(target, draws) {
  cost <- target$model$size[2] * (target$dim + 20) * 2e-9
  as.integer(2 * ceiling(min(max(0.2 / cost, draws), 20 * draws) / 2))
}

# The likelihood is Gaussian in the coefficients up to O(N^-1/2); where a probe of 200 draws shows
# that weights would not matter, the passes over many cells are spared.
skip_weights <- function(target, out, control, progress) {
  if (control$importance == "never") return("importance weights switched off")
  if (control$importance == "always" || target$model$size[2] < 20000L) return(NULL)
  some <- seq_len(min(200, nrow(out$beta)))
  ratio <- target_base_draws(target, out$beta[some, , drop = FALSE], progress) + out$prior[some] - out$lq[some]
  spread <- stats::sd(ratio)
  if (is.finite(spread) && spread < 0.1) sprintf("log weights of 200 draws have sd %.3f; not needed", spread)
}
