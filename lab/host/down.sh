# SPDX-License-Identifier: Apache-2.0
# Ends a lab. Killing the init of its pid namespace is enough: the kernel kills everything inside, unmounts
# its file systems and drops its network. The cgroups tell what belongs to the lab.

lab_down() {
  local name=$1 quiet=${2:-} folder start left=0
  check_name "$name"
  folder=$(folder_of "$name")
  if [[ ! -d $folder ]]; then
    [[ -z $(processes_of "$name") ]] || { say_whose "$name"; return 1; }
    remove_cgroups "$name" || return 1
    [[ -n $quiet ]] || say "$name is not up"
    return 0
  fi
  start=$(now)
  wait_until 10 all_killed "$name" ||
    { say "$name: these processes do not end: $(processes_of "$name" | tr '\n' ' ')"; left=1; }
  wait_until 3 is_unplugged "$name" || unplug "$name"
  remove_cgroups "$name" || left=1
  ((left)) || rm -rf --one-file-system "$folder"
  give_controllers_back
  [[ -n $quiet ]] || say "$name is down after $(since "$start")"
  return "$left"
}

# Somebody with another /run shares our cgroups: a container, a chroot. Its lab is not ours to end.
say_whose() { say "there is a lab called $1 that was not brought up from here; its processes: $(processes_of "$1" | tr '\n' ' ')"; }

# Kills what is still there; true where there is nothing.
all_killed() {
  local processes
  mapfile -t processes < <(processes_of "$1")
  ((${#processes[@]})) || return 0
  kill -KILL "${processes[@]}" 2>/dev/null
  return 1
}

# The cable goes with the lab's network namespace. Its number may be another lab's the moment it is free, so that it is
# told by its alias.
cable_of() { ip -o link show type veth | awk -v alias="pflab-$1" '{ for (i = 3; i < NF; i++) if ($i == "alias" && $(i + 1) == alias) { sub(/[@:].*/, "", $2); print $2 } }'; }
is_unplugged() { [[ -z $(cable_of "$1") ]]; }

# Something outside holds the namespace: the cable is pulled.
unplug() {
  local cable
  cable=$(cable_of "$1")
  [[ -z $cable ]] || ip link del "$cable"
}
