# SPDX-License-Identifier: Apache-2.0
# Whether this machine can carry a lab. Everything is tried, in namespaces of its own; nothing is left behind.

LAB_PACKAGES=(docker.io docker-compose postgresql nginx redis-server celery python3-redis python3-h2 ufw cron
  iptables iproute2 openssl systemd systemd-sysv dbus util-linux procps curl jq)

# Prints one sentence that names what is missing, or nothing.
what_is_missing() {
  if ((EUID != 0)); then
    echo "the lab needs root, since it makes namespaces and mounts: sudo ./dev lab"
  elif ! unshare --mount --pid --fork --net --uts --ipc --cgroup --propagation private true 2>/dev/null; then
    echo "this machine does not let root make namespaces (unshare): CAP_SYS_ADMIN or a kernel option is missing"
  elif ! overlay_works; then
    echo "this machine does not let root mount an overlay of / in a mount namespace of its own"
  elif ! unshare --net iptables -S >/dev/null 2>&1; then
    echo "iptables does not work in a network namespace of its own: CAP_NET_ADMIN or a kernel module is missing"
  elif [[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]] &&
    ! grep -qw memory /sys/fs/cgroup/cgroup.controllers; then
    echo "this machine has pure cgroup v2 without memory accounting: dockerd and the memory facts need it"
  elif [[ ! -x /lib/systemd/systemd ]]; then
    echo "/lib/systemd/systemd is missing: install the package systemd"
  fi
}

overlay_works() {
  local place
  place=$(mktemp -d) || return 1
  unshare --mount --propagation private sh -c '
    mount -t tmpfs tmpfs "$1" && mkdir "$1/upper" "$1/work" "$1/root" &&
    mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root" &&
    test -e "$1/root/usr"' sh "$place" 2>/dev/null
  local status=$?
  rmdir "$place"
  return "$status"
}

missing_packages() {
  local package
  for package in "${LAB_PACKAGES[@]}"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || printf '%s ' "$package"
  done
}
