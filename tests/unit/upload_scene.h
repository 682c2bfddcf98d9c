/* What the tests of uploads share: requests with a body, and a look at what is in storage, ledger and queue. */
#ifndef TEST_UPLOAD_SCENE_H
#define TEST_UPLOAD_SCENE_H

#include "json.h"
#include "server_scene.h"

#define TRADES                                                                                                         \
    "DataReferencia;CodigoInstrumento;AcaoAtualizacao;PrecoNegocio;QuantidadeNegociada;HoraFechamento;"                \
    "CodigoIdentificadorNegocio;TipoSessaoPregao;DataNegocio;CodigoParticipanteComprador;"                             \
    "CodigoParticipanteVendedor\r\n"
#define TRADE(id) "2025-04-29;PETR4;0;10,500;100;100000123;" id ";1;2025-04-29;127;3\r\n"
#define FORM "content-type: multipart/form-data; boundary=b"
#define OPEN(name) "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" name "\"\r\n\r\n"
#define CLOSE "\r\n--b--\r\n"

/* Files in the storage. */
int stored(const scene *s);
/* Removes those that are called so. */
void remove_stored(const scene *s, const char *name);
/* The scene's own database. */
ticker_store *open_store(const scene *s);
/* Rows of a query with one parameter, or with none (NULL). */
int rows_of(const scene *s, const char *kind, const char *name, const char *value);
/* There have to be so many messages in the queue, and dead ones. */
void messages(const scene *s, int64_t waiting, int64_t dead);
/* There have to be so many files, ledger rows and messages, and no dead ones. */
void holds(const scene *s, int count);
/* The last answer as JSON. */
front_json *answer(const scene *s);
/* It has to have this text. */
void says(const scene *s, const char *text);
/* The body of the next request. */
void give(scene *s, const void *data, size_t size, size_t piece);
/* A form, in pieces. Returns the status. */
int post(scene *s, const char *form, size_t piece);

#endif
