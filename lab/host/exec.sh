# SPDX-License-Identifier: Apache-2.0
# Runs a command inside a lab: all its namespaces, its root, its cgroups, and no right to set the clock.

lab_exec() {
  local name=$1 init
  shift
  init=$(init_of "$name") || die "$name is not up; ./dev lab up $name brings it up"
  (
    enter_cgroups "$(folder_of "$name")/cgroups"
    # The clock is the machine's. Inside, the first call that sets a time zone would warp it (settimeofday(2)).
    exec nsenter --target "$init" --all --root --wd \
      setpriv --bounding-set=-sys_time \
      env -i PATH="${PF_BUILD_DIR:-$REPO/build}:/usr/sbin:/usr/bin:/sbin:/bin" HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
      sh -c 'cd "$1" 2>/dev/null || cd /root; shift; exec "$@"' sh "$PWD" "$@"
  )
}
