/**
 * The shell side of remote jobs: POSIX `sh`, `setsid` and `flock`.
 *
 * A job's directory, `<jobs directory>/<key>`, holds
 * - `started`: pid, start time and boot id of the launcher, complete from the moment it exists (a hard link);
 * - `launches`: a line for each launch that won; more than one would be a bug;
 * - `stdout`, `stderr`, `progress`, `result`: what the command writes;
 * - `exit`: the exit code, there when the job has ended (by rename, or by link when a stop writes it);
 * - `alive`: under a flock of the launcher, from before `started` until it has ended;
 * - `stopped`: the tombstone; no launch under this key any more;
 * - `fence`: scope, number and resources; `command`, `title`, `launcher.log`: for whoever looks.
 *
 * `.fence/<scope>/<resource>` holds the highest number seen there. Invariants:
 * 1. Tombstones, numbers and claims are read and written under the flock on `.fence/lock` only.
 * 2. A launcher inherits the lock and lets it go after its claim: whoever gets the lock next sees the claim.
 * 3. Nobody waits for a process to end while holding the lock: the tombstone has already decided.
 * 4. A process group is signalled only in the boot it was started in, and not if its number has been given anew.
 *
 * Each script answers `refused <why>` on standard output, or what `jobs.ts` reads.
 */
const withoutComments = (script: string) => script.replace(/^\s*#.*\n/gm, '');

const processes = withoutComments(`
set -u
refuse() { echo "refused $*"; exit 0; }

# Sets state, group and began of a process; fails if there is none. The command's name may hold spaces and brackets.
look() {
  { read -r line < "/proc/$1/stat"; } 2>/dev/null || return 1
  line=\${line##*) }
  set -- $line
  state=$1 group=$3 began=\${20}
}
boot() { read -r boot < "\${RUNBOOK_BOOT_ID_FILE:-/proc/sys/kernel/random/boot_id}" || refuse missing /proc; }
live() { [ "$state" != Z ] && [ "$state" != X ]; }
`);

const jobs = withoutComments(`
enter() { umask 077; cd && mkdir -p "$1/.fence" && cd "$1" || refuse directory "$1"; }
lock() { exec 9>>.fence/lock && flock -w 30 9 || refuse busy; }
unlock() { exec 9>&-; }

# Reads the launcher's record. What is not the number of a process must not come near kill: -1 there means every process.
load() {
  boot
  pid= start= id=
  { read -r pid start id < "$1/started"; } 2>/dev/null
  case $pid in "" | 0* | 1 | *[!0-9]*) refuse record "$1" ;; esac
  [ -n "$start" ] && [ -n "$id" ] || refuse record "$1"
}

leader() { [ "$id" = "$boot" ] && look "$pid" && [ "$began" = "$start" ] && live; }

# Whether any process of the job's group lives, also without the launcher.
members() {
  [ "$id" = "$boot" ] || return 1
  if look "$pid" && [ "$began" != "$start" ]; then return 1; fi
  kill -s 0 -- "-$pid" 2>/dev/null || return 1
  for each in /proc/[0-9]*; do
    look "\${each#/proc/}" && [ "$group" = "$pid" ] && live && return 0
  done
  return 1
}

# Ends the loaded job: TERM, KILL after $2 tenths of a second; what does not go by that within 5 s is reported.
end() {
  kill -s TERM -- "-$pid" 2>/dev/null
  kill -s CONT -- "-$pid" 2>/dev/null
  left=$2
  while members; do
    [ "$left" -gt -50 ] || refuse undead "$1"
    [ "$left" -gt 0 ] || kill -s KILL -- "-$pid" 2>/dev/null
    sleep 0.1 2>/dev/null || sleep 1
    left=$((left - 1))
  done
  [ -e "$1/exit" ] && return
  echo 137 > "$1/exit.$$" && ln "$1/exit.$$" "$1/exit" 2>/dev/null
  rm -f "$1/exit.$$"
}

starts() {
  count=0
  [ ! -e "$1/launches" ] || while read -r _; do count=$((count + 1)); done < "$1/launches"
  echo "starts $count"
}

# Returns when job $1 has ended, after $2 seconds at the latest; at once where it cannot be told.
await() { [ "$2" = 0 ] || [ ! -e "$1/alive" ] || flock -s -w "$2" "$1/alive" true; }

# The state of job $1 in one go; $2 separates the parts. Looks for the exit code again before it says lost.
report() {
  id=
  starts "$1"
  if [ ! -e "$1/exit" ] && [ -e "$1/started" ]; then
    load "$1"
    if leader; then
      progress=
      { read -r progress < "$1/progress"; } 2>/dev/null
      echo running
      printf "%s" "progress $progress" "$2"
      return
    fi
  fi
  if [ -e "$1/exit" ] && read -r code < "$1/exit"; then
    echo "finished $code"
    printf "%s" "$2"
    tail -c 4096 "$1/stdout" 2>/dev/null
    printf "%s" "$2"
    tail -c 4096 "$1/stderr" 2>/dev/null
    printf "%s" "$2"
    head -c 65537 "$1/result" 2>/dev/null
  elif [ -z "$id" ]; then echo absent
  elif [ "$id" != "$boot" ]; then echo lost rebooted
  else echo lost vanished
  fi
  printf "%s" "$2"
}
`);

/** Arguments: directory of the job, umask, command. Holds the lock as descriptor 9 until it has claimed the job. */
const launcher = `${processes}${withoutComments(`
# Trapped, not ignored: the command gets TERM's default, and this shell lives to write the exit code.
trap : TERM INT HUP
look "$$" && boot
exec 8>"$1/alive" && flock 8 || exit 1
echo "$$ $began $boot" > "$1/launch.$$" && sync "$1/launch.$$" || exit 1
ln "$1/launch.$$" "$1/started" || exit 1
sync "$1"
echo "$$ $began $boot" >> "$1/launches"
exec 9>&-
( umask "$2"; cd; JOB_DIR=$1 exec sh -c "$3" </dev/null >"$1/stdout" 2>"$1/stderr" 8>&- )
code=$?
# Ignored from here on, which sync and mv inherit: a second TERM must not cost the exit code.
trap "" TERM INT HUP
echo "$code" > "$1/exit.$$" && sync "$1/exit.$$" && mv "$1/exit.$$" "$1/exit"
`)}`;

/** Arguments: jobs directory, key, separator, seconds to wait, already started (0 or 1), title, command, launcher, grace, scope, number, resources... */
const start = `${processes}${jobs}${withoutComments(`
mask=$(umask)
root=$1 key=$2 separator=$3 wait=$4 already=$5 title=$6 command=$7 launcher=$8 grace=$9 scope=\${10} number=\${11}
shift 11
resources=$*
for tool in setsid flock; do command -v "$tool" >/dev/null 2>&1 || refuse missing "$tool"; done
enter "$root"

# Whether a resource of list $1 is one of list $2, or either has the whole site.
overlap() {
  for a in $1; do for b in $2; do
    if [ "$a" = "$b" ] || [ "$a" = site ] || [ "$b" = site ]; then return 0; fi
  done; done
  return 1
}

# Refuses a lower number than one seen on a conflicting path; else keeps ours.
fence() {
  for file in ".fence/$scope"/*; do
    [ -f "$file" ] && read -r seen < "$file" && [ "$seen" -gt "$number" ] && overlap "\${file##*/}" "$resources" &&
      refuse newer "$seen"
  done
  mkdir -p ".fence/$scope" || refuse directory "$root"
  for resource in $resources; do
    echo "$number" > ".fence/$scope/.$resource" && mv ".fence/$scope/.$resource" ".fence/$scope/$resource" ||
      refuse directory "$root"
  done
}

