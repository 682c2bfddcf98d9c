set -e
cd /tmp/bench-helper/b
M=/work/main; F="-std=gnu11 -O2 -D_FILE_OFFSET_BITS=64 -I. -I$M/include -fvisibility=hidden $(pkg-config --cflags libpq sqlite3 json-c)"
L=; for c in $M/lib/*/*.c; do o=l_$(basename $(dirname $c))_$(basename $c .c).o; L="$L $o"; if [ ! -f $o ] || [ $c -nt $o ] || [ -n "$ALL" ]; then gcc $F -I$M/lib -c $c -o $o; fi; done
P=; for c in $M/front/*.c $M/cli/*.c; do o=p_$(basename $(dirname $c))_$(basename $c .c).o; P="$P $o"; if [ ! -f $o ] || [ $c -nt $o ]|| [ -n "$ALL" ]; then gcc $F -I$M/front -I$M/cli -c $c -o $o; fi; done
rm -f lib.a; ar rc lib.a $L
gcc -o ticker-cli.new $P lib.a $(pkg-config --libs libpq sqlite3 json-c libarchive libcrypto zlib) -pthread && mv ticker-cli.new ticker-cli
gcc $F -o bparse $M/bench/parse.c lib.a $(pkg-config --libs libpq sqlite3 libarchive libcrypto zlib)
