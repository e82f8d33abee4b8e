# The factor whose effects are held by level (design-levels.R), for engines that know of levels;
# NULL without. Cubature and Gibbs sampling of the smoothing sds need dense matrices.
level_factor_of <- function(prepared, settings) {
  predictors <- prepared$design$predictors
  suits <- engines()[[settings$algorithm]]$levels &&
    are_expectations_exact(
      likelihood_of(predictors)$name, length(prepared$design$responses),
      is_complete_suffstats(prepared$suffstats)
    ) && sum(vapply(predictors, `[[`, 0, "n_sds")) <= importance_sds$most
  if (suits) level_factor(prepared$design)
}
