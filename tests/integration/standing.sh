#!/usr/bin/env bash
# Several files that tell of the same ticker and day: which quotes stand, what the ledger and the report say of the others, and --again.
wants_postgres=yes
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"

printf '%s\n' 'DataReferencia;CodigoInstrumento;AcaoAtualizacao;PrecoNegocio;QuantidadeNegociada;HoraFechamento;CodigoIdentificadorNegocio;TipoSessaoPregao;DataNegocio;CodigoParticipanteComprador;CodigoParticipanteVendedor' \
    '2024-11-08;AAAA3;0;10,00;100;100000000;10;1;2024-11-08;3;3' \
    '2024-11-08;AAAA3;0;11,00;100;100001000;20;1;2024-11-08;3;3' \
    '2024-11-08;BBBB3;0;20,00;100;100000000;10;1;2024-11-08;3;3' >08-11-2024_NEGOCIOSAVISTA.txt
# A day of COTAHIST, of which two records become those of AAAA3: cash and forward.
quotes_file day.txt 3 --day 2024-11-08
python3 - <<'PYTHON'
lines = open("day.txt", "rb").read().split(b"\r\n")
for number, (market, term) in ((1, (b"010", b"   ")), (2, (b"030", b"030"))):
    line = lines[number]
    lines[number] = line[:12] + b"AAAA3       " + market + line[27:49] + term + line[52:]
open("day.txt", "wb").write(b"\r\n".join(lines))
PYTHON

standing() {
    sql "SELECT ticker, source, count(*) FROM quotes WHERE ticker IN ('AAAA3', 'BBBB3') GROUP BY ticker, source ORDER BY ticker" | tr '\n' ' '
}

for backend in $(backends); do
    fresh "$backend"
    distribute_when_asked
    expect 0 import --json 08-11-2024_NEGOCIOSAVISTA.txt
    is "$(value superseded) $(value replaced)" "0 0"
    is "$(standing)" 'AAAA3,trades,1 BBBB3,trades,1 '
    expect 0 import --json day.txt
    is "$(value superseded) $(value replaced)" "0 1"
    is "$(standing)" 'AAAA3,cotahist,2 BBBB3,trades,1 '
    expect 0 imports 1 --json
    is "$(value superseded)" 1
    is "$(value superseded_by)" '[{"import_id": 2, "rows": 1, "replaced": true}]'
    expect 0 imports 2 --json
    is "$(value superseded) $(value supersedes)" '0 [{"import_id": 1, "rows": 1, "replaced": true}]'
    expect 0 imports 1
    expect_output '^superseded_by +\{"import_id":2,"rows":1,"replaced":true\}'

    # The other way round, with a message for people.
    fresh "$backend"
    distribute_when_asked
    expect 0 import day.txt
    [ ! -s err ] || fail "something was said of a file that met no other"
    expect 0 import 08-11-2024_NEGOCIOSAVISTA.txt
    one_line_error "1 of its quotes gave way to better ones, and 0 of other imports to its own: see 'ticker-cli imports 2'"
    is "$(standing)" 'AAAA3,cotahist,2 BBBB3,trades,1 '
    expect 0 imports 2 --json
    is "$(value superseded) $(value superseded_by)" '1 [{"import_id": 1, "rows": 1, "replaced": false}]'
    is "$(sql 'SELECT count(*) FROM trades')" 3

    # Rows of the better source that were deleted by hand leave nothing, until the other file is imported again.
    case $DATABASE_URL in
    sqlite:*) sql "DELETE FROM quote_rows WHERE instrument_id = (SELECT id FROM instruments WHERE ticker = 'AAAA3')" ;;
    *) sql "DELETE FROM quotes WHERE ticker = 'AAAA3'" ;;
    esac
    expect 0 import --json 08-11-2024_NEGOCIOSAVISTA.txt
    is "$(text status)" duplicate
    is "$(standing)" 'BBBB3,trades,1 '
    expect 0 import --json --again 08-11-2024_NEGOCIOSAVISTA.txt
    is "$(text status) $(value superseded)" 'imported 0'
    is "$(standing)" 'AAAA3,trades,1 BBBB3,trades,1 '
    id=$(value import_id)
    expect 0 imports 2 --json
    is "$(text status) $(value duplicate_of)" "duplicate $id"
    is "$(sql 'SELECT count(*) FROM trades')" 3
done
