-- Our rows in the shape of schema.sql's quotes, to be compared with what the server reads out of the file by itself.
SELECT trade_date, bdi::smallint, ticker, market::smallint, coalesce(name, ''), coalesce(specification, ''), term_days,
    coalesce(currency, ''), open::numeric(13,2), high::numeric(13,2), low::numeric(13,2), average::numeric(13,2),
    close::numeric(13,2), coalesce(bid, 0)::numeric(13,2), coalesce(ask, 0)::numeric(13,2), trades::int, volume,
    turnover::numeric(18,2), coalesce(strike, 0)::numeric(13,2), coalesce(correction, 0)::smallint,
    coalesce(expiry, DATE '9999-12-31'), factor, coalesce(strike_points, 0)::numeric(13,6), coalesce(isin, ''),
    distribution::smallint
FROM quotes WHERE source = 'cotahist'
