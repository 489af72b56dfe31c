/**
 * A program `cockroach` for tests: has the store's LOCK open for writing and stops on TERM, unless a file in HOME says
 * otherwise (`wont-stop`, `wont-start`, `slow-start`, `supervised`, `no-posts`). Ends by itself after 60 s.
 */
export const fakeCockroach = `for word; do case $word in --store=*) store=\${word#--store=} ;; esac; done
case $1 in
version) echo 'Build Tag:        v20.2.0'; echo 'Distribution: stand-in' ;;
start-single-node)
  case $* in
  *--background*)
    setsid "$0" start-single-node --store="$store" < /dev/null > "$HOME/server.log" 2>&1 &
    pid=$!
    left=200
    while [ ! -e "$HOME/serving" ] && [ "$left" -gt 0 ]; do
      left=$((left - 1))
      if ! kill -0 "$pid" 2> /dev/null; then cat "$HOME/server.log" >&2; exit 1; fi
      sleep 0.05
    done
    exit 0 ;;
  esac
  [ ! -e "$HOME/wont-start" ] || { echo 'ERROR: cockroach server exited with error: file size mismatch' >&2; exit 1; }
  exec 3>> "$store/LOCK"
  flock -n 3 || { echo 'ERROR: could not lock temporary directory' >&2; exit 1; }
  trap '[ -e "$HOME/wont-stop" ] || { rm -f "$HOME/serving"; exit 0; }' TERM
  if [ -e "$HOME/slow-start" ]; then sleep 1; fi
  : > "$HOME/serving"
  left=1200
  while [ -d "$HOME" ] && [ "$left" -gt 0 ]; do
    left=$((left - 1))
    sleep 0.05 3>&-
  done ;;
sql)
  [ -e "$HOME/serving" ] || { echo 'ERROR: cannot dial server.' >&2; exit 1; }
  for word; do case $word in *runbook_marker*) echo "$word" >> "$HOME/statements" ;; esac; done
  case $* in
  *count*) echo name,count; echo users,12; [ -e "$HOME/no-posts" ] || echo posts,34 ;;
  *) echo 1 ;;
  esac ;;
esac`;
