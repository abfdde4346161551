# SPDX-License-Identifier: Apache-2.0
# Makes a freshly installed Debian server of the overlay: no unit, no job and no rule of the machine below.

# Units that need hardware, a console or a network that a lab does not have.
MASKED_UNITS=(getty.target console-getty.service systemd-logind.service systemd-networkd-wait-online.service
  apparmor.service systemd-firstboot.service systemd-update-utmp.service systemd-journal-flush.service
  sys-kernel-debug.mount sys-kernel-tracing.mount dev-hugepages.mount proc-sys-fs-binfmt_misc.automount
  sys-fs-fuse-connections.mount systemd-udevd.service systemd-udev-trigger.service systemd-timesyncd.service)
ENABLED_SERVICES=(containerd docker cron nginx ufw postgresql)

forget_this_machine() {
  local root=$1
  find "$root/etc/systemd/system" -mindepth 1 -delete
  find "$root"/etc/cron.{d,hourly,daily,weekly,monthly} -mindepth 1 -delete
  rm -rf "$root"/etc/nginx/{sites-enabled,conf.d,modules-enabled,ssl}/* "$root/etc/docker" "$root/root/.docker"
  rm -f "$root/.dockerenv" "$root/etc/resolv.conf" "$root/etc/localtime"
  # UFW as its package leaves it: off, no rules.
  cp "$root"/usr/share/ufw/iptables/*.rules "$root/etc/ufw/"
  sed -i 's/^ENABLED=.*/ENABLED=no/' "$root/etc/ufw/ufw.conf"
}

make_a_new_machine() {
  local root=$1 unit
  hostname advakod
  echo advakod >"$root/etc/hostname"
  printf '127.0.0.1 localhost advakod advacodex.com www.advacodex.com\n::1 localhost ip6-localhost\n' >"$root/etc/hosts"
  : >"$root/etc/fstab"
  : >"$root/etc/resolv.conf"
  ln -s /usr/share/zoneinfo/Etc/UTC "$root/etc/localtime"
  echo Etc/UTC >"$root/etc/timezone"
  tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
  for unit in "${MASKED_UNITS[@]}"; do ln -s /dev/null "$root/etc/systemd/system/$unit"; done
  for unit in "${ENABLED_SERVICES[@]}"; do enable "$root" "$unit.service" multi-user.target; done
  enable "$root" docker.socket sockets.target
}

# enable ROOT UNIT TARGET: what `systemctl enable` does; there is no systemd yet to ask.
enable() {
  mkdir -p "$1/etc/systemd/system/$3.wants"
  ln -s "/lib/systemd/system/$2" "$1/etc/systemd/system/$3.wants/$2"
}
