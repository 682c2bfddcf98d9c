// What a Node programmer would write: Fastify, pg with a pool and a named statement, ioredis as a cache in front.
//   server.mjs PORT [REDIS_PORT]     without a Redis port every request asks the database
// The database is that of PGHOST, PGPORT, PGUSER, PGDATABASE; the table is ours.
import Fastify from "fastify";
import Redis from "ioredis";
import pg from "pg";

const [port, redisPort] = process.argv.slice(2);
const SECONDS = 600;
const pool = new pg.Pool({ max: 8 });
const redis = redisPort ? new Redis({ port: Number(redisPort), host: "127.0.0.1" }) : null;
const app = Fastify({ logger: false });

// Numbers as numbers, as the answers that are compared have them.
pg.types.setTypeParser(20, Number);
pg.types.setTypeParser(1700, Number);

const text = `SELECT ticker, trade_date::text AS date, market, bdi, name, specification, term_days, currency, open, high, low, average, close,
    bid, ask, trades, volume, turnover, strike, strike_points, correction, expiry::text AS expiry, factor, isin, distribution, source
    FROM quotes WHERE ticker = $1 AND trade_date BETWEEN $2 AND $3 ORDER BY trade_date, market, term_days LIMIT $4`;

app.get("/api/quotes/:ticker", async (request, reply) => {
    const ticker = request.params.ticker.toUpperCase();
    const { from = "1900-01-01", to = "9999-12-31", limit = "1000" } = request.query;
    const key = `quotes:${ticker}:${from}:${to}:${limit}`;
    reply.header("content-type", "application/json; charset=utf-8").serializer((body) => body);
    const hit = redis === null ? null : await redis.get(key);
    if (hit !== null)
        return hit;
    const answer = await pool.query({ name: "quotes", text, values: [ticker, from, to, Number(limit)] });
    const body = JSON.stringify(answer.rows);
    if (redis !== null)
        await redis.set(key, body, "EX", SECONDS);
    return body;
});

await app.listen({ port: Number(port), host: "127.0.0.1" });
