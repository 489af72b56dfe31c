# What nobody can go below who stops the database: two moves of the address, a stop in order, a start. $1: the directory of this file.
. "$1/site.sh"

move_address "$PORT_DOWN"
signal_database TERM
start_database
move_address "$PORT_UP"
