"""compose.yaml and deploy/docker against the programs: what names, ports, paths and commands they use exists.

compose.py SOURCE RESOLVED KEYS   RESOLVED: compose.yaml as docker-compose resolves it; KEYS: what 'ticker-cli help config' says
compose.py commands RESOLVED      prints the commands of our programs, a line each, arguments apart by tabs
compose.py packages SOURCE        prints what the image's last stage installs
Problems go to standard output, a line each; the exit status is 1 when there are any.
"""
import os
import re
import sys

import yaml

OURS = "libtickerimport:"
# What images of others know: their documentation says so.
OTHERS = {
    "postgres": {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS"},
    "redis": {"REDISCLI_AUTH"},
    "localstack": {"SERVICES", "DEFAULT_REGION", "LOCALSTACK_HOST", "SQS_ENDPOINT_STRATEGY", "DISABLE_EVENTS"},
    "grafana": {"GF_SECURITY_ADMIN_PASSWORD", "GF_ANALYTICS_REPORTING_ENABLED", "GF_ANALYTICS_CHECK_FOR_UPDATES", "TICKER_PROMETHEUS_URL"},
    "postgres-exporter": {"DATA_SOURCE_URI", "DATA_SOURCE_USER", "DATA_SOURCE_PASS"},
    "redis-exporter": {"REDIS_ADDR", "REDIS_PASSWORD"},
}
# Where servers of others listen when nobody says otherwise.
PORTS = {"nginx": 80, "postgres": 5432, "redis": 6379, "localstack": 4566, "prometheus": 9090, "grafana": 3000,
         "postgres-exporter": 9187, "redis-exporter": 9121}
SECRET = re.compile(r"(?i)(password|secret|token|dsn)")
LIBPQ = {"PGPASSWORD"}


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


class Looker:
    def __init__(self, source, resolved, keys):
        self.source, self.keys, self.problems = source, keys, []
        self.given = load(os.path.join(source, "compose.yaml"))["services"]
        self.services = load(resolved)["services"]
        self.volumes = set(load(resolved).get("volumes", {}))
        self.dockerfile = read(source, "deploy/docker/Dockerfile")

    def say(self, where, what):
        self.problems.append(f"{where}: {what}")

    def ports(self, name):
        """Ports on which a service listens, by its command, environment and image."""
        service = self.services[name]
        if not service["image"].startswith(OURS):
            return {PORTS[name]} if name in PORTS else set()
        words = " ".join(service["command"] + list(map(str, service.get("environment", {}).values())))
        return {int(port) for port in re.findall(r"(?:^|\s|//)0\.0\.0\.0:(\d+)", words)}

    def service(self, name, service):
        image = service.get("image", "")
        if not re.fullmatch(r"[a-z0-9./_-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9]+)?", image):
            self.say(name, f"its image {image!r} has no fixed version")
        if "healthcheck" not in service:
            self.say(name, "has no health check")
        if service.get("restart") not in ("unless-stopped", "on-failure"):
            self.say(name, "is not started again")
        if "mem_limit" not in service and "memory" not in str(service.get("deploy", "")):
            self.say(name, "has no limit of memory")
        for other, how in service.get("depends_on", {}).items():
            want = "service_completed_successfully" if other == "aws-setup" else "service_healthy"
            if other not in self.services or how["condition"] != want:
                self.say(name, f"waits for {other} in another way than {want}")
        self.environment(name, service)
        self.mounts(name, service)
        self.published(name, service)
        if image.startswith(OURS) and not (service.get("read_only") and service.get("cap_drop") == ["ALL"]):
            self.say(name, "may do more than it needs")

    def environment(self, name, service):
        known = self.keys | LIBPQ if service["image"].startswith(OURS) else OTHERS.get(name, set())
        for key in service.get("environment", {}):
            if key not in known:
                self.say(name, f"nobody reads the variable {key}")
        for key, value in (self.given[name].get("environment") or {}).items():
            if SECRET.search(key) and not str(value).startswith("${"):
                self.say(name, f"a secret stands in compose.yaml: {key}")
            if re.search(r"://[^@/]*:[^@/]+@", re.sub(r"\$\{[^}]*\}", "", str(value))):
                self.say(name, f"a password stands in compose.yaml: {key}")

    def mounts(self, name, service):
        for mount in service.get("volumes", []):
            origin, colon, rest = str(mount).partition(":")
            if not colon:
                continue  # a volume of the container's own, at that path
            if origin.startswith(("/", ".")):
                if not os.path.exists(origin):
                    self.say(name, f"{origin} does not exist")
                if not rest.endswith(":ro"):
                    self.say(name, f"may write into {origin}")
            elif origin not in self.volumes:
                self.say(name, f"the volume {origin} does not exist")

    def published(self, name, service):
        for port in service.get("ports", []):
            host, _, inside = str(port).rpartition(":")
            if not host.startswith("127.0.0.1:"):
                self.say(name, f"the port {port} is open to everybody")
            if int(inside.partition("/")[0]) not in self.ports(name):
                self.say(name, f"nobody listens at {inside}")
        for port in service.get("expose", []):
            if int(port) not in self.ports(name):
                self.say(name, f"nobody listens at {port}")
        for url in re.findall(r"http://127\.0\.0\.1:(\d+)(/\S*)?", " ".join(service.get("healthcheck", {}).get("test", []))):
            if int(url[0]) not in self.ports(name):
                self.say(name, f"its health check asks port {url[0]}")
            if service["image"].startswith(OURS) and url[1] not in ("/health/live", "/health/ready"):
                self.say(name, f"its health check asks for {url[1]}")

    def addresses(self):
        """HOST:PORT in settings of services, and in the targets of Prometheus, is that of a service."""
        for name, service in self.services.items():
            words = " ".join(map(str, service.get("environment", {}).values()))
            for host, port in re.findall(r"(?:@|//|^|\s)([a-z][a-z-]*):(\d+)", words):
                if host not in self.services or int(port) not in self.ports(host):
                    self.say(name, f"nobody is at {host}:{port}")
        mine, theirs = (load(os.path.join(self.source, path)) for path in ("deploy/docker/prometheus.yml", "deploy/prometheus/prometheus.yml"))
        names = [[job["job_name"] for job in file["scrape_configs"]] for file in (mine, theirs)]
        if names[0] != names[1] or mine["rule_files"] != theirs["rule_files"] or mine["global"] != theirs["global"]:
            self.say("deploy/docker/prometheus.yml", "is another one than deploy/prometheus/prometheus.yml")
        for job in mine["scrape_configs"]:
            targets = [t.split(":") for c in job.get("static_configs", []) for t in c["targets"]]
            targets += [(host, c["port"]) for c in job.get("dns_sd_configs", []) for host in c["names"]]
            for host, port in targets:
                host = "prometheus" if host == "127.0.0.1" else host
                if host not in self.services or int(port) not in self.ports(host):
                    self.say("deploy/docker/prometheus.yml", f"nobody is at {host}:{port}")

    def paths(self):
        """Paths that two parts agree on."""
        socket = re.search(r"server unix:(\S+);", read(self.source, "deploy/nginx/ticker.conf"))[1]
        if f"unix:{socket}?mode=0666" not in self.services["ticker-server"]["command"]:
            self.say("ticker-server", f"does not listen at {socket}")
        for name in ("nginx", "ticker-server"):
            if not any(str(m).startswith(f"socket:{os.path.dirname(socket)}") for m in self.services[name]["volumes"]):
                self.say(name, f"does not have the folder of {socket}")
        boards = load(os.path.join(self.source, "deploy/grafana/provisioning/dashboards/ticker.yaml"))["providers"][0]["options"]["path"]
        if not any(f"/deploy/grafana/dashboards:{boards}:" in str(m) for m in self.services["grafana"]["volumes"]):
            self.say("grafana", f"does not have {boards}")
        if "${TICKER_PROMETHEUS_URL}" not in read(self.source, "deploy/grafana/provisioning/datasources/ticker.yaml"):
            self.say("grafana", "nobody reads TICKER_PROMETHEUS_URL")

    def example(self):
        wanted = set(re.findall(r"\$\{([A-Z_]+)", read(self.source, "compose.yaml")))
        lines = dict(re.findall(r"(?m)^([A-Z_]+)=(.*)$", read(self.source, ".env.example")))
        for name in sorted(wanted ^ set(lines)):
            self.say(".env.example", f"{name} stands in one of the two files only")
        for name, value in lines.items():
            if SECRET.search(name) and value:
                self.say(".env.example", f"{name} has a value")

    def image(self):
        text = self.dockerfile
        if not re.search(r"(?m)^USER ticker$", text) or not re.search(r"(?m)^HEALTHCHECK ", text):
            self.say("Dockerfile", "no user or no health check")
        for base in re.findall(r"(?m)^FROM (\S+)", text):
            if not re.fullmatch(r"debian:bookworm-\d{8}-slim", base):
                self.say("Dockerfile", f"{base} has no fixed version")
        for name in re.findall(r"(?m)^(?:ENV )?\s*([A-Z_]+)=\S", text):
            if name not in self.keys | {"XDG_DATA_HOME", "DEBIAN_FRONTEND"}:
                self.say("Dockerfile", f"nobody reads the variable {name}")
        listens = set(re.findall(r"0\.0\.0\.0:(\d+)", text))
        exposed = set(re.search(r"(?m)^EXPOSE (.*)$", text)[1].split())
        checked = set(re.findall(r"http://127\.0\.0\.1:(\d+)", text))
        if listens != exposed or not checked <= listens:
            self.say("Dockerfile", f"listens at {listens}, exposes {exposed}, checks {checked}")
        for path in re.findall(r"(?m)^COPY (?!--from)(\S+) ", text):
            if not os.path.exists(os.path.join(self.source, path)):
                self.say("Dockerfile", f"{path} does not exist")

    def look(self):
        for name, service in self.services.items():
            self.service(name, service)
        self.addresses()
        self.paths()
        self.example()
        self.image()
        return self.problems


def main():
    if sys.argv[1] == "commands":
        for service in load(sys.argv[2])["services"].values():
            if service["image"].startswith(OURS):
                print("\t".join(service["command"]))
        return 0
    if sys.argv[1] == "packages":
        last = read(sys.argv[2], "deploy/docker/Dockerfile").rpartition("\nFROM ")[2]
        print("\n".join(re.search(r"--no-install-recommends((?:[^&]|\n)*)", last)[1].replace("\\", " ").split()))
        return 0
    keys = {line.split()[0].upper() for line in read(sys.argv[3]).splitlines() if re.match(r"  [a-z0-9_]+( |$)", line)}
    problems = Looker(sys.argv[1], sys.argv[2], keys).look()
    print("\n".join(problems + [f"{len(problems)} problems"]))
    return 1 if problems else 0


sys.exit(main())
