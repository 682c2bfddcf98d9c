# shellcheck shell=bash
# A disk that gets full or read-only for single programs (full_disk.c); sourced after common.sh.
#
#   make_disk               builds the library; $disk_library is for LD_PRELOAD, TICKER_DISK is set
#   disk LIMIT [TEXT]       from now on: how many bytes the files may grow whose paths contain TEXT; -1: no limit, -2: read-only
#   on_disk COMMAND...      runs a program on that disk
: "${work:?is set by common.sh}" "${here:?is set by common.sh}"
disk_library=$work/full_disk.so

make_disk() {
    command -v cc >/dev/null || { echo "SKIPPED: no compiler"; exit 77; }
    cc -shared -fPIC -O1 -o "$disk_library" "$here/full_disk.c" || fail "full_disk.c"
    export TICKER_DISK=$work/disk
    disk -1
    chmod 666 "$TICKER_DISK" # the server's own user shares it
}

# In place: programs that run have it mapped.
disk() {
    python3 - "$TICKER_DISK" "$1" "${2:-}" <<'END_OF_PROGRAM'
import os, struct, sys
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o666)
text = sys.argv[3].encode()
os.pwrite(file, text + bytes(248 - len(text)), 8)
os.pwrite(file, struct.pack("=q", int(sys.argv[2])), 0)
END_OF_PROGRAM
}

# AddressSanitizer wants to be the first library of a program, but works as the second one.
on_disk() {
    LD_PRELOAD=$disk_library ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0 "$@"
}
