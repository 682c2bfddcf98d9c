#include "base/seen.h"

#include "base/mix.h"
#include "support.h"

static uint64_t number(uint64_t i)
{
    return ti_mix(i ^ 0x9e3779b97f4a7c15u, 0xff51afd7ed558ccdu);
}

START_TEST(knows_what_came)
{
    enum { COUNT = 200000 };
    ti_seen *seen = ti_seen_new();
    unsigned wrong = 0, forgotten = 0;

    ck_assert_ptr_nonnull(seen);
    for (uint64_t i = 0; i < COUNT; i++) {
        ti_seen_expect(seen, number(i));
        wrong += ti_seen_add(seen, number(i));
    }
    for (uint64_t i = 0; i < COUNT; i++)
        forgotten += !ti_seen_add(seen, number(i));
    ck_assert_uint_eq(forgotten, 0);
    ck_assert_uint_le(wrong, 2); /* the numbers are the same in each run: none is */
    ti_seen_free(seen);
}
END_TEST

START_TEST(takes_any_number)
{
    static const uint64_t edges[] = {0, 1, UINT64_MAX, UINT64_MAX - 1, UINT64_C(1) << 63, 0x3ffff};
    ti_seen *seen = ti_seen_new();

    ck_assert_ptr_nonnull(seen);
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
        ck_assert_msg(!ti_seen_add(seen, edges[i]), "number %zu", i);
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
        ck_assert_msg(ti_seen_add(seen, edges[i]), "number %zu again", i);
    ti_seen_free(seen);
    ti_seen_free(NULL);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {knows_what_came, takes_any_number};

    return run_tests("seen", tests, COUNT(tests));
}
