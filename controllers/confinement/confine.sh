#!/bin/sh
# Runs a program as a user of its own, without capabilities and without a way to any, in a file system that
# holds only what it is given. The process id is kept: the program takes this shell's place.
#
# usage: confine.sh ROOT USER [ro:PATH|rw:PATH]... -- PROGRAM [ARGUMENT]...
#   ROOT    an empty folder, over which the new root is mounted; nobody else ever sees that mount
#   USER    number of user and group
#   ro, rw  folders and files to show under their own names; what is missing is left out
#
# Needs root, and a mount namespace of its own (`ip netns exec` makes one).
set -eu
root=$1
user=$2
shift 2
setpriv=$(command -v setpriv)

mount --make-rprivate /
mount -t tmpfs -o mode=0755,size=1m,nosuid,noexec confined "$root"

# A path as a field of fstab(5).
field() {
  case $1 in
    *[[:space:]\\]*) printf '%s' "$1" | sed 's/\\/\\134/g; s/ /\\040/g; s/\t/\\011/g' ;;
    *) printf '%s' "$1" ;;
  esac
}

entry() {
  printf '%s %s %s %s 0 0\n' "$(field "$1")" "$(field "$2")" "$3" "$4"
}

# All mounts are made by one program: each one that is started costs as much as a mount itself.
table=$root/table
# hidepid: of all processes it sees its own alone.
entry proc "$root/proc" proc nosuid,nodev,noexec,hidepid=invisible >"$table"
while [ "$1" != -- ]; do
  kind=${1%%:*}
  path=${1#*:}
  shift
  case $kind in
    ro) options=bind,ro,nosuid,nodev ;;
    rw) options=bind,nosuid,nodev,noexec ;;
  esac
  if [ -d "$path" ]; then
    mkdir -p "$root$path"
  elif [ -e "$path" ]; then
    [ -d "$root${path%/*}" ] || mkdir -p "$root${path%/*}"
    : >"$root$path"
  else
    continue
  fi
  entry "$path" "$root$path" none "$options" >>"$table"
done
shift

cd "$root"
mkdir -p dev/net proc old
nodes=
while read -r name major minor; do
  [ -e "/dev/$name" ] || continue
  mknod -m 0600 "dev/$name" c "$major" "$minor"
  nodes="$nodes dev/$name"
done <<DEVICES
null 1 3
zero 1 5
random 1 8
urandom 1 9
kvm 10 232
net/tun 10 200
DEVICES
# shellcheck disable=SC2086
chown "$user:$user" $nodes
mount --all --fstab "$table"
rm table
pivot_root . old
umount -l old
rmdir old
mount -o remount,ro,nosuid,noexec /
# A core file would hold the guest's memory.
ulimit -c 0
umask 077
exec "$setpriv" --reuid "$user" --regid "$user" --clear-groups --no-new-privs \
  --inh-caps=-all --ambient-caps=-all --bounding-set=-all -- "$@"
