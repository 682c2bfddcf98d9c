-- What the peers that read B3's files themselves load into: B3's fields, exact types.
CREATE TABLE quotes (
    trade_date date NOT NULL, bdi smallint NOT NULL, ticker text NOT NULL, market smallint NOT NULL, company text, spec text,
    term_days smallint, currency text, open numeric(13,2), high numeric(13,2), low numeric(13,2), avg numeric(13,2),
    last numeric(13,2), bid numeric(13,2), ask numeric(13,2), trades int, quantity bigint, volume numeric(18,2),
    strike numeric(13,2), opt_ind smallint, expiry date, factor int, strike_pts numeric(13,6), isin text, dist smallint);
CREATE TABLE trades (
    ref_date date NOT NULL, ticker text NOT NULL, action smallint NOT NULL, price numeric(18,3) NOT NULL, quantity bigint NOT NULL,
    close_time time(3) NOT NULL, trade_id bigint NOT NULL, session smallint NOT NULL, trade_date date NOT NULL,
    buyer int, seller int);
