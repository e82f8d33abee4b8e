# What a learner must be when it comes back from a user.

check_learner <- function(x, arg = "object") check_object(x, "covary_learner", arg)

register_class("covary_learner",
  title = "learner of learn_categories()", remedy = "learn again",
  sealed = c(
    "categories", "dimensions", "terms", "columns", "x", "category", "plan", "settings",
    "start", "parameter", "record", "trials", "held", "silent", "interrupted", "loss", "starts",
    "failed"
  ),
  by_field = c("plan", "settings")
)
