dnl Compiler and linker flags of this project.

dnl TI_TRY_FLAG(FLAG, VARIABLE): adds FLAG to VARIABLE when the compiler takes it.
AC_DEFUN([TI_TRY_FLAG], [
    AS_VAR_PUSHDEF([ti_cache], [ti_cv_flag_$1])
    AC_CACHE_CHECK([whether $CC takes $1], [ti_cache], [
        ti_save_CFLAGS=$CFLAGS
        CFLAGS="$CFLAGS -Werror $1"
        AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])], [AS_VAR_SET([ti_cache], [yes])], [AS_VAR_SET([ti_cache], [no])])
        CFLAGS=$ti_save_CFLAGS
    ])
    AS_VAR_IF([ti_cache], [yes], [$2="$$2 $1"])
    AS_VAR_POPDEF([ti_cache])
])

dnl WARN_CFLAGS, with -Werror under --enable-werror.
AC_DEFUN([TI_WARNINGS], [
    AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [treat warnings as errors (for development)])],
        [], [enable_werror=no])
    WARN_CFLAGS=
    m4_foreach_w([ti_flag], [-Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
        -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla
        -Wno-format-truncation],
        [TI_TRY_FLAG(ti_flag, [WARN_CFLAGS])])
    ti_warnings="are shown"
    AS_VAR_IF([enable_werror], [yes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"; ti_warnings="are errors"])
    AC_SUBST([WARN_CFLAGS])
])

dnl --enable-sanitizers[=LIST]. The flags go into CFLAGS because libtool hands those to every link as well.
AC_DEFUN([TI_SANITIZERS], [
    AC_ARG_ENABLE([sanitizers], [AS_HELP_STRING([--enable-sanitizers@<:@=LIST@:>@],
        [build with these sanitizers @<:@address,undefined@:>@; "thread" is the other useful value])],
        [], [enable_sanitizers=no])
    AS_VAR_IF([enable_sanitizers], [yes], [enable_sanitizers=address,undefined])
    ti_sanitizers=none
    AS_VAR_IF([enable_sanitizers], [no], [], [
        CFLAGS="$CFLAGS -fsanitize=$enable_sanitizers -fno-sanitize-recover=all -fno-omit-frame-pointer"
        AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [],
            [AC_MSG_ERROR([$CC cannot build with -fsanitize=$enable_sanitizers])])
        ti_sanitizers=$enable_sanitizers
    ])
])

dnl VISIBILITY_CFLAGS; SHARED_LDFLAGS, with which a symbol that nobody defines fails the library's own link; and the conditional
dnl HAVE_VERSION_SCRIPT. Sanitizers leave their own symbols undefined in a shared library.
AC_DEFUN([TI_VISIBILITY], [
    VISIBILITY_CFLAGS=
    TI_TRY_FLAG([-fvisibility=hidden], [VISIBILITY_CFLAGS])
    AC_SUBST([VISIBILITY_CFLAGS])
    AC_CACHE_CHECK([whether the linker takes a version script], [ti_cv_version_script], [
        echo 'TI_TEST { global: main; local: *; };' > conftest.map
        ti_save_LDFLAGS=$LDFLAGS
        LDFLAGS="$LDFLAGS -Wl,--version-script=conftest.map"
        AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [ti_cv_version_script=yes], [ti_cv_version_script=no])
        LDFLAGS=$ti_save_LDFLAGS
        rm -f conftest.map
    ])
    SHARED_LDFLAGS=
    AS_IF([test "$ti_cv_version_script,$ti_sanitizers" = yes,none], [SHARED_LDFLAGS=-Wl,-z,defs])
    AC_SUBST([SHARED_LDFLAGS])
    AM_CONDITIONAL([HAVE_VERSION_SCRIPT], [test "x$ti_cv_version_script" = xyes])
])
