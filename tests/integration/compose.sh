#!/usr/bin/env bash
# compose.yaml and the image: docker-compose takes them, and every port, path, variable and command in them is one that exists.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

: "${TICKER_SOURCE:?names the folder of the sources}" "${TICKER_SERVER:?}" "${TICKER_WORKER:?}"
command -v docker-compose >/dev/null || { echo "SKIPPED: docker-compose is missing (scripts/install-packages test)"; exit 77; }

# docker-compose reads the shell's variables before those of a file.
resolve() {
    env -i PATH="$PATH" HOME="$work" LC_ALL=C.UTF-8 docker-compose --env-file "$1" -f "$2/compose.yaml" config >"$work/out" 2>"$work/err"
}
mkdir tree
cp -r "$TICKER_SOURCE/compose.yaml" "$TICKER_SOURCE/.env.example" "$TICKER_SOURCE/deploy" tree/
mkdir tree/scripts
cp "$TICKER_SOURCE/scripts/install-packages" tree/scripts/
chmod -R u+w tree

! resolve tree/.env.example tree || fail "it works without passwords"
grep -q 'write it into .env' err || fail "it does not say what is missing"
sed 's/=$/=example/' tree/.env.example >filled
resolve filled tree || fail "docker-compose config"
cp out resolved
echo "ok 1 - docker-compose config, and no password has a default"

"$TICKER_CLI" help config >keys
look() {
    python3 -B "$here/compose.py" tree "$1" keys >out 2>err
}
look resolved || fail "compose.yaml or the image asks for what there is not"
[ "$("$TICKER_CLI" --version | grep -c redis)" -eq 0 ] || grep -qi '^  redis_url' keys || fail "no keys"
echo "ok 2 - images, ports, paths, variables, health checks, limits"

count=0
while IFS=$'\t' read -r -a words; do
    case ${words[0]} in
    ticker-server) words[0]=$TICKER_SERVER ;;
    ticker-worker) words[0]=$TICKER_WORKER ;;
    ticker-cli) words[0]=$TICKER_CLI ;;
    *) fail "no program of ours: ${words[0]}" ;;
    esac
    "${words[@]}" --help >out 2>err </dev/null || fail "${words[*]}"
    count=$((count + 1))
done < <(python3 -B "$here/compose.py" commands resolved)
is "$count" 3 "commands"
echo "ok 3 - its commands are taken"

# The image installs the packages of all libraries that the programs need.
python3 -B "$here/compose.py" packages tree | sort >installed
for program in "$TICKER_CLI" "$TICKER_SERVER" "$TICKER_WORKER"; do
    libs=$(dirname "$program")/.libs # there are the programs when the library is a shared one
    for file in "$program" "$libs/$(basename "$program")" "$libs/libtickerimport.so"; do
        [ ! -f "$file" ] || { objdump -p "$file" 2>/dev/null || true; } | sed -n 's/^ *NEEDED *//p' # libtool's are scripts
    done
done | sort -u >needed
[ -s needed ] || fail "the programs need nothing"
# All at once: each time dpkg reads the lists of all packages.
xargs -a needed printf '*/%s\n' | xargs dpkg -S >owners 2>err || true
while read -r library; do
    package=$(awk -F: -v name="/$library" 'substr($0, length($0) - length(name) + 1) == name { print $1; exit }' owners)
    case $package in
    libc6 | libgcc-s1 | libtickerimport*) ;;
    "") [[ $library == libtickerimport* || $library == lib[at]san* || $library == libubsan* ]] || fail "$library is of no package" ;;
    *) [[ $package == lib?san* ]] || grep -qx "$package" installed || fail "the image lacks $package ($library)" ;;
    esac
done <needed
echo "ok 4 - the image has the libraries"

# SED FILE WORDS: a break, and how it is found.
is_found() {
    cp "tree/$2" kept
    sed -i "$1" "tree/$2"
    ! cmp -s kept "tree/$2" || fail "nothing was broken by $1"
    cp resolved broken
    [ "$2" != compose.yaml ] || resolve filled tree || fail "docker-compose does not take $1"
    [ "$2" != compose.yaml ] || cp out broken
    ! look broken || fail "not found: $1"
    grep -q -- "$3" out || fail "found otherwise: $1"
    cp kept "tree/$2"
}
is_found 's/redis:7.2.11-bookworm/redis:latest/' compose.yaml 'has no fixed version'
is_found 's#redis:6379/0#redis:6380/0#' compose.yaml 'nobody is at redis:6380'
is_found 's/^  QUEUE_URL:/  QUEUES_URL:/' compose.yaml 'nobody reads the variable QUEUES_URL'
is_found 's#:9464/health/live#:9465/health/live#' compose.yaml 'asks port 9465'
is_found 's#4000/health/ready#4000/health#' compose.yaml 'asks for /health'
is_found 's#deploy/docker/prometheus.yml:#deploy/docker/prometheus.yaml:#' compose.yaml 'does not exist'
is_found 's/^    mem_limit: 384m$//' compose.yaml 'redis: has no limit of memory'
is_found 's/PGPASSWORD: .*/PGPASSWORD: guess/' compose.yaml 'a secret stands in compose.yaml'
is_found 's/job_name: redis/job_name: cache/' deploy/docker/prometheus.yml 'is another one than'
is_found 's/"ticker-server:4000"/"ticker-server:4001"/' deploy/docker/prometheus.yml 'nobody is at ticker-server:4001'
is_found 's#/run/ticker/fastcgi.sock#/run/ticker/fcgi.sock#' deploy/nginx/ticker.conf 'does not listen at'
is_found 's/^USER ticker$/USER root/' deploy/docker/Dockerfile 'no user'
is_found 's/TICKER_LISTEN=/TICKER_LISTENS=/' deploy/docker/Dockerfile 'nobody reads the variable TICKER_LISTENS'
is_found 's/^POSTGRES_PASSWORD=$/&guess/' .env.example 'has a value'
echo "ok 5 - what is broken is found"
