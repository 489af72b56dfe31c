/**
 * Bash: `fill|free <disk> [<mount point of the volume on it>]`, inside a host's namespaces.
 *
 * A full disk is an overlay: what is there shows through, what is written goes to a small file system that has no
 * space left. A volume that is mounted is mounted again, so that it shows the disk as it is now.
 */
export const FILL_SCRIPT = `
set -e
disk=$2; mount_point=$3; full=/run/lab/full$disk
if [ "$1" = fill ]; then
  if mountpoint -q "$full"; then exit; fi
  mkdir -p "$full"; mount -t tmpfs -o size=64k tmpfs "$full"
  mkdir "$full/written" "$full/work"; chmod --reference="$disk" "$full/written"
  head -c 128K /dev/zero >"$full/ballast" 2>/dev/null || :
  # Without overlays in user namespaces (Linux before 5.11) only the full disk shows, not what was on it.
  mount -t overlay -o "lowerdir=$disk,upperdir=$full/written,workdir=$full/work" overlay "$disk" 2>/dev/null ||
    mount --bind "$full/written" "$disk"
else
  umount -l "$disk"; umount -l "$full"
fi
if [ "$mount_point" ] && mountpoint -q "$mount_point"; then umount -l "$mount_point"; mount "$mount_point"; fi
`;
