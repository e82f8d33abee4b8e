# The rooms of R/ and the floors of src/ (CONTRIBUTING.md), read from the sources. R CMD check has
# no sources beside the tests: then there is nothing to read.

root <- test_path("..", "..")
script <- file.path(root, "tools", "architecture.R")
have_sources <- file.exists(script) && dir.exists(file.path(root, "R"))
if (have_sources) {
  rules <- new.env(parent = globalenv()) # where no helper of other tests hides a function of base
  sys.source(script, rules)
  list2env(as.list(rules), environment())
}
skip_without_sources <- function() {
  skip_if_not(have_sources, "R/, src/ and tools/ are not beside the tests")
  skip_if_not_installed("codetools")
}

# A folder of made-up files: names are file names, values their text.
folder_of <- function(...) {
  folder <- new_folder()
  files <- list(...)
  for (name in names(files)) writeLines(files[[name]], file.path(folder, name))
  folder
}

new_folder <- function() {
  folder <- tempfile("architecture")
  dir.create(folder)
  folder
}

test_that("the package keeps to its architecture", {
  skip_without_sources()
  expect_identical(as.character(unlist(breaches(root))), character())
})

test_that("CONTRIBUTING.md has the picture of the rooms as they are", {
  skip_without_sources()
  page <- readLines(file.path(root, "CONTRIBUTING.md"))
  now <- with_picture(page, picture(call_graph(file.path(root, "R")), file.path(root, "R")))
  # Numbers of files and lines, which every change moves, may lag behind.
  shape <- function(page) gsub("[|] [0-9]+ (?=[|])", "| ", page, perl = TRUE)
  expect_identical(shape(page), shape(now), info = "Run: Rscript tools/architecture.R --picture")
})

test_that("a call against the street is found, one along it is not", {
  skip_without_sources()
  along <- call_graph(folder_of(
    "rows-a.R" = "rows <- function(x) x", "post-b.R" = "ask <- function(x) rows(x)"
  ))
  expect_identical(wrong_arrows(along), character())
  against <- call_graph(folder_of(
    "rows-a.R" = "rows <- function(x) ask(x)", "post-b.R" = "ask <- function(x) x"
  ))
  expect_identical(wrong_arrows(against), "rows() in rows-a calls ask() in post-b")
})

test_that("tables of functions count as calls; names that a function makes itself do not", {
  skip_without_sources()
  graph <- call_graph(folder_of(
    "rows-a.R" = c("table <- list(a = ask)", "shadow <- function(ask) ask()"),
    "post-b.R" = "ask <- function(x) x"
  ))
  expect_identical(wrong_arrows(graph), "table() in rows-a calls ask() in post-b")
})

test_that("the learner knows the house only, though it comes last", {
  skip_without_sources()
  graph <- call_graph(folder_of(
    "learner.R" = "learn <- function(x) check(rows(x))", "rows.R" = "rows <- function(x) x",
    "aaa-check.R" = "check <- function(x) x"
  ))
  expect_identical(wrong_arrows(graph), "learn() in learner calls rows() in rows")
})

test_that("cycles of rooms and of files are found, longest first", {
  skip_without_sources()
  graph <- call_graph(folder_of(
    "rows-a.R" = "a <- function() b()", "rows-b.R" = "b <- function() c1()",
    "post-c.R" = "c1 <- function() a()", "fit-d.R" = "d <- function() e()",
    "fit-e.R" = "e <- function() d()"
  ))
  expect_identical(room_cycles(graph), list(c("post", "rows")))
  expect_identical(file_cycles(graph), list(c("post-c", "rows-a", "rows-b"), c("fit-d", "fit-e")))
  expect_identical(cycles(c("a", "a", "b"), c("b", "c", "c")), list())
})

test_that("a file in no room, long files and long lines are found", {
  skip_without_sources()
  folder <- folder_of(
    "attic-a.R" = c("a <- 1", rep("# line", 9)), "rows-b.R" = paste("b <-", strrep("1", 99))
  )
  expect_identical(homeless_files(call_graph(folder)), "attic-a.R is in no room")
  expect_match(long_files(folder, 9), "attic-a.R has 10 lines")
  expect_match(long_lines(folder, 100), "rows-b.R:1 has 104 characters")
})

test_that("includes of higher floors, of R and of BLAS are found", {
  skip_without_sources()
  good <- include_graph(folder_of(
    "scalar.h" = "", "prior.c" = c("#include \"scalar.h\"", "#include <math.h>"),
    "r_prior.c" = "#include <R.h>", "dense.c" = "#include <R_ext/BLAS.h>"
  ))
  expect_identical(wrong_includes(good), character())
  bad <- include_graph(folder_of(
    "scalar.c" = "#include \"nuts.h\"", "nuts.h" = "#include <Rmath.h>",
    "svgd.c" = "# include <R_ext/BLAS.h>", "attic.c" = "#include <math.h>"
  ))
  expect_setequal(wrong_includes(bad), c(
    "scalar.c includes nuts.h of a higher floor", "nuts.h includes R's Rmath.h: only r_*.c do",
    "svgd.c includes R's R_ext/BLAS.h: only dense.c does", "attic.c is on no floor"
  ))
})

test_that("a cycle of includes is found", {
  skip_without_sources()
  graph <- include_graph(folder_of(
    "prior.h" = "#include \"rows.h\"", "rows.h" = "#include \"prior.h\""
  ))
  expect_identical(include_cycles(graph), list(c("prior.h", "rows.h")))
})

test_that("arguments of C functions are counted, however the heading is written", {
  skip_without_sources()
  functions <- c_functions(folder_of("a.c" = c(
    "/* not_this(int a) { */", "#define NOR_THIS(a, b) \\", "    { a; }",
    "static int none(void)", "{", "    if (1) return 2;", "    return 1;", "}",
    "double two(const double *x, int (*f)(int, double))", "{", "    return f(1, *x);", "}",
    "static void NAME(three)(int a, int b,", "                        int c)", "{", "}",
    "int declared(int a, int b);"
  )))
  expect_identical(functions$name, c("none", "two", "three"))
  expect_identical(functions$arguments, c(0L, 2L, 3L))
})

test_that("a cited equation that the vignette lacks is found; a paper's own is not meant", {
  skip_without_sources()
  folder <- folder_of(
    "page.Rmd" = c("$$a \\qquad\\text{(1)}$$", "$$b. \\qquad\\text{(3a)}$$"),
    "good.R" = c("# eqs 1 and 3a", "# Wood (2003), eq. 6"), "bad.c" = "/* eq. 1 to 2 */"
  )
  tags <- equation_tags(file.path(folder, "page.Rmd"))
  expect_identical(tags, c("1", "3a"))
  expect_match(wrong_equations(folder, tags), "bad.c cites equation 2")
})

test_that("a method that NAMESPACE does not register is found", {
  skip_without_sources()
  folder <- folder_of("post-a.R" = c(
    "ask <- function(x) UseMethod(\"ask\")",
    "ask.rows <- function(x) x",
    "ask.NULL <- function(x) 0"
  ))
  namespace <- file.path(folder, "NAMESPACE")
  writeLines("S3method(ask,\"NULL\")", namespace)
  expect_identical(unregistered_methods(folder, namespace), "ask.rows")
})
