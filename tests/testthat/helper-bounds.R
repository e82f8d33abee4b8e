# Bounds on errors, named by where the errors come from. All are relative to what is compared, or to
# numbers about one. A bound that is in none of these classes says its reason at its place.

# The same operations in another order, a few hundred roundings of 1e-16.
last_bits <- 1e-13

# Thousands of roundings, or one cancellation of two digits.
rounding <- 1e-12

# Sums over all rows or cells, in another order or by other statistics of them.
rounding_of_sums <- 1e-11

# A factorisation and a solve, whose condition number takes some digits.
rounding_of_solve <- 1e-10

# Factorisations in the iterations of a fit, or differences of two long sums.
rounding_of_fit <- 1e-9

# Half of the digits of a double: difference quotients, quadrature, draws whose weights carry the
# rounding of exponents.
half_of_digits <- 1e-8

# Two iterations that stop within their own tolerance of one solution, or difference quotients of a
# gradient.
convergence_error <- 1e-6
