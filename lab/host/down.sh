# SPDX-License-Identifier: Apache-2.0
# Ends a lab. Killing the init of its pid namespace is enough: the kernel kills everything inside, unmounts
# its file systems and drops its network. Only the cgroups and the folder are left to remove.

lab_down() {
  local name=$1 quiet=${2:-} folder start init left=0
  check_name "$name"
  folder=$(folder_of "$name")
  if [[ ! -d $folder ]]; then
    [[ -n $quiet ]] || say "$name is not up"
    return 0
  fi
  start=$(now)
  if init=$(init_of "$name"); then
    kill -KILL "$init" 2>/dev/null || :
    wait_until 10 has_ended "$init" || { say "$name: process $init does not end"; left=1; }
  fi
  unplug "$folder"
  [[ ! -s $folder/cgroups ]] || remove_cgroups "$folder/cgroups" || left=1
  rm -rf --one-file-system "$folder"
  [[ -n $quiet ]] || say "$name is down after $(since "$start")"
  return "$left"
}

# A killed init may stay a zombie for as long as its parent is busy; a zombie holds nothing.
has_ended() { [[ ! -d /proc/$1 ]] || grep -qs '^State:.Z' "/proc/$1/status"; }

# The cable goes with the namespace; where that takes its time, it is pulled.
unplug() {
  local number
  number=$(cat "$1/number" 2>/dev/null) || return 0
  ip link del "pfl$number" 2>/dev/null || :
}
