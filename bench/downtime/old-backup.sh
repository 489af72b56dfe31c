# The nightly backup as the old scripts did it, step by step. $1: the directory of this file.
. "$1/site.sh"

move_address "$PORT_DOWN"
cloud POST "$COMPUTE/servers/$BACKUP_SERVER/action" '{"os-start":null}'
until on_backup true 2> /dev/null; do sleep 1; done
on_backup "mount $VOLUME && mkdir -p $VOLUME/old"

signal_database KILL
on_database "rm -rf $COPY && cp -r $STORE $COPY"
start_database

on_database "tar cvzf $COPY.tar.gz -C $COPY . > /dev/null"
on_database "cat $COPY.tar.gz" | on_backup "cat > $VOLUME/old/backup.tar.gz"
on_database "rm -rf $COPY $COPY.tar.gz"

on_backup "umount $VOLUME"
cloud POST "$COMPUTE/servers/$BACKUP_SERVER/action" '{"os-stop":null}'
move_address "$PORT_UP"
