-- Our rows in the shape of schema.sql's trades, to be compared with what the server reads out of the file by itself.
SELECT reference_date, ticker, action, price::numeric(18,3), volume, trade_time, trade_id, session::smallint, trade_date, buyer, seller
FROM trades
