# SPDX-License-Identifier: Apache-2.0
# The lab's file systems: the machine's disk, seen through an overlay whose changes lie in memory and go with
# the lab; new ones for all that belongs to a running system.

# In a lab these are new and empty, whatever the machine has there.
FRESH_FOLDERS=(/run /tmp /var/tmp /var/log /var/lib/docker /var/lib/containerd /var/lib/containers
  /var/lib/postgresql /etc/postgresql /var/lib/redis /var/spool/cron)

mount_root() {
  mount -t tmpfs -o "size=$LAB_ROOT_SIZE,mode=755" pflab-changes "$LAB_FOLDER/rw"
  overlay / "$1" root
}

# overlay LOWER TARGET NAME
overlay() {
  mkdir -p "$LAB_FOLDER/rw/$3.upper" "$LAB_FOLDER/rw/$3.work"
  mount -t overlay "pflab-$3" -o "lowerdir=$1,upperdir=$LAB_FOLDER/rw/$3.upper,workdir=$LAB_FOLDER/rw/$3.work" "$2"
}

# An overlay of / shows the root file system alone. Other disks (/home, /var, /srv...) get one each.
mount_disks() {
  local root=$1 place number=0
  while read -r place; do
    [[ $place != *[:,\\]* && -d $place && -d $root$place ]] || continue
    number=$((number + 1))
    overlay "$place" "$root$place" "disk$number" || continue
  done < <(disk_mounts)
}

# Mount points of block devices, parents first; not / and not what a lab has anew (proc(5), mountinfo).
disk_mounts() {
  awk '{ for (i = 7; i <= NF; i++) if ($i == "-") { if ($(i + 2) ~ /^\/dev\//) print $5; break } }' /proc/self/mountinfo |
    sort -u | grep -vE '^/$|^/(proc|sys|dev|run|tmp|boot|var/(tmp|log|lib/(docker|containerd|containers)))(/|$)' || :
}

mount_devices() {
  local root=$1 node
  mount -t tmpfs -o mode=755,size=64m pflab-dev "$root/dev"
  for node in "null 3" "zero 5" "full 7" "random 8" "urandom 9"; do
    mknod -m 666 "$root/dev/${node% *}" c 1 "${node#* }"
  done
  mknod -m 666 "$root/dev/tty" c 5 0
  mknod -m 600 "$root/dev/console" c 1 3  # what systemd writes to its console is thrown away
  mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/mqueue"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  ln -s /proc/self/fd/0 "$root/dev/stdin"
  ln -s /proc/self/fd/1 "$root/dev/stdout"
  ln -s /proc/self/fd/2 "$root/dev/stderr"
  mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
}

# Settings of the kernel that are not per namespace stay the machine's: read-only here, all but /proc/sys/net.
mount_kernel() {
  local root=$1 place
  mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
  mount --bind "$root/proc/sys" "$root/proc/sys"
  mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
  mount -o remount,bind,ro "$root/proc/sys"
  for place in sysrq-trigger irq bus fs; do
    [[ -e $root/proc/$place ]] || continue
    mount --bind "$root/proc/$place" "$root/proc/$place"
    mount -o remount,bind,ro "$root/proc/$place"
  done
  mount -t sysfs -o nosuid,nodev,noexec sysfs "$root/sys"
}

mount_fresh_folders() {
  local root=$1 place
  for place in "${FRESH_FOLDERS[@]}"; do
    mkdir -p "$root$place"
    mount -t tmpfs -o "mode=755,size=${LAB_FOLDER_SIZE:-2g}" tmpfs "$root$place"
  done
  chmod 1777 "$root/tmp" "$root/var/tmp"
  mkdir -p "$root/run/lock" "$root"/var/log/{journal,nginx,postgresql} "$root/var/spool/cron/crontabs"
  chroot "$root" chown postgres:postgres /var/lib/postgresql /etc/postgresql /var/log/postgresql
  chroot "$root" chown root:crontab /var/spool/cron/crontabs
  chmod 1730 "$root/var/spool/cron/crontabs"
}

# The checkout, its build folder, and what LAB_BIND names, as they are: what is written there is there outside as well.
bind_folders() {
  local root=$1 folder
  for folder in "$LAB_REPO" "$LAB_BUILD" $LAB_BIND; do
    if [[ $folder == "$LAB_BUILD" && ! -d $folder ]]; then continue; fi
    [[ -d $folder ]] || { echo "LAB_BIND: $folder is no folder" >&2; exit 1; }
    mkdir -p "$root$folder"
    mount --bind "$folder" "$root$folder"
  done
}
