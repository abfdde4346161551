# SPDX-License-Identifier: Apache-2.0
# The old world of the migration: PostgreSQL as a service of the compose file. Sourced inside the lab.

# The compose file of that time, and the new one kept for later.
use_database_in_container() {
  cp "$COMPOSE_FILE" "$APP/docker-compose.new.yml"
  mkdir -p "$APP/postgres"
  cp "$STACK/../scenarios/migration/start-postgres" "$APP/postgres/start"
  edit_compose '@host.docker.internal:5432/' '@postgres:5432/'
  edit_compose 'volumes: {redis_data: {}' 'volumes: {pgdata: {}, redis_data: {}'
  edit_compose '  frontend:
' '  postgres:
    <<: *common
    image: postgres:15
    container_name: advakod_postgres
    command: ["bash", "/opt/postgres/start"]
    volumes: ["/usr:/usr:ro", "./postgres:/opt/postgres:ro", "pgdata:/var/lib/postgresql/data"]
  frontend:
'
}

psql_container() { docker exec -i -u postgres advakod_postgres /usr/lib/postgresql/15/bin/psql -XAtq -v ON_ERROR_STOP=1 "$@"; }

fill_container() {
  wait_for 20 docker exec -u postgres advakod_postgres /usr/lib/postgresql/15/bin/pg_isready -q
  fill_database psql_container -d
}
