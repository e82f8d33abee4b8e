#' Words of the field, as they are used here
#'
#' @section Model:
#' \describe{
#' \item{response}{A column of the left side; K of them make a row of a multivariate normal.}
#' \item{distributional parameter (`dpar`)}{What depends on covariates: means (`mu`), standard
#'   deviations (`sigma`), correlations (`rho`).}
#' \item{predictor}{The sum of terms of one parameter, on the scale of its link.}
#' \item{link}{The function that takes a parameter to a scale without bounds: none for means, log
#'   for standard deviations, rhobit for correlations.}
#' \item{rhobit}{\eqn{\log((1 + \rho) / (1 - \rho))}{log((1 + rho) / (1 - rho))}: twice Fisher's z.}
#' \item{smooth}{A curve made of a straight part and of spline columns with a normal prior, whose
#'   standard deviation (`sds`) says how far the curve may bend.}
#' \item{group effect}{A coefficient for each level of a factor (`s(g, bs = "re")`), with a normal
#'   prior of estimated standard deviation.}
#' \item{level}{One value of a factor. A level that the fit has not seen is a new level.}
#' \item{likelihood}{The density of the responses, read as a function of the parameters.}
#' \item{evidence}{The likelihood averaged over the prior; its logarithm compares models.}
#' }
#' @section Data:
#' \describe{
#' \item{cell}{All rows that agree in their covariates, or lie in one small interval of them.}
#' \item{sufficient statistics}{Numbers, sums and sums of squares and products of the responses in
#'   a cell: all that a normal likelihood needs of its rows.}
#' \item{compression}{Rows replaced by sufficient statistics of cells.}
#' }
#' @section Computation:
#' \describe{
#' \item{posterior}{The distribution of the parameters given data and prior.}
#' \item{draws}{Values of the parameters from the posterior, one row a draw.}
#' \item{variational inference}{The posterior is approximated by the member of a family that is
#'   nearest to it in Kullback-Leibler divergence.}
#' \item{ELBO}{Evidence lower bound: log evidence less that divergence; what variational inference
#'   makes as large as it can.}
#' \item{mean-field, low rank, full rank}{Families of normal distributions with a diagonal
#'   covariance, with a diagonal and a few factors, and with any covariance.}
#' \item{mode, curvature}{The highest point of the posterior density, and the matrix of second
#'   derivatives of its logarithm there with the sign turned; its inverse is a first guess of the
#'   covariance.}
#' \item{importance weights}{Ratios of the posterior to the approximation, by which draws of the
#'   approximation are weighted or drawn anew.}
#' \item{khat}{The shape of the Pareto distribution fitted to the largest weights. Below .7 weighted
#'   draws can be trusted; see [when-a-fit-warns].}
#' \item{effective number of draws (ESS)}{The number of independent draws that would give an
#'   average as exact as these.}
#' \item{R-hat}{Spread of all chains over that within chains; near 1 where chains agree.}
#' \item{NUTS}{The no-U-turn sampler, a Markov chain that needs no approximation.}
#' \item{minibatch}{A random part of the rows from which a step of the optimiser is computed.}
#' \item{passes}{Rows read over the rows there are.}
#' }
#' @section Charts:
#' \describe{
#' \item{chart, reference}{Curves of means, standard deviations and correlations of a population,
#'   kept without its rows.}
#' \item{centile}{The value below which a share of the population lies at these covariates.}
#' \item{deviation, z}{Response less mean, over standard deviation: where a person stands.}
#' \item{Mahalanobis distance}{The same for all responses together, with their correlations.}
#' \item{margin}{The transformation that makes a response normal.}
#' \item{control}{A healthy person of a new site, from whom the site's place on the chart is
#'   learned.}
#' }
#' @references
#' Kucukelbir, A., Tran, D., Ranganath, R., Gelman, A. and Blei, D. M. (2017). Automatic
#' differentiation variational inference. *Journal of Machine Learning Research*, 18(14), 1-45.
#'
#' Vehtari, A., Simpson, D., Gelman, A., Yao, Y. and Gabry, J. (2024). Pareto smoothed importance
#' sampling. *Journal of Machine Learning Research*, 25(72), 1-58.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, rho ~ wt, data = mtcars, draws = 500)
#' diagnostics(fit)
#' @seealso [covary-shapes], [when-a-fit-warns], [covary()]
#' @name covary-glossary
#' @aliases covary-glossary
NULL
