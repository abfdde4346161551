# SPDX-License-Identifier: Apache-2.0
# Runs a command inside a lab: all its namespaces, its root, its cgroups, and no right to what a lab may not do.

lab_exec() {
  local name=$1 init
  shift
  init=$(init_of "$name") || die "$name is not up; ./dev lab up $name brings it up"
  (
    enter_cgroups "$(folder_of "$name")/cgroups"
    # The clock among others: inside, the first call that sets a time zone would warp it (settimeofday(2)).
    exec nsenter --target "$init" --all --root --wd \
      setpriv --bounding-set="$LAB_WITHOUT" \
      env -i PATH="$LAB_BUILD:/usr/sbin:/usr/bin:/sbin:/bin" HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
      sh -c 'cd "$1" 2>/dev/null || cd /root; shift; exec "$@"' sh "$PWD" "$@"
  )
}
