#!/bin/sh
# Runs a program as a user of its own, without capabilities and without a way to any, in a file system that
# holds only what it is given. The process id is kept: the program takes this shell's place.
#
# usage: confine.sh ROOT USER [cgroup:PATH] [ro:PATH|rw:PATH]... -- PROGRAM [ARGUMENT]...
#   ROOT    an empty folder, over which the new root is mounted; nobody else ever sees that mount
#   USER    number of user and group
#   cgroup  a cgroup v2 folder: the program and all its children are counted there
#   ro, rw  folders and files to show under their own names; what is missing is left out
#
# Needs root, and a mount namespace of its own (`ip netns exec` makes one).
set -eu
root=$1
user=$2
shift 2
setpriv=$(command -v setpriv)

mount --make-rprivate /
mount -t tmpfs -o mode=0755,size=1m,nosuid,nodev,noexec confined "$root"

mkdir "$root/dev" "$root/proc" "$root/old"
mount -t tmpfs -o mode=0755,size=64k,nosuid,noexec confined "$root/dev"
mkdir "$root/dev/net"
while read -r name major minor; do
  [ -e "/dev/$name" ] || continue
  mknod -m 0600 "$root/dev/$name" c "$major" "$minor"
  chown "$user:$user" "$root/dev/$name"
done <<DEVICES
null 1 3
zero 1 5
random 1 8
urandom 1 9
kvm 10 232
net/tun 10 200
DEVICES
mount -o remount,ro,nosuid,noexec "$root/dev"
# hidepid: of all processes it sees its own alone.
mount -t proc -o nosuid,nodev,noexec,hidepid=invisible proc "$root/proc"

while [ "$1" != -- ]; do
  kind=${1%%:*}
  path=${1#*:}
  shift
  if [ "$kind" = cgroup ]; then
    echo $$ >"$path/cgroup.procs"
    continue
  fi
  source=$(readlink -f "$path") || continue
  if [ -d "$source" ]; then
    mkdir -p "$root$path"
  elif [ -e "$source" ]; then
    mkdir -p "$root${path%/*}"
    : >"$root$path"
  else
    continue
  fi
  mount --bind "$source" "$root$path"
  case $kind in
    ro) mount -o remount,bind,ro,nosuid,nodev "$root$path" ;;
    rw) mount -o remount,bind,nosuid,nodev,noexec "$root$path" ;;
  esac
done
shift

cd "$root"
pivot_root . old
umount -l old
rmdir old
mount -o remount,ro,nosuid,nodev,noexec /
# A core file would hold the guest's memory.
ulimit -c 0
umask 077
exec "$setpriv" --reuid "$user" --regid "$user" --clear-groups --no-new-privs \
  --inh-caps=-all --ambient-caps=-all --bounding-set=-all -- "$@"
