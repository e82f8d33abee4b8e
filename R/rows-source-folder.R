# Folders of Parquet files. Their folders may say values of columns: sales/year=2024/part-0.parquet
# has the column `year`.

# Folders replaced by the Parquet files in them, in the order of their names
expand_folders <- function(files) {
  is_folder <- !is.na(files) & dir.exists(files)
  unlist(Map(function(file, folder) if (folder) parquet_files(file) else file, files, is_folder),
    use.names = FALSE
  )
}

parquet_files <- function(folder) {
  files <- list.files(folder, "[.]parquet$", recursive = TRUE, full.names = TRUE)
  # Spark and others keep what is not data under such names.
  below <- substring(files, nchar(folder) + 1)
  files <- files[!grepl("(^|/)[._]", below)]
  if (length(files) == 0) {
    stop_covary("data", "Folder ", folder, " has no Parquet files (*.parquet).",
      fields = list(files = folder)
    )
  }
  sort(files, method = "radix")
}

# A data frame of a file, with the columns that its folders say and it has not.
add_partitions <- function(rows, file) {
  values <- partition_values(file)
  for (name in setdiff(names(values), names(rows))) {
    rows[[name]] <- rep(values[[name]], nrow(rows))
  }
  rows
}

# By name, numbers where they are
partition_values <- function(file) {
  parts <- strsplit(dirname(file), "[/\\\\]")[[1]]
  parts <- parts[grepl("^[^=]+=", parts)]
  values <- vapply(sub("^[^=]+=", "", parts), utils::URLdecode, "")
  values[values %in% c("__HIVE_DEFAULT_PARTITION__", "")] <- NA
  stats::setNames(
    lapply(unname(values), utils::type.convert, as.is = TRUE, na.strings = "NA"),
    vapply(sub("=.*", "", parts), utils::URLdecode, "")
  )
}
