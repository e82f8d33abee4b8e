// Two normal responses whose means, log sds and correlation are all linear in
// the coefficients. One program serves both reference cases: X holds columns
// with fixed priors, Z (possibly without columns) holds penalised columns whose
// coefficients are N(0, tau^2), one tau for each of the five predictors.
// Columns of every coefficient matrix: mu_y1, mu_y2, sigma_y1, sigma_y2, rho_y1_y2.
functions {
  // Sum over rows of the bivariate normal log density, correlation tanh(r / 2).
  // With u = z1 - z2 and v = z1 + z2 nothing cancels as r grows in either
  // direction, and log cosh(r / 2) = log1p_exp(r) - r / 2 - log(2).
  real pair_log_density(vector y1, vector y2, matrix eta) {
    vector[rows(y1)] s1 = col(eta, 3);
    vector[rows(y1)] s2 = col(eta, 4);
    vector[rows(y1)] r = col(eta, 5);
    vector[rows(y1)] z1 = (y1 - col(eta, 1)) .* exp(-s1);
    vector[rows(y1)] z2 = (y2 - col(eta, 2)) .* exp(-s2);
    vector[rows(y1)] er = exp(r);
    return -rows(y1) * (log(2 * pi()) + log(2)) - sum(s1) - sum(s2)
           + sum(log1p_exp(r)) - 0.5 * sum(r)
           - 0.125 * (dot_product(1 + er, square(z1 - z2))
                      + dot_product(1 + inv(er), square(z1 + z2)));
  }
}
data {
  int<lower=1> N;
  int<lower=1> P;
  int<lower=0> Q;
  matrix[N, P] X;
  matrix[N, Q] Z;
  vector[N] y1;
  vector[N] y2;
  matrix[P, 5] prior_sd;              // normal prior sd of every fixed coefficient
  int<lower=0, upper=1> logistic;     // 1: the first coefficient of r is logistic(0, 1)
  // The next two shape the space that is sampled, never the model.
  matrix<lower=0>[Q, 5] precision;    // roughly what the data say on each b
  matrix[P, Q] overlap;               // regression of Z on X
}
transformed data {
  matrix[N, P + Q] XZ;                // Stan multiplies no matrix without columns
  if (Q > 0) XZ = append_col(X, Z - X * overlap);
  else XZ = X;
}
parameters {
  matrix[P, 5] shifted;
  matrix[Q, 5] raw;
  row_vector<lower=0>[Q > 0 ? 5 : 0] tau;
}
transformed parameters {
  // Given tau, b has posterior sd of about 1 / sqrt(precision + 1 / tau^2). Taking
  // that as its unit makes raw nearly independent of tau: precision 0 would be the
  // usual non-centred form, infinite precision the centred one.
  matrix[Q, 5] unit;
  matrix[Q, 5] b;
  matrix[P, 5] beta = shifted;
  for (k in 1:5) for (j in 1:Q) unit[j, k] = tau[k] / sqrt(1 + precision[j, k] * square(tau[k]));
  b = raw .* unit;
  if (Q > 0) beta = shifted - overlap * b;
}
model {
  for (k in 1:5) for (j in 1:P) {
    if (logistic == 1 && k == 5 && j == 1) target += logistic_lpdf(beta[j, k] | 0, 1);
    else target += normal_lpdf(beta[j, k] | 0, prior_sd[j, k]);
  }
  if (Q > 0) for (k in 1:5) target += normal_lpdf(col(b, k) | 0, tau[k]);
  target += sum(log(unit));           // Jacobian of raw -> b
  tau ~ student_t(3, 0, 1);           // half-Student-t: tau is declared positive
  target += pair_log_density(y1, y2, XZ * append_row(shifted, b));
}
