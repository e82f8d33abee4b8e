# The vector instructions that the C code may use.

# The highest of enum simd_level (src/simd.h): option `covary.simd`, "plain", "base" or "avx2". The
# processor may lower it; any other value asks for the best it has.
simd_level <- function() {
  match(getOption("covary.simd", "avx2"), c("plain", "base", "avx2"), nomatch = 3L) - 1
}
