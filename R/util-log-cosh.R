# Functions of numbers that keep their digits where the textbook form loses them; complex numbers
# are taken too, whose small imaginary parts are derivatives.

log_1p <- function(x) if (is.complex(x)) log(1 + x) else log1p(x)

log_cosh <- function(u) {
  size <- u * sign(Re(u))
  size + log_1p(exp(-2 * size)) - log(2)
}
