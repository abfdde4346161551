# SPDX-License-Identifier: Apache-2.0
# The same cgroup hierarchies as the machine's, seen from the lab's cgroup namespace: their roots are the
# lab's own groups.

mount_cgroups() {
  local base=$1/sys/fs/cgroup
  if [[ -n $LAB_UNIFIED ]]; then
    mount -t cgroup2 cgroup2 "$base"
  else
    mount -t tmpfs -o mode=755 tmpfs "$base"
    mount_each_hierarchy "$1"
    hide_unmounted_controllers "$base"
  fi
  mount -o remount,bind,ro "$1/sys"
}

mount_each_hierarchy() {
  local root=$1 type place options
  while read -r type place options; do
    [[ $place == /sys/fs/cgroup/* && ! -d $root$place ]] || continue
    mkdir "$root$place"
    if [[ $type == cgroup2 ]]; then
      mount -t cgroup2 cgroup2 "$root$place"
    else
      mount -t cgroup -o "$(v1_option "$place" "$options")" cgroup "$root$place" || rmdir "$root$place"
    fi
  done < <(awk '{ for (i = 7; i <= NF; i++) if ($i == "-") { if ($(i + 1) ~ /^cgroup2?$/) print $(i + 1), $5, $(i + 3); break } }' \
    /proc/self/mountinfo)
}

v1_option() {
  if [[ $2 == *name=systemd* ]]; then echo none,name=systemd; else basename "$1"; fi
}

# A v1 controller that the machine does not mount: mounting it here would make it appear there, for good.
hide_unmounted_controllers() {
  local base=$1 controllers
  while IFS=: read -r _ controllers _; do
    [[ -n $controllers && $controllers != name=* && ! -d $base/$controllers ]] || continue
    mkdir "$base/$controllers"
    mount -t tmpfs -o ro,size=4k pflab-hidden "$base/$controllers"
  done </proc/self/cgroup
}
