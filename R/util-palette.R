# The colours of all pictures, those of fits, of the toolkit and of the learner, in one place.

# Okabe and Ito (2008): told apart by all common kinds of colour vision. Their yellow is too light
# for lines, and serves large numbers of categories only.
okabe_ito <- c(
  blue = "#0072B2", vermillion = "#D55E00", green = "#009E73", purple = "#CC79A7",
  sky = "#56B4E9", orange = "#E69F00", black = "#000000", grey = "#999999", yellow = "#F0E442"
)

# Curves of a fit: one a group, or the first alone where there are no groups.
group_colours <- function(n) {
  order <- c("blue", "vermillion", "green", "purple", "sky", "orange", "black")
  rep_len(unname(okabe_ito[order]), n)
}

# Fits beside each other; the first is black.
fit_colours <- function(n) {
  order <- c("black", "vermillion", "blue", "green", "purple", "orange", "sky")
  rep_len(unname(okabe_ito[order]), n)
}

# Categories of a learner; more than eight are equally bright hues.
category_colours <- function(n) {
  order <- c("blue", "vermillion", "green", "orange", "purple", "sky", "grey", "yellow")
  if (n <= 8) unname(okabe_ito[order])[seq_len(n)] else grDevices::hcl.colors(n, "Dark 3")
}

# Ordered values: perceptually even and colour-blind safe.
value_colours <- function(n) grDevices::hcl.colors(n + 1, "viridis")[seq_len(n)]

# Correlations, from blue at -1 by white to red at 1; grey where there is none.
correlation_colours <- function(r) {
  out <- grDevices::hcl.colors(201, "Blue-Red 3")[round(100 * r) + 101]
  ifelse(is.na(out), "grey85", out)
}

fade <- function(colour, alpha) grDevices::adjustcolor(colour, alpha)

# Opacity of the 95 % and 50 % ribbons of a curve, and of those outside the data
ribbon_alpha <- c(outer = 0.2, inner = 0.35)
ribbon_alpha_outside <- c(outer = 0.1, inner = 0.15)

all_rows_colour <- "grey15" # the curve of all rows beside curves of groups
ink <- "grey25" # text
axis_colour <- "grey60" # axes, their ticks, and what lies in the background
grid_colour <- "grey93" # lines of the grid
data_colour <- "grey10" # the data in pictures that compare them with replicates
