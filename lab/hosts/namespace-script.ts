import { basename } from 'node:path';
import { type HostSpec } from './spec';
import { DISK, quote } from './machine';
import { hostsFile, sshConfig, sshWrapper, scpWrapper } from './neighbours';

/** Where a host sees a volume that may be attached: the "device" its fstab names. */
export function deviceOf(mountPoint: string): string {
  return `/dev/disk/by-label/${mountPoint.replace(/^\//, '').replaceAll('/', '-')}`;
}

/**
 * The bash script that is a host's pid 1: it builds the host's file system from the machine's programs, read-only, and
 * the host's disk, starts the services, says `ready <pid as the lab sees it>`, and reads its standard input until that
 * ends, which ends the host. The word `shutdown` there sends TERM to all and ends once they did.
 */
export function namespaceScript(spec: HostSpec, hosts: readonly HostSpec[]): string {
  const { directory, volumes = [], binds = [], services = [] } = spec;
  const write = (path: string, text: string) => `rm -f "$R${path}"; printf %s ${quote(text)} > "$R${path}"`;
  return `
set -e
read -r PID _ </proc/self/stat
D=${quote(directory)}; R=$D/.host/mnt
ro() { mount -o remount,bind,ro,nosuid "$1" 2>/dev/null || mount -o remount,bind,ro,nosuid,nodev "$1"; }
bind_ro() {
  if [ -d "$1" ]; then mkdir -p "$R$2"; else mkdir -p "$R\${2%/*}"; : > "$R$2"; fi
  mount --bind "$1" "$R$2"; ro "$R$2"
}
hostname ${quote(spec.name)}
mount -t tmpfs -o mode=755,size=16m tmpfs "$R"
# An allow list: the machine's homes, its /var and this project stay out of sight.
for b in usr bin sbin lib lib32 lib64 libx32 opt nix; do
  if [ -L "/$b" ]; then cp -P "/$b" "$R/"; elif [ -d "/$b" ]; then mkdir "$R/$b"; mount --rbind "/$b" "$R/$b"; ro "$R/$b"; fi
done
mkdir -p "$R"/{dev/pts,dev/shm,dev/disk/by-label,etc,proc,tmp,run,lab/bin,.old} ${DISK.map((name) => `"$R/${name}"`).join(' ')}
for b in null zero full random urandom tty; do : > "$R/dev/$b"; mount --bind "/dev/$b" "$R/dev/$b"; done
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$R/dev/pts"; ln -s pts/ptmx "$R/dev/ptmx"
mount -t tmpfs -o mode=1777 tmpfs "$R/dev/shm"
ln -s /proc/self/fd "$R/dev/fd"
for i in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/\${i%:*}" "$R/dev/\${i#*:}"; done

# The machine's /etc by links, so that single files can be the host's own.
bind_ro /etc /.etc
names=(/etc/*); ln -s "\${names[@]/#\\/etc\\///.etc/}" "$R/etc/"
rm "$R/etc/ssh" 2>/dev/null || :; mkdir "$R/etc/ssh"
${write('/etc/hosts', hostsFile(hosts))}
${write('/etc/hostname', `${spec.name}\n`)}
${write('/etc/fstab', volumes.map((v) => `${deviceOf(v.mountPoint)} ${v.mountPoint} none bind,noauto 0 0\n`).join(''))}
${write('/etc/profile', 'export PATH="$PATH"\nfor f in /etc/profile.d/*.sh; do [ -r "$f" ] && . "$f"; done\nunset f\n')}
${write('/etc/ssh/ssh_config', sshConfig(hosts))}
rm -f "$R/etc/passwd"
{ echo root:x:0:0:root:/root:/bin/bash; grep -v ^root: /etc/passwd || :; } > "$R/etc/passwd"
${write('/lab/bin/ssh', sshWrapper(spec))}
${write('/lab/bin/scp', scpWrapper('/lab/bin/ssh'))}
chmod 755 "$R"/lab/bin/*
${binds.map((bind) => `bind_ro ${quote(bind.from)} ${quote(bind.to)}`).join('\n')}

for b in ${DISK.join(' ')} tmp; do mount --bind "$D/$b" "$R/$b"; done
mount -t tmpfs -o mode=755,size=64m tmpfs "$R/run"; mkdir -p "$R/run/lab"
${volumes.map((v) => `mkdir -p "$R"${quote(v.mountPoint)} "$R"${quote(deviceOf(v.mountPoint))}; mount --bind ${quote(v.directory)} "$R"${quote(deviceOf(v.mountPoint))}`).join('\n')}

mount -t proc -o nosuid,nodev,noexec proc "$R/proc"
# Where the lab is run by root, uid 0 in here is the machine's root: its kernel settings are not the host's to write.
for b in sys sysrq-trigger irq bus; do
  if [ -e "$R/proc/$b" ]; then mount --bind "$R/proc/$b" "$R/proc/$b"; mount -o remount,bind,ro,nosuid,nodev,noexec "$R/proc/$b"; fi
done
mount --bind "$D/.host/boot_id" "$R/proc/sys/kernel/random/boot_id"
cd "$R"; pivot_root . .old; umount -l /.old; cd /; rmdir /.old; ro /
hash -r; cd /root
set +e
${services.map((s) => `setsid sh -c ${quote(s.command)} >>/var/log/${basename(s.name)}.log 2>&1 </dev/null &`).join('\n')}
echo "ready $PID"
while read -r word; do
  if [ "$word" = shutdown ]; then
    [ $$ = 1 ] && kill -TERM -1 # to all of this PID namespace, and never to all of the machine
    # Until nothing is left beside this shell; a read that nothing answers is bash's only sleep without a process.
    shopt -s nullglob
    while others=(/proc/[2-9] /proc/[1-9]*[0-9]) && [ \${#others[@]} -gt 0 ]; do
      read -r -t 0.02 _; [ $? -eq 1 ] && break
    done
    exit
  fi
done
`;
}
