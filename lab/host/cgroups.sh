# SPDX-License-Identifier: Apache-2.0
# A cgroup of the lab's own in every mounted hierarchy: v1 controllers, name=systemd, v2. The lab's cgroup
# namespace makes them its roots, so that its systemd and dockerd cannot touch the machine's.

# Prints the mount point of every cgroup hierarchy (proc(5), mountinfo).
hierarchies() {
  awk '{ for (i = 7; i <= NF; i++) if ($i == "-") { if ($(i + 1) ~ /^cgroup2?$/) print $5; break } }' \
    /proc/self/mountinfo | sort -u
}

# Makes them and writes their paths to the lab's folder.
make_cgroups() {
  local name=$1 list=$2 mount group
  while read -r mount; do
    group=$mount/pflab-$name
    mkdir -p "$group" 2>/dev/null || continue
    # A new cpuset is empty, and nothing can enter an empty one.
    if [[ -e $group/cpuset.cpus && -e $mount/cpuset.mems ]]; then
      cat "$mount/cpuset.cpus" >"$group/cpuset.cpus"
      cat "$mount/cpuset.mems" >"$group/cpuset.mems"
      echo 1 >"$group/cgroup.clone_children" 2>/dev/null || :
    fi
    enable_controllers "$mount"
    echo "$group"
  done < <(hierarchies) >"$list"
  [[ -s $list ]] || die "no cgroup hierarchy is mounted on this machine"
}

# v2 hands a controller down only where the parent says so. On a hybrid machine there is none to hand down. What was
# switched on for a lab is noted, and switched off when the last one is down.
enable_controllers() {
  local controller
  [[ -e $1/cgroup.subtree_control ]] || return 0
  for controller in cpu memory pids io; do
    if grep -qw "$controller" "$1/cgroup.subtree_control"; then continue; fi
    if echo "+$controller" >"$1/cgroup.subtree_control" 2>/dev/null; then echo "$1 $controller" >>"$LABS/controllers"; fi
  done
}

give_controllers_back() {
  local mount controller
  [[ -s $LABS/controllers && -z $(find "$LABS" -mindepth 1 -maxdepth 1 -type d) ]] || return 0
  while read -r mount controller; do
    echo "-$controller" >"$mount/cgroup.subtree_control" || say "$mount still hands down $controller"
  done <"$LABS/controllers"
  rm -f "$LABS/controllers"
}

# Moves the calling shell into the lab's cgroups. v2 takes no process where controllers are handed down
# already (systemd does that as it boots); a leaf of its own serves then.
enter_cgroups() {
  local group
  while read -r group; do
    if echo "$BASHPID" >"$group/cgroup.procs" 2>/dev/null; then continue; fi
    # Outside of its cgroups a command would be outside of the lab: nothing could end it.
    if mkdir -p "$group/lab-exec" && echo "$BASHPID" >"$group/lab-exec/cgroup.procs"; then continue; fi
    die "$group cannot be entered"
  done <"$1"
}

cgroups_of() {
  local mount
  while read -r mount; do
    if [[ -d $mount/pflab-$1 ]]; then echo "$mount/pflab-$1"; fi
  done < <(hierarchies)
}

# Every process of the lab, by the cgroups that were made for it. A zombie is listed in none of them, one that is not in
# our pid namespace as 0, which to kill(2) means ourselves.
processes_of() {
  local group
  while read -r group; do
    find "$group" -name cgroup.procs -exec cat {} + 2>/dev/null
  done < <(cgroups_of "$1") | grep -vx 0 | sort -u
}

# Removes them, leaves first. What was killed keeps its cgroup for a moment.
remove_cgroups() {
  local group left=0
  while read -r group; do
    wait_until 2 remove_tree "$group" || { say "this cgroup could not be removed: $group"; left=1; }
  done < <(cgroups_of "$1")
  return "$left"
}

remove_tree() {
  [[ -d $1 ]] || return 0
  find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
  [[ ! -d $1 ]]
}
