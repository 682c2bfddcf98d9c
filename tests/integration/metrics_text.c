/* Writes every family of metrics with some series each, for promtool to judge. */
#include <stdio.h>

#include <tickerimport.h>

static int print(const void *data, size_t size, void *payload)
{
    return fwrite(data, 1, size, payload) == size ? 0 : 1;
}

int main(void)
{
    static const char *const values[][3] = {
        {"a", "b", "c"}, {"quote \" and \\ and\nline", "\xc3\xa9", ""}, {"\xff not UTF-8", "{}=,", "200"}};
    ticker_metrics *metrics = ticker_metrics_new();
    ticker_error *error = ticker_error_new();
    int result = 0, families = 0;

    for (int metric = 0; metric <= TICKER_METRIC_QUEUE_UP; metric++) {
        int made = 0;

        for (size_t count = 0; count <= 3; count++)
            for (size_t i = 0; i < 3; i++) {
                ticker_series *series = ticker_metrics_series(metrics, (ticker_metric)metric, values[i], count);

                made += series != NULL;
                ticker_series_add(series, 1);
                ticker_series_observe(series, 1234567);
            }
        families += made == 3;
    }
    if (families != TICKER_METRIC_QUEUE_UP + 1)
        result = 1;
    if (ticker_metrics_write(metrics, print, stdout, error) != TICKER_OK) {
        fprintf(stderr, "%s\n", ticker_error_message(error));
        result = 1;
    }
    ticker_metrics_free(metrics);
    ticker_error_free(error);
    return result;
}
