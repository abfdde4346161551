# SPDX-License-Identifier: Apache-2.0
# Brings a lab up: namespaces with a real systemd as PID 1, then the state that was asked for.

# lab_up NAME STATE. A subshell: its trap is its own.
lab_up() (
  name=$1 state=$2
  check_name "$name"
  [[ $state =~ ^[a-z]+$ && -x $LAB_HOME/states/$state ]] || die "there is no state '$state': $(ls "$LAB_HOME/states" | tr '\n' ' ')"
  reason=$(what_is_missing)
  [[ -z $reason ]] || die "cannot be brought up: $reason"
  [[ -x $LAB_BACKEND ]] || die "$LAB_BACKEND is not built; ./dev lab up builds it"
  mkdir -p "$LABS"
  exec 8>"$LABS/.$name.lock"  # held while we work; not handed on to what is started
  flock -n 8 || die "$name is being brought up by another command"
  [[ -z $(init_of "$name") ]] || die "$name is up already; ./dev lab down $name ends it"
  start=$(now)
  lab_down "$name" quiet || die "$name cannot be brought up"  # what a killed run left
  mkdir -p "$(folder_of "$name")"/{rw,root}
  trap 'failed_to_come_up '"$name" EXIT
  boot "$name"
  say "$name: systemd is $(cat "$(folder_of "$name")/boot.state") after $(since "$start")"
  lab_exec "$name" "$LAB_HOME/states/$state" 8>&- || die "$name: the state '$state' was not reached"
  echo "$state" >"$(folder_of "$name")/state"
  trap - EXIT
  say "$name is up in the state '$state' after $(since "$start")"
)

failed_to_come_up() {
  local name=$1 folder
  folder=$(folder_of "$name")
  if [[ -s $folder/boot.log ]]; then tail -n 20 "$folder/boot.log" >&2; fi
  if [[ -n ${LAB_KEEP:-} ]]; then say "$name is kept as it is (LAB_KEEP)"; else lab_down "$name" quiet; fi
}

boot() {
  local name=$1 folder init
  folder=$(folder_of "$name")
  make_cgroups "$name" "$folder/cgroups"
  start_init "$name"
  init=$(cat "$folder/init.pid")
  plug_in "$name" "$init"
  : >"$folder/network.ready"
  wait_until 30 has_become_systemd "$init" || die "$name: the root file system was not made"
  wait_until 60 has_booted "$init" "$folder/boot.state" || die "$name: systemd did not finish booting"
}

# The namespaces. A subshell enters the cgroups first, so that they become the roots of the new namespace.
start_init() {
  local name=$1 folder
  folder=$(folder_of "$name")
  (
    enter_cgroups "$folder/cgroups"
    exec setsid env -i PATH="$PATH" LAB_FOLDER="$folder" LAB_HOME="$LAB_HOME" LAB_REPO="$REPO" LAB_BUILD="$LAB_BUILD" LAB_WITHOUT="$LAB_WITHOUT" \
      LAB_BIND="${LAB_BIND:-}" \
      LAB_BACKEND="$LAB_BACKEND" LAB_UNIFIED="${LAB_UNIFIED:-$(is_unified && echo 1)}" LAB_ROOT_SIZE="${LAB_ROOT_SIZE:-1500m}" \
      LAB_CERT_DAYS="${LAB_CERT_DAYS:-63}" \
      unshare --mount --pid --fork --kill-child=KILL --net --uts --ipc --cgroup --propagation private \
      "$LAB_HOME/boot/init"
  ) >"$folder/boot.log" 2>&1 </dev/null 8>&- &
  local outer=$!
  disown "$outer"  # its end is no news
  wait_until 10 read_child "$outer" "$folder/init.pid" || die "$name: no namespaces were made"
}

is_unified() { [[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]]; }

# The init is the one child of unshare. Before the shell has become unshare, its children are other ones.
read_child() {
  local child
  [[ $(cat "/proc/$1/comm" 2>/dev/null) == unshare ]] || return 1
  child=$(tr -d ' ' 2>/dev/null <"/proc/$1/task/$1/children") || return 1
  [[ -n $child ]] && echo "$child" >"$2"
}

# Not before this may anything be run inside: nsenter would ask the machine's own systemd, where there is one.
has_become_systemd() {
  [[ -d /proc/$1 ]] || die "the lab's init ended"
  [[ $(cat "/proc/$1/comm" 2>/dev/null) == systemd ]]
}

# "degraded" is an answer, too: the state's own checks judge it.
has_booted() {
  [[ -d /proc/$1 ]] || die "the lab's systemd ended while it booted"
  nsenter -t "$1" -a -r -w systemctl is-system-running 2>/dev/null >"$2" || :
  grep -qxE 'running|degraded' "$2"
}

# A cable: pflN 10.213.N.1 on the machine, eth0 10.213.N.2 in the lab. It is the view from outside. N is the first that
# nobody has: the kernel gives a name to one lab alone.
plug_in() {
  local name=$1 init=$2 number
  wait_until 5 has_own_network "$init" || die "the lab's network namespace was not made"
  for number in $(seq 1 250); do
    if ip link add "pfl$number" type veth peer name eth0 netns "$init" 2>/dev/null; then break; fi
  done
  ip addr add "10.213.$number.1/24" dev "pfl$number" || die "no network cable could be laid into the lab"
  echo "$number" >"$(folder_of "$name")/number"
  ip link set "pfl$number" alias "pflab-$name" up
  nsenter -t "$init" -n sh -e -c "
    ip link set lo up
    ip addr add 10.213.$number.2/24 dev eth0
    ip link set eth0 up
    ip route add default via 10.213.$number.1"
}

has_own_network() {
  local its
  [[ -d /proc/$1 ]] || die "the lab's init ended"
  its=$(readlink "/proc/$1/ns/net") && [[ $its != "$(readlink /proc/self/ns/net)" ]]
}
