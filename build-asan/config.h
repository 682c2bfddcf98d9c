/* config.h.  Generated from config.h.in by configure.  */
/* config.h.in.  Generated from configure.ac by autoheader.  */

/* Define to 1 if you have the <dlfcn.h> header file. */
#define HAVE_DLFCN_H 1

/* Define to 1 if you have the <inttypes.h> header file. */
#define HAVE_INTTYPES_H 1

/* Define to 1 if you have the <stdint.h> header file. */
#define HAVE_STDINT_H 1

/* Define to 1 if you have the <stdio.h> header file. */
#define HAVE_STDIO_H 1

/* Define to 1 if you have the <stdlib.h> header file. */
#define HAVE_STDLIB_H 1

/* Define to 1 if you have the <strings.h> header file. */
#define HAVE_STRINGS_H 1

/* Define to 1 if you have the <string.h> header file. */
#define HAVE_STRING_H 1

/* Define to 1 if you have the <sys/stat.h> header file. */
#define HAVE_SYS_STAT_H 1

/* Define to 1 if you have the <sys/types.h> header file. */
#define HAVE_SYS_TYPES_H 1

/* Define to 1 if you have the <unistd.h> header file. */
#define HAVE_UNISTD_H 1

/* Define to the sub-directory where libtool stores uninstalled libraries. */
#define LT_OBJDIR ".libs/"

/* Name of package */
#define PACKAGE "libtickerimport"

/* Define to the address where bug reports for this package should be sent. */
#define PACKAGE_BUGREPORT ""

/* Define to the full name of this package. */
#define PACKAGE_NAME "libtickerimport"

/* Define to the full name and version of this package. */
#define PACKAGE_STRING "libtickerimport 0.1.0"

/* Define to the one symbol short name of this package. */
#define PACKAGE_TARNAME "libtickerimport"

/* Define to the home page for this package. */
#define PACKAGE_URL ""

/* Define to the version of this package. */
#define PACKAGE_VERSION "0.1.0"

/* Define to 1 if all of the C90 standard headers exist (not just the ones
   required in a freestanding environment). This macro is provided for
   backward compatibility; new code need not use it. */
#define STDC_HEADERS 1

/* Defined when the libcurl (AWS) backend is built. */
#define TI_WITH_CURL 1

/* Defined when the Redis backend is built. */
#define TI_WITH_HIREDIS 1

/* Defined when the libmicrohttpd (HTTP listener) backend is built. */
#define TI_WITH_MICROHTTPD 1

/* Defined when the PostgreSQL backend is built. */
#define TI_WITH_POSTGRESQL 1

/* Defined when the SQLite backend is built. */
#define TI_WITH_SQLITE 1

/* Defined when the libxml2 (S3, SNS) backend is built. */
#define TI_WITH_XML 1

/* Version number of package */
#define VERSION "0.1.0"
