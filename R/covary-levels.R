# The factor whose effects are held by level (design-levels.R), for engines that know of levels;
# NULL without. Gibbs sampling of many smoothing sds needs dense matrices.
level_factor_of <- function(prepared, settings) {
  smooths <- vapply(prepared$design$predictors, `[[`, 0, "n_sds")
  if (engines()[[settings$algorithm]]$levels && sum(smooths) <= importance_sds$most) {
    level_factor(prepared$design)
  }
}
