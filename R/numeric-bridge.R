# Bridge sampling (Meng and Wong 1996): the log of a normalising constant, from the log ratios of an
# unnormalised density to a normalised proposal, at draws of the proposal and at draws of the
# density.
bridge_constant <- function(at_proposal, at_posterior) {
  shift <- stats::median(at_posterior)
  one <- at_proposal - shift
  two <- at_posterior - shift
  share <- length(two) / (length(one) + length(two))
  log_ratio <- 0
  for (i in 1:200) {
    top <- 1 / (share + (1 - share) * exp(log_ratio - one))
    bottom <- exp(-two) / (share + (1 - share) * exp(log_ratio - two))
    new <- log(mean(top[!is.na(top)])) - log(mean(bottom))
    if (!is.finite(new)) {
      return(NA_real_)
    }
    if (abs(new - log_ratio) < 1e-8) break
    log_ratio <- new
  }
  new + shift
}
