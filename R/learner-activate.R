# What a learner answers to stimuli: densities, probabilities, the likeliest category.

# Log densities and log probabilities, each N x G.
activate <- function(learner, newdata = NULL) {
  x <- if (is.null(newdata)) learner$x else new_stimuli(learner, newdata)
  values <- .Call(C_learner_activate, learner$settings, t(x), learner$parameter)
  g <- learner$categories
  shape <- function(v) matrix(v, nrow(x), length(g), byrow = TRUE, dimnames = list(NULL, g))
  lapply(values, shape)
}

likeliest <- function(learner, values) {
  factor(learner$categories[max.col(values$log_probability, "first")], learner$categories)
}

accuracy <- function(learner) {
  mean(likeliest(learner, activate(learner)) == learner$category)
}

mean_loss <- function(learner) {
  mean(-activate(learner)$log_probability[cbind(seq_along(learner$category), learner$category)])
}
