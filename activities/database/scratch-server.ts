import { sh, type ShellText } from '../ssh/shell';

/**
 * The server process of a scratch database, as shell functions that every engine's use: `$scratch_pid` is that process,
 * empty while there is none. `is_alive` is of `scratchPlace`.
 */
export const scratchServer: ShellText = sh`
scratch_pid=

# Returns once the command in the arguments succeeds; fails when the server ends before that, or after five minutes.
scratch_await() {
  left=1500
  while is_alive "$scratch_pid" && [ "$left" -gt 0 ]; do
    if "$@"; then return 0; fi
    sleep 0.2
    left=$((left - 1))
  done
  return 1
}

# Prints what is a number, and fails for what is none.
scratch_number() {
  case $1 in '' | *[!0-9]*) return 1 ;; *) echo "$1" ;; esac
}

# Ends the server with signal $1, by force after ten seconds.
scratch_end() {
  [ -n "$scratch_pid" ] || return 0
  kill -s "$1" "$scratch_pid" 2> /dev/null || :
  left=100
  while is_alive "$scratch_pid" && [ "$left" -gt 0 ]; do
    sleep 0.1
    left=$((left - 1))
  done
  kill -KILL "$scratch_pid" 2> /dev/null || :
  scratch_pid=
}
`;
