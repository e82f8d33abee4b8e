# What priors must be when they come back from a user.

prior_codes <- c(
  normal = 1L, student_t = 2L, logistic = 3L, lkj = 4L, half_t = 11L, half_normal = 12L,
  exponential = 13L, gamma = 14L, inv_gamma = 15L
)

prior_rules <- list(
  family = rule("a known family", alone(is_among, names(prior_codes))),
  code = rule("the number of its family", function(v, x) {
    is_whole_number(v) &&
      v == prior_codes[[x$family]]
  }),
  par = rule(
    "three numbers, those of scale, shape and degrees of freedom positive",
    function(v, x) {
      all_finite(v) && length(v) == 3 && v[2] > 0 &&
        (!x$family %in% c("student_t", "half_t", "lkj") || v[3] > 0) &&
        (!x$family %in% c("gamma", "inv_gamma") || v[1] > 0)
    }
  ),
  text = rule("text", alone(is_text))
)

priors_rules <- local({
  column <- rule("a text a prior", function(v, x) is_text(v, length(x$prior)))
  list(
    prior = rule("a list of prior distributions", function(v, x) {
      is.list(v) && all(vapply(v, is_valid, TRUE, class = "covary_prior"))
    }),
    class = column, coef = column, dpar = column, resp = column
  )
})

register_class("covary_prior",
  title = "prior distribution", remedy = "make it again",
  rules = prior_rules
)
register_class("covary_priors",
  title = "prior of set_prior()", remedy = "use set_prior() again",
  rules = priors_rules
)
