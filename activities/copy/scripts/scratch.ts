/**
 * The place of a scratch database, `$scratch`, as shell functions, used with `prelude` and an engine's functions.
 *
 * Whatever ends the program, no scratch process and no scratch directory is left; what a killed one has left is ended
 * first.
 */
export const scratchPlace = (scratchFunctions: string) => `
scratch=$work/scratch

is_alive() {
  [ -d "/proc/$1" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2> /dev/null
}

# Ends every process that has a file open in the scratch directory.
end_processes() {
  for pid in $(find /proc/[0-9]*/fd -lname "$scratch/*" 2> /dev/null | cut -d / -f 3 | sort -u); do
    kill -KILL "$pid" 2> /dev/null || :
  done
}

clean_up() {
  trap '' TERM INT HUP
  scratch_stop || :
  end_processes
  rm -rf "$scratch"
}
${scratchFunctions}
trap 'exit 143' TERM INT HUP
trap clean_up EXIT

end_processes
rm -rf "$scratch"
mkdir "$scratch" "$scratch/store"

# What was unpacked into $1, an engine's own backup, becomes the store $2.
restore_scratch() {
  progress 0 1 items 'restoring the backup into a scratch database'
  scratch_restore "$1" "$2" || bad "$name could not be restored: $(tail -n 3 "$scratch/log" | tr '\\n' ' ')"
}
`;
