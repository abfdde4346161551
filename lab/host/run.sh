# SPDX-License-Identifier: Apache-2.0
# Plays a scenario: a folder with a `run` that drives a lab of its own, and ends it.

lab_run() {
  local scenario=${1:-}
  [[ $scenario =~ ^[a-z]+$ && -x $LAB_HOME/scenarios/$scenario/run ]] ||
    die "run needs a scenario: $(ls "$LAB_HOME/scenarios" | tr '\n' ' ')"
  shift
  local name=${LAB_NAME:-run-$scenario}
  check_name "$name"
  [[ -z $(init_of "$name") ]] || die "$name is up already: another run is playing, or ./dev lab down $name ends it"
  trap 'lab_down '"$name"' quiet' EXIT
  . "$LAB_HOME/scenarios/$scenario/run" "$@"
}
