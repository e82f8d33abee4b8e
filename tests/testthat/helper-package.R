# A copy of the package's functions in which some are exchanged: list of the copies. The package
# itself stays as it is, and so do registered S3 methods.
package_with <- function(...) {
  namespace <- asNamespace("covary")
  copy <- new.env(parent = namespace)
  for (name in ls(namespace, all.names = TRUE)) {
    value <- get(name, namespace)
    if (is.function(value) && identical(environment(value), namespace)) {
      environment(value) <- copy
      assign(name, value, copy)
    }
  }
  list2env(list(...), copy)
}

# In a fresh session, so that the order of attaching is what it says.
run_fresh <- function(lines) {
  file <- tempfile(fileext = ".R")
  on.exit(unlink(file))
  writeLines(c(paste0(".libPaths(", paste(deparse(.libPaths()), collapse = ""), ")"), lines), file)
  system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", shQuote(file)),
    stdout = TRUE,
    stderr = TRUE
  )
}