# Finds a running job of a lower number on a conflicting path.
older() {
  for old in *; do
    [ -f "$old/fence" ] && [ -e "$old/started" ] && [ ! -e "$old/exit" ] || continue
    read -r its_scope its_number its_resources < "$old/fence"
    [ "$its_scope" = "$scope" ] && [ "$its_number" -lt "$number" ] && overlap "$its_resources" "$resources" || continue
    load "$old"
    members && return 0
  done
  return 1
}

launch() {
  mkdir -p "$key" && echo "$scope $number $resources" > "$key/fence" &&
    printf "%s" "$command" > "$key/command" && printf "%s" "$title" > "$key/title" || refuse directory "$root/$key"
  setsid sh -c "$launcher" "runbook-job" "$PWD/$key" "$mask" "$command" </dev/null >"$key/launcher.log" 2>&1 9>&9 &
  unlock
  lock
  [ -e "$key/started" ] && return
  cat "$key/launcher.log" >&2
  refuse launch
}

lock
while [ ! -e "$key/started" ]; do
  if [ "$already" != 0 ]; then
    echo "starts 0
lost absent"
    printf "%s" "$separator"
    exit 0
  fi
  [ ! -e "$key/stopped" ] || refuse tombstone
  [ "$scope" = - ] || fence
  if [ "$scope" != - ] && older; then
    : > "$old/stopped" || refuse directory "$root/$old"
    unlock
    end "$old" "$grace"
    lock
  else launch
  fi
done
unlock
await "$key" "$wait"
report "$key" "$separator"
`)}`;

/** Arguments: jobs directory, key, separator, seconds to wait. */
const poll = `${processes}${jobs}
cd || refuse directory "$1"
if [ ! -d "$1" ]; then
  echo "starts 0
absent"
  printf "%s" "$3"
  exit 0
fi
cd "$1" || refuse directory "$1"
await "$2" "$4"
report "$2" "$3"
`;

/** Arguments: jobs directory, key, grace in tenths of a second, number (- for none). Kills even if the tombstone cannot be written. */
const stop = `${processes}${jobs}${withoutComments(`
root=$1 key=$2 grace=$3 number=$4
command -v flock >/dev/null 2>&1 || refuse missing flock
enter "$root"
lock
if [ "$number" != - ] && [ -f "$key/fence" ]; then
  read -r its_scope its_number its_resources < "$key/fence"
  [ "$its_scope" = - ] || [ "$its_number" -le "$number" ] || refuse newer "$its_number"
fi
tombstone=
mkdir -p "$key" && : > "$key/stopped" && sync "$key" && tombstone=written
unlock
if [ ! -e "$key/started" ]; then outcome=never-started
elif [ -e "$key/exit" ]; then outcome=ended
else
  load "$key"
  if members; then end "$key" "$grace"; outcome=stopped; else outcome=ended; fi
fi
[ -n "$tombstone" ] || refuse directory "$root/$key"
starts "$key"
echo "$outcome"
`)}`;

/** Arguments: jobs directory, days. Removes a job none of whose files is younger, unless something of it still runs. */
const sweep = `${processes}${jobs}
cd || refuse directory "$1"
[ -d "$1" ] || exit 0
enter "$1"
lock
for key in *; do
  [ -d "$key" ] || continue
  [ -z "$(find "$key" -mtime "-$2" | head -n 1)" ] || continue
  if [ -e "$key/started" ] && [ ! -e "$key/exit" ]; then
    load "$key"
    ! members || continue
  fi
  rm -rf "./$key"
done
`;

/** The scripts by name, each for `sh -c <script> <name> <arguments...>`. */
export const jobScripts = { launcher, start, poll, stop, sweep } as const;
