#!/bin/sh
# Create the cluster and its databases at the first start, then become the server. Clients are identified by the uid behind
# the socket (peer): the Hub's user owns all databases, and there is no password that could leak. Only if DATABASE_PASSWORD
# is given, as on Kubernetes, does it listen on the network too, for the Hub's user with that password.
set -eu
cd /
bin=$(echo /usr/lib/postgresql/*/bin)
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  rm -rf "$PGDATA.new"
  "$bin/initdb" --pgdata "$PGDATA.new" --auth peer --encoding UTF8 --locale C.UTF-8 --username postgres >/dev/null
  echo "local all all peer map=owner" > "$PGDATA.new/pg_hba.conf"
  [ -z "${DATABASE_PASSWORD:-}" ] || echo "host all hub all scram-sha-256" >> "$PGDATA.new/pg_hba.conf"
  printf 'owner postgres postgres\nowner hub hub\n' > "$PGDATA.new/pg_ident.conf"
  {
    echo "create role hub login${DATABASE_PASSWORD:+ password '$(printf %s "$DATABASE_PASSWORD" | sed "s/'/''/g")'};"
    for name in hub exchange grading semester; do echo "create database $name owner hub;"; done
  } | sed 's/$/\n/' | "$bin/postgres" --single -j -D "$PGDATA.new" postgres >/dev/null
  mv "$PGDATA.new" "$PGDATA"  # only a complete cluster has this name
fi
exec "$bin/postgres" -D "$PGDATA" -c listen_addresses="${DATABASE_PASSWORD:+*}" -c unix_socket_directories=/run/postgresql \
  -c max_connections=200 -c shared_buffers=128MB -c logging_collector=off
