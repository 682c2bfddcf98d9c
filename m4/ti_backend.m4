dnl TI_BACKEND(OPTION, VARIABLE, PKG-CONFIG MODULE, NAME)
dnl A backend (a database, a service): on unless --without-OPTION. Without it every public symbol is still there and says "not supported".
dnl Sets VARIABLE_CFLAGS, VARIABLE_LIBS, the conditional WITH_VARIABLE, TI_WITH_VARIABLE in config.h (or not), and
dnl VARIABLE_REQUIRES, the module that tickerimport.pc lists for static links.
AC_DEFUN([TI_BACKEND], [
    AC_ARG_WITH([$1], [AS_HELP_STRING([--without-$1], [build without the $4 backend])], [], [with_$1=yes])
    ti_found_$1="left out"
    $2_REQUIRES=
    AS_VAR_IF([with_$1], [no], [], [
        PKG_CHECK_MODULES([$2], [$3], [], [AC_MSG_ERROR([$4 ($3) was not found: $$2_PKG_ERRORS
Install its development package (scripts/quickstart does), or configure with --without-$1.])])
        AC_DEFINE([TI_WITH_$2], [1], [Defined when the $4 backend is built.])
        $2_REQUIRES=m4_bpatsubst([$3], [ .*])
        ti_found_$1=`$PKG_CONFIG --modversion m4_bpatsubst([$3], [ .*])`
    ])
    AC_SUBST([$2_REQUIRES])
    AM_CONDITIONAL([WITH_$2], [test "x$with_$1" != xno])
])
