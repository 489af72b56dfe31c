/**
 * Moves a store's data aside and staged data into its place, and back, by renames under a journal.
 *
 * Arguments: `swap`, `return`, `keep` or `remove`; store, directory beside it, name; for a swap also the stage and the
 * facts as JSON. Answers `changed yes`, `changed no` or `refused <why>`, and `bytes <n>` for what is kept; exit code 75
 * where another program moves something now.
 *
 * The store's directory stays where it is (it may be a mount point), with its owner and mode; what is in it moves.
 * `aside/<name>/` holds `store/` (the old data), `discarded/` (new data on its way out), `facts.json`, `bytes`, and
 * `state`, a symbolic link to a word: it takes no room, so that a disk that is full does not keep old data from coming back.
 *
 *     swapping-out    old data goes from the store to aside
 *     swapping-in     the store was empty once; staged data goes into it
 *     swapped         the store holds the new data, aside all of the old
 *     returning-out   what is in the store, all of it new, goes to discarded
 *     returning-in    nothing new is in the store; old data goes back into it
 *     returned        the store holds the old data; a swap of this name that comes late is refused
 *     kept            nothing puts it back by itself any more
 *
 * Invariants, so that it may be killed between any two renames and run again, or led back:
 * 1. A state is reached by a rename, after the renames before it are on disk.
 * 2. In no state may old and new data both be on their way into the store.
 * 3. Nothing is ever overwritten: what is in both places ends the program.
 * 4. Everything happens under the flock on `lock`, and nothing while a process has the store open.
 */
export const swapStore = (storeHolders: string) => `set -eu
umask 077
export LC_ALL=C
verb=$1 store=$2 beside=$3

die() {
  printf '%s\\n' "$1" >&2
  exit 1
}
refuse() {
  echo "refused $1"
  exit 0
}

# The data of this name is what is spoken of from here on.
about() {
  name=$1
  aside=$beside/aside/$name
  state=none
  if [ -L "$aside/state" ]; then state=$(readlink "$aside/state"); fi
  case $state in
  none | swapping-out | swapping-in | swapped | returning-out | returning-in | returned | kept) ;;
  *) die "$aside/state says '$state', which is no state of a swap: nothing is moved. Look at $aside" ;;
  esac
}

reach() {
  state=$1
  ln -sfn "$1" "$aside/state.new"
  mv -T "$aside/state.new" "$aside/state"
  sync "$aside"
}

${storeHolders}
nobody_has_it() {
  holders=$(store_holders)
  [ -z "$holders" ] || die "$store is open in process $holders: its data is not moved. Stop the database first"
}

# What is in directory $1, each by one rename, to directory $2.
move_all() {
  nobody_has_it
  find "$1" -mindepth 1 -maxdepth 1 ! -name .runbook -print0 | xargs -0 -r mv -n -t "$2" -- || :
  left=$(find "$1" -mindepth 1 -maxdepth 1 ! -name .runbook -print -quit)
  if [ -n "$left" ]; then
    if [ -e "$2/\${left##*/}" ]; then die "\${left##*/} is in $1 and in $2: neither is overwritten. Look which one is right"; fi
    die "$left could not be moved to $2; the reason stands above"
  fi
  sync "$1" "$2"
}

# What goes from one file system to another would be copied, and could be half there.
within_one_file_system() {
  rm -rf "$beside/probe" "$store/.runbook-probe"
  mkdir "$beside/probe"
  before=$(stat -c %d:%i "$beside/probe")
  mv -T "$beside/probe" "$store/.runbook-probe"
  after=$(stat -c %d:%i "$store/.runbook-probe")
  rmdir "$store/.runbook-probe"
  [ "$before" = "$after" ] || die "$beside is not on the file system of $store: nothing can be moved by renames"
}

discard() {
  [ -e "$1" ] || return 0
  rm -rf "$1" 2> /dev/null || {
    chmod -R u+rwX "$1"
    rm -rf "$1"
  }
}

swap() {
  if [ "$state" = none ]; then
    [ -d "$stage/store" ] || die "there is no $stage/store to put in the place of $store"
    nobody_has_it
    if [ ! -d "$store" ]; then
      (umask 022 && mkdir -p "\${store%/*}")
      mkdir -m 700 "$store"
    fi
    within_one_file_system
    mkdir -p "$aside/store" "$aside/discarded"
    printf '%s\\n' "$facts" > "$aside/facts.json"
    sync "$aside/facts.json"
    reach swapping-out
  fi
  case $state in
  swapping-out | swapping-in) ;;
  swapped) echo changed no; return ;;
  *) refuse "this swap is $state and is not done any more" ;;
  esac
  if [ "$state" = swapping-out ]; then
    move_all "$store" "$aside/store"
    reach swapping-in
  fi
  move_all "$stage/store" "$store"
  reach swapped
  echo changed yes
}

# Nothing of ours is left to be removed: what cannot be removed must not keep the old data from being served.
clean() {
  discard "$aside/discarded" && discard "$aside/store" || :
}

back() {
  case $state in
  none)
    mkdir -p "$aside"
    reach returned
    ;;
  swapping-out) reach returning-in ;;
  swapping-in | swapped) reach returning-out ;;
  kept) refuse 'this data is kept, and visitors may have written since. To bring it back, restore it: aside:'"$name" ;;
  esac
  if [ "$state" = returned ]; then
    clean
    echo changed no
    return
  fi
  if [ "$state" = returning-out ]; then
    move_all "$store" "$aside/discarded"
    reach returning-in
  fi
  move_all "$aside/store" "$store"
  reach returned
  clean
  echo changed yes
}

keep() {
  case $state in
  kept) echo changed no ;;
  swapped)
    find "$aside/store" -mindepth 1 -printf '%s\\n' | awk '{ sum += $1 } END { printf "%.0f\\n", sum }' > "$aside/bytes"
    sync "$aside/bytes"
    reach kept
    echo changed yes
    ;;
  *) refuse "this swap is $state: there is nothing to keep" ;;
  esac
  echo "bytes $(cat "$aside/bytes")"
}

remove() {
  gone=$beside/aside/.removing-$name
  removed=no
  case $state in
  none) [ ! -e "$gone" ] || removed=yes ;;
  returned) ;;
  kept)
    discard "$gone"
    mv -T "$aside" "$gone"
    sync "$beside/aside"
    removed=yes
    ;;
  *) refuse "this swap is $state: its data may still be needed" ;;
  esac
  discard "$gone"
  echo "changed $removed"
}

# An earlier swap that nobody has ended, run and guard terminated together: led back while it is no whole store, and kept
# once it is one, since somebody may have brought it up by hand.
end_earlier_swaps() {
  for earlier in "$beside"/aside/*/state; do
    [ -L "$earlier" ] || continue
    earlier=\${earlier%/state}
    [ "\${earlier##*/}" != "$wanted" ] || continue
    about "\${earlier##*/}"
    case $state in
    swapping-* | returning-*) back > /dev/null ;;
    swapped) keep > /dev/null ;;
    esac
  done
}

wanted=$4
[ -d "$beside" ] || die "there is no $beside: is the file system of $store mounted?"
mkdir -p "$beside/aside"
exec 9>> "$beside/lock"
flock -w 20 9 || exit 75
case $verb in
swap)
  stage=$5 facts=$6
  end_earlier_swaps
  ;;
esac
about "$wanted"
case $verb in
swap) swap ;;
return) back ;;
keep) keep ;;
remove) remove ;;
esac
`;
