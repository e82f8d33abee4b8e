# Settings of advi().

#' Settings of variational inference
#'
#' @param parity `"none"`, or `"pymc"`: PyMC's semantics step by step. One fresh draw an iteration,
#'   [adagrad_window()], scales through softplus starting at softplus(0) (mean-field) or softplus(1)
#'   (full-rank), the loss of a minibatch divided by total/batch, the last iterate as the
#'   answer, no averaging.
#' @param draws_per_iteration Monte Carlo draws for each gradient of an explicit optimiser.
#' @param stl Sticking the landing: gradients without the score of the approximation (Roeder, Wu and
#'   Duvenaud 2017), free of noise when the approximation is exact. `NULL`: off with `parity`, else
#'   on.
#' @param rank Rank of the low-rank family, at most 64; default: the square root of the number of
#'   free numbers, less where factors would have more than two million numbers.
#' @param fixed_draws First number of fixed draws of the default optimiser; default: four times the
#'   number of free numbers and 12, at least 64 and at most 256 (mean-field), or twice the number of
#'   free numbers and 8, at least 64 (other families). Where their Monte Carlo error is above
#'   `tolerance`, they are doubled (full-rank: fresh draws are averaged) up to `most_draws`.
#' @param most_draws See `fixed_draws`.
#' @param tolerance Root mean square error of means and log standard deviations, in posterior
#'   standard deviations, that a fit must not exceed to count as converged.
#' @param closed_form Use closed-form expectations where the target has them.
#' @param max_norm Longest gradient of an explicit optimiser; longer ones are shortened.
#' @param pilot_rows Rows of the subsample that starts a minibatch fit; default: 20 for each free
#'   number, at least 2,000 (5,000 for the averaged steps) and at most half of all.
#' @return A list of class `covary_advi_control`.
#' @examples
#' advi_control(parity = "pymc")
#' @export
advi_control <- function(
  parity = c("none", "pymc"), draws_per_iteration = 1, stl = NULL,
  rank = NULL, fixed_draws = NULL,
  most_draws = 16384, tolerance = 0.05, closed_form = TRUE, max_norm = 0,
  pilot_rows = NULL
) {
  parity <- check_choice(parity, c("none", "pymc"), "parity")
  if (is.null(stl)) stl <- parity == "none"
  structure(
    list(
      parity = parity, draws = check_count(draws_per_iteration, "draws_per_iteration"),
      stl = check_flag(stl, "stl"),
      rank = if (!is.null(rank)) as.integer(check_number(rank, "rank", 1, 64, whole = TRUE)),
      fixed_draws = if (!is.null(fixed_draws)) check_count(fixed_draws, "fixed_draws", 4),
      most_draws = check_count(most_draws, "most_draws", 4),
      tolerance = check_number(tolerance, "tolerance", 0, 1, open = TRUE),
      closed_form = check_flag(closed_form, "closed_form"),
      max_norm = check_number(max_norm, "max_norm", 0),
      pilot_rows = if (!is.null(pilot_rows)) check_count(pilot_rows, "pilot_rows", 10)
    ),
    class = "covary_advi_control"
  )
}
