// SPDX-License-Identifier: Apache-2.0
// Faults of containers and of their engine, in a lab without the stack: `boxes` makes a small
// Compose project at /srv/box with one service, `box`.
#include "testing/fix_cases.h"

namespace postflight::lab {

const std::string kContainerTools = R"(cat >>/root/tools <<'TOOLS'
box_image() {
  docker image inspect box:1 >/dev/null 2>&1 && return
  tar -C / -c bin sbin lib lib64 etc | docker import -c 'ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin' - box:1 >/dev/null
}
box() { # SERVICE-LINES: the container box, its folder /srv/box/files at /files
  box_image; mkdir -p /srv/box/files
  printf 'version: "2.4"\nservices:\n  box:\n    image: box:1\n    container_name: box\n    volumes: ["/usr:/usr:ro", "./files:/files"]\n    working_dir: /files\n    %s\n' "$1" >/srv/box/docker-compose.yml
  docker-compose -p box -f /srv/box/docker-compose.yml up -d 2>/root/box.log
}
box_health() { waits "[ \$(docker inspect -f '{{.State.Health.Status}}' box) = $1 ]"; }
no_box() { docker rm -f box >/dev/null 2>&1 || true; rm -rf /srv/box; }
TOOLS
)";

std::vector<FixCase> fix_cases_of_containers() {
  const std::string kContainers = "--only 'container:*' --only 'docker:*'";
  const auto lines = [](const std::string& more) {
    return "box 'restart: always\n    stop_grace_period: 0s\n    command: "
           "[\"python3\", \"-m\", \"http.server\", \"8000\"]\n    " +
           more + "'";
  };
  return {
      {"FolderReplacedUnderAContainer", "container/stale-mount", kContainers, "container:box",
       "no_box; " + lines("") + "; cd /srv/box; cp -a files new; rm -rf files; mv new files", "box",
       "", "docker exec box true"},
      {"RestartPolicyNo", "container/not-restarted", kContainers, "container:box",
       "no_box; " + lines("") + "; docker update --restart no box", "box", "",
       "[ $(docker inspect -f '{{.HostConfig.RestartPolicy.Name}}' box) = unless-stopped ]"},
      {"ContainerPaused", "container/paused", kContainers, "container:box",
       "no_box; " + lines("") + "; docker pause box", "paused", "", ""},
      {"ContainerStopped", "container/exited", kContainers, "container:box",
       "no_box; " + lines("") + "; docker stop box", "box", "", ""},
      {"HealthCheckAsksAWrongPath", "container/health-check-wrong-path", kContainers,
       "container:box",
       "no_box; " +
           lines("healthcheck: {test: [\"CMD\", \"curl\", \"-fsS\", "
                 "\"http://127.0.0.1:8000/nothing\"], interval: 1s, retries: 1}") +
           "; box_health unhealthy",
       "nothing", "",
       "sed -i s,/nothing,/, /srv/box/docker-compose.yml; "
       "docker-compose -p box -f /srv/box/docker-compose.yml up -d box; box_health healthy",
       "mend the path in healthcheck of box in /srv/box/docker-compose.yml"},
  };
}

}  // namespace postflight::lab
