# A likelihood is a value: what the responses of a row are distributed as. Only here do
# distributional parameters (dpars) have a meaning.
#
# Shapes, here and in likelihood-*.R:
#   y    responses: a list of K arrays
#   eta  predictors, on the scale of their links: a list by dpar, each a list of K arrays or, where
#        the dpar belongs to pairs, a K x K list matrix with the array of a pair at [[i, j]], i > j
# All arrays have one shape, draws x rows mostly, and results have it too.

# name: by which likelihoods() and the C core know it. dpars: list of new_dpar() by name.
# marginals: by role, the dpars that means, marginal sds and marginal correlations rest on; an sd
# that rests on its own predictor alone is that predictor by its link. is_sufficient: do count,
# means and scatter of rows with equal predictors say all that the rows say? If not, every row is a
# cell, without scatter, and rows are not compressed. The functions:
#   log_density        (y, eta)         joint log density of each row
#   log_density_cells  (cells, eta)     log density of all rows, by draw, from moments of cells
#   simulate           (eta)            y by R's generator
#   whiten             (y, eta)         K arrays, independent standard normals if the model is true
#   correlate          (w, eta)         y: the inverse of whiten
#   sds                (eta, at)        marginal sds of the responses numbered `at`: a list
#   correlations       (eta, pairs)     marginal correlations of pairs of numbers: a list
#   rests_on           (observed)       numbers of the responses on whose predictors the
#                                       distribution of the responses `observed` (numbers) rests
#   marginal           (eta, observed)  predictors of the distribution of some of the responses of
#                                       eta alone, in the order in which `observed` numbers them
#   precision_diagonal (cor)            K numbers: expected squares of a unit error of a response
#                                       in the exponent, at K x K correlations
new_likelihood <- function(name, dpars, marginals, is_sufficient, functions) {
  of <- formula_dpars[[name]]
  dpars <- Map(
    function(dpar, name, of) structure(c(list(name = name, of = of), dpar), class = "covary_dpar"),
    dpars, names(of), of
  )
  structure(
    c(
      list(name = name, dpars = dpars, marginals = marginals, is_sufficient = is_sufficient),
      functions
    ),
    class = "covary_likelihood"
  )
}

likelihood_functions <- c(
  "log_density", "log_density_cells", "simulate", "whiten", "correlate", "sds", "correlations",
  "rests_on", "marginal", "precision_diagonal"
)

validate_likelihood <- function(x) {
  stopifnot(
    is_text(x$name), identical(names(x$dpars), names(formula_dpars[[x$name]])),
    all(unlist(x$marginals) %in% names(x$dpars)), is_flag(x$is_sufficient),
    vapply(x[likelihood_functions], is.function, TRUE)
  )
  for (dpar in x$dpars) validate_dpar(dpar)
  x
}

# A distributional parameter. role: what it is to whoever does not know the likelihood, "mean", "sd"
# or "correlation". In the standardised model a predictor is (user's - shift) / size. `expected`:
# where its constant is before data, `start`: where engines begin, standardised. information: of one
# row about a standardised predictor, at the mode. title: what pictures call it.
new_dpar <- function(role, link, title, information, shift, size, expected, start) {
  list(
    role = role, link = link, title = title, information = information,
    shift = shift, size = size, expected = expected, start = start
  )
}

validate_dpar <- function(x) {
  stopifnot(
    is_text(x$name), x$of %in% c("response", "pair"),
    x$role %in% c("mean", "sd", "correlation"), is_text(x$title), is_one_number(x$information, 0),
    vapply(x[c("shift", "size", "expected", "start")], is.function, TRUE)
  )
  validate_link(x$link)
  x
}

likelihoods <- function() {
  list(normal = normal_likelihood, normal_regression = regression_likelihood)
}

# Those asked for in this session: a fit asks a few hundred times.
made_likelihoods <- new.env(parent = emptyenv())

# Of a list of predictors, as parse_formulas() makes them; those of older fits name none.
likelihood_of <- function(predictors) {
  name <- predictors[[1]]$likelihood
  if (is.null(name)) name <- default_likelihood
  if (is.null(made_likelihoods[[name]])) made_likelihoods[[name]] <- likelihoods()[[name]]()
  made_likelihoods[[name]]
}

dpar_of <- function(p) likelihood_of(list(p))$dpars[[p$dpar]]

has_role <- function(p, role) dpar_of(p)$role == role

# Names of the dpars of a role.
dpars_as <- function(likelihood, role) {
  names(likelihood$dpars)[vapply(likelihood$dpars, `[[`, "", "role") == role]
}

# The first dpar of a role.
dpar_as <- function(likelihood, role) likelihood$dpars[[dpars_as(likelihood, role)[1]]]

# A dpar by its name alone, as tables and pictures have it. Likelihoods that share a name share its
# role and title.
dpar_named <- function(name) {
  for (make in likelihoods()) {
    dpar <- make()$dpars[[name]]
    if (!is.null(dpar)) {
      return(dpar)
    }
  }
}

# The roles of dpars by their names, "mean", "sd" or "correlation" each.
dpar_roles <- function(names) {
  roles <- vapply(unique(names), function(name) dpar_named(name)$role, "")
  unname(roles[names])
}

# What f(resp) gives for the responses or pairs that a dpar belongs to, in the shape of eta.
for_units <- function(dpar, labels, f) {
  if (dpar$of == "response") {
    return(lapply(labels, f))
  }
  out <- matrix(list(), length(labels), length(labels))
  for (i in seq_along(labels)[-1]) {
    for (j in seq_len(i - 1)) out[i, j] <- list(f(labels[c(j, i)]))
  }
  out
}

# The same shape with f() of every array.
map_units <- function(part, f) {
  part[] <- lapply(part, function(at) if (is.null(at)) NULL else f(at))
  part
}

# The k x k correlations of responses. predictors, sds: numbers, predictors of the correlations in
# the order of dpar_units(), and of the sds, on which correlations of some likelihoods rest.
predicted_correlations <- function(likelihood, k, predictors, sds) {
  out <- diag(k)
  if (k == 1) {
    return(out)
  }
  dpar <- dpar_as(likelihood, "correlation")
  responses <- as.character(seq_len(k))
  names(predictors) <- vapply(dpar_units(dpar$of, responses), paste, "", collapse = ":")
  eta <- list(for_units(dpar, responses, function(resp) predictors[[paste(resp, collapse = ":")]]))
  names(eta) <- dpar$name
  eta[[dpar_as(likelihood, "sd")$name]] <- as.list(sds)
  at <- which(lower.tri(out), arr.ind = TRUE)
  values <- unlist(likelihood$correlations(eta, lapply(seq_len(nrow(at)), function(i) at[i, ])))
  out[at] <- out[at[, 2:1, drop = FALSE]] <- values
  out
}
