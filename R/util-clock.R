# Seconds by the name of a step: lap(name) adds the time since the last lap, laps() gives all.

new_clock <- function() {
  last <- proc.time()[["elapsed"]]
  laps <- numeric()
  list(
    lap = function(name) {
      now <- proc.time()[["elapsed"]]
      laps[[name]] <<- sum(laps[name], now - last, na.rm = TRUE)
      last <<- now
    },
    laps = function() laps
  )
}
