#' Coming from brms, mgcv, bamlss, VGAM, GJRM or PyMC
#'
#' The same models side by side: two responses `a` and `b` with a smooth of `x` in the means, the
#' standard deviations and, where the package knows it, the correlation. The lines of covary are
#' those of the examples below, which run.
#'
#' | | covary |
#' |---|---|
#' | link of sd | log |
#' | link of correlation | rhobit, `log((1 + rho) / (1 - rho))`, twice Fisher's z |
#' | smooths | those of mgcv: `s()`, `t2()`, `by =`, `bs = "re"` (`te()`, `ti()`: write `t2()`) |
#' | random effects | `s(g, bs = "re")`, `s(g, x, bs = "re")` for slopes; read by [ranef()] |
#' | one response | `covary(a ~ s(x), sigma ~ s(x), data = d)` |
#' | draws | [as_draws_df()], named as in brms: `b_a_x`, `b_sigma_a_x`, `b_rho_a_b_x` |
#' | seed | `seed = 1`, or [set.seed()] before |
#'
#' @section brms:
#' ```
#' # brms (the correlation of residuals is one number)
#' f <- bf(a ~ s(x), sigma ~ s(x)) + bf(b ~ s(x), sigma ~ s(x)) + set_rescor(TRUE)
#' fit <- brm(f, data = d, prior = prior(normal(0, 10), class = b, resp = a))
#' conditional_effects(fit); posterior_predict(fit, newdata = nd)
#'
#' # covary
#' fit <- covary(cbind(a, b) ~ s(x), sigma ~ s(x), rho ~ s(x), data = d,
#'   prior = set_prior(normal(0, 10), class = "b", dpar = "mu", resp = "a"))
#' conditional_effects(fit); posterior_predict(fit, newdata = nd)
#' ```
#' `(1 | g)` is `s(g, bs = "re")`. Generics have the names and arguments of brms; [set_prior()]
#' without `dpar` means all parameters, in brms the mean. No compilation; `algorithm = "nuts"`
#' samples the same model by Markov chains. `hypothesis()`, `loo()`, `fixef()`, `ranef()` and
#' `VarCorr()`
#' answer whichever package is attached last.
#'
#' @section mgcv, gaulss() and bam():
#' ```
#' # mgcv
#' gam(list(a ~ s(x), ~ s(x)), family = gaulss(), data = d)   # one response, varying sd
#' gam(list(a ~ s(x), b ~ s(x)), family = mvn(d = 2), data = d) # two, constant covariance
#' bam(a ~ s(x), data = large, discrete = TRUE)
#'
#' # covary
#' covary(a ~ s(x), sigma ~ s(x), data = d)
#' covary(cbind(a, b) ~ s(x), data = d)
#' covary(a ~ s(x), data = large)          # many rows are compressed by themselves
#' ```
#' `gaulss()` has the logarithm of (sd - 0.01) for a predictor, covary that of the sd. Smoothing is
#' not chosen but integrated over: each smooth has an sd with a prior, `sds_*` in the draws.
#' `predict(type = "terms")` is `conditional_effects()`; `exclude =` is the same.
#'
#' @section bamlss, VGAM and GJRM:
#' ```
#' # bamlss
#' bamlss(list(a ~ s(x), b ~ s(x), sigma1 ~ s(x), sigma2 ~ s(x), rho12 ~ s(x)),
#'   family = "mvnorm", data = d)
#' # VGAM
#' vgam(cbind(a, b) ~ s(x), binormal(zero = NULL), data = d)
#' # GJRM
#' gjrm(list(a ~ s(x), b ~ s(x), ~ s(x), ~ s(x), ~ s(x)),
#'   margins = c("N", "N"), model = "B", copula = "N", data = d)
#'
#' # covary
#' covary(cbind(a, b) ~ s(x), sigma ~ s(x), rho ~ s(x), data = d)
#' ```
#' The predictor of the correlation is `rho / sqrt(1 - rho^2)` in bamlss, the same rhobit in VGAM,
#' and Fisher's z, half of it, in GJRM: compare curves (`predict(fit, nd, dpar = "rho")`), not
#' coefficients.
#'
#' @section PyMC (variational inference):
#' | PyMC | covary |
#' |---|---|
#' | a model, its log density | [target_density()] with `transforms =` |
#' | `pm.fit(20000, method="advi")` | `advi(target, iterations = 20000)` |
#' | `method="fullrank_advi"` | `advi(target, family = "fullrank")` |
#' | `method="svgd"` | `svgd(target)` |
#' | `obj_optimizer=pm.adagrad_window()` | `optimizer = adagrad_window()` |
#' | `CheckParametersConvergence()` | `callbacks = list(check_convergence())` |
#' | `pm.callbacks.Tracker(mean=...)` | `tracker(mean = mean)` |
#' | `pm.Minibatch(data, batch_size=500)` | `batch_size = 500` |
#' | `approx.refine(10000)` | `refine(approx, 10000)` |
#' | `approx.sample(1000)` | `as_draws_matrix(approx, ndraws = 1000)` |
#' | `approx.hist` | `approx$history`, `plot(approx)` |
#' | PyMC's steps, exactly | `advi_control(parity = "pymc")` |
#'
#' @section lm:
#' `covary(a ~ x, d)` takes formula and data as [stats::lm()] does; [coef()], [confint()],
#' [predict()], [residuals()], [update()] follow. `predict(interval = "prediction")` is
#' [predictive_interval()].
#'
#' @examples
#' set.seed(1)
#' d <- data.frame(x = runif(200))
#' d$a <- sin(6 * d$x) + rnorm(200) * exp(d$x - 1)
#' d$b <- d$x + 0.7 * d$a + rnorm(200) / 2
#' fit <- covary(cbind(a, b) ~ s(x), sigma ~ s(x), rho ~ s(x),
#'   data = d,
#'   prior = set_prior(normal(0, 10), class = "b", dpar = "mu", resp = "a"), draws = 1000
#' )
#' nd <- data.frame(x = c(0.2, 0.8))
#' predict(fit, nd, dpar = "rho")
#' dim(posterior_predict(fit, newdata = nd))
#' covary(a ~ s(x), sigma ~ s(x), data = d, draws = 1000)
#' covary(cbind(a, b) ~ s(x), data = d, draws = 1000)
#' target <- linear_regression(a ~ x, d)
#' approx <- suppressWarnings(advi(target, iterations = 2000, optimizer = adagrad_window()))
#' dim(as_draws_matrix(approx, ndraws = 100))
#' @seealso [covary()], [set_prior()], [covary-shapes], [how-to-report]
#' @name coming-from
#' @aliases coming-from
NULL
