# Links between predictors and distributional parameters: identity, log, rhobit.

inverse_link <- function(dpar) {
  switch(dpar,
    mu = identity,
    sigma = exp,
    rho = function(r) tanh(r / 2)
  )
}

link_name <- function(dpar) {
  switch(dpar,
    mu = "identity",
    sigma = "log",
    rho = "rhobit"
  )
}
