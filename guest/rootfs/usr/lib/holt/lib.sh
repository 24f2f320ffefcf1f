# Read by the other scripts here.

# cmdline KEY: sets $value to the value of KEY=... on the kernel command line, or to nothing.
cmdline() {
  value=
  read -r words </proc/cmdline
  for word in $words; do
    case $word in "$1"=*) value=${word#*=} ;; esac
  done
}

# find_disk SERIAL: sets $disk to the device of the virtio disk with that serial.
find_disk() {
  for block in /sys/block/vd*; do
    [ -r "$block/serial" ] || continue
    serial=
    # The attribute has no newline at its end, so `read` fails and still sets the variable.
    read -r serial <"$block/serial"
    if [ "$serial" = "$1" ]; then
      disk=/dev/${block##*/}
      return 0
    fi
  done
  return 1
}

fail() {
  echo "$1" >&2
  # The console log is what the host can read of a guest that is not reachable.
  echo "holt: $1" >/dev/console
  exit 1
}
