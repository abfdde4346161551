# SPDX-License-Identifier: Apache-2.0
# What every command of the lab shares on the machine that carries it: places, names, messages.
# Sourced, never run.

LAB_HOME=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
REPO=$(dirname "$LAB_HOME")
LABS=/run/postflight-lab  # a folder for each lab that is up
DEFAULT_NAME=lab
LAB_BUILD=${PF_BUILD_DIR:-$REPO/build}
# What no process in a lab may do, since it would be done to the machine: set the clock, load modules, load another
# kernel, touch ports and memory, clear the kernel's log, wake the machine.
LAB_WITHOUT=-sys_time,-sys_module,-sys_boot,-sys_rawio,-syslog,-wake_alarm
LAB_BACKEND=${LAB_BACKEND:-$REPO/build/lab/advakod_backend}  # ./dev lab builds it and says where
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

say() { printf 'lab: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# A name becomes part of paths, of a cgroup and of a container's label.
check_name() {
  [[ $1 =~ ^[a-z][a-z0-9-]{0,30}$ ]] || die "'$1' is no name for a lab: lower-case letters, digits and '-', at most 31"
}

folder_of() { printf '%s/%s' "$LABS" "$1"; }

# The process id of the lab's init, or nothing where the lab is not up. A recycled id is told by its cgroup.
init_of() {
  local name=$1 pid
  pid=$(cat "$(folder_of "$name")/init.pid" 2>/dev/null) || return 1
  [[ -n $pid ]] && grep -qsE "/pflab-$name(/|\$)" "/proc/$pid/cgroup" && printf '%s' "$pid"
}

# Polls a command every 20 ms for so many seconds.
wait_until() {
  local seconds=$1
  shift
  local end=$((SECONDS + seconds + 1))
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.02
  done
}

now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.1f s", b - a }'; }
