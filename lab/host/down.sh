# SPDX-License-Identifier: Apache-2.0
# Ends a lab. Killing the init of its pid namespace is enough: the kernel kills everything inside, unmounts
# its file systems and drops its network. The cgroups tell what belongs to the lab, whatever became of its folder.

lab_down() {
  local name=$1 quiet=${2:-} folder start left=0
  check_name "$name"
  folder=$(folder_of "$name")
  if [[ ! -d $folder && -z $(cgroups_of "$name") ]]; then
    [[ -n $quiet ]] || say "$name is not up"
    return 0
  fi
  start=$(now)
  wait_until 10 all_killed "$name" || { say "$name: these processes do not end: $(processes_of "$name" | tr '\n' ' ')"; left=1; }
  unplug "$folder"
  remove_cgroups "$name" || left=1
  rm -rf --one-file-system "$folder"
  [[ -n $quiet ]] || say "$name is down after $(since "$start")"
  return "$left"
}

# Kills what is still there; true where there is nothing.
all_killed() {
  local processes
  mapfile -t processes < <(processes_of "$1")
  ((${#processes[@]})) || return 0
  kill -KILL "${processes[@]}" 2>/dev/null
  return 1
}

# The cable goes with the namespace; where that takes its time, it is pulled.
unplug() {
  local number
  number=$(cat "$1/number" 2>/dev/null) || return 0
  ip link del "pfl$number" 2>/dev/null || :
}
