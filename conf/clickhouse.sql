-- Tables of ClickHouse for `sinkwatch memory send`. From 18.16 (Debian 12) on; once for each
-- database:
--     sinkwatch memory send --print-schema | clickhouse-client --multiquery
--
-- A file of a resolver is a partition: sent again, the partition is dropped first, and rows count
-- only when sinkwatch_files says that the file is whole and current. So each file counts once,
-- whatever was interrupted. sinkwatch_sightings merges the rows of all files and resolvers: the
-- earliest first time, the latest last time, the sum of the counts.

CREATE TABLE IF NOT EXISTS sinkwatch_past
(
    source String,  -- resolver-id
    file String,    -- name of the file, octets, rows
    rname String,   -- labels of the owner from the right: net.example.www.
    name String,    -- owner, in presentation form with the final dot
    type UInt16,    -- of the record
    rdata String,   -- in presentation form
    zone String,    -- zone of the servers that answered; empty: not known
    rtarget String, -- labels of the name in the rdata, from the right; empty: none
    address String, -- A, AAAA: 8 or 32 hexadecimal digits; empty: another type
    first UInt64,   -- seconds since 1970
    last UInt64,
    count UInt64    -- how many times the record was received
)
ENGINE = MergeTree()
PARTITION BY (source, file)
ORDER BY (rname, type, rdata, zone);

CREATE TABLE IF NOT EXISTS sinkwatch_past_by_data
(
    source String, file String, rname String, name String, type UInt16, rdata String, zone String,
    rtarget String, address String, first UInt64, last UInt64, count UInt64
)
ENGINE = MergeTree()
PARTITION BY (source, file)
ORDER BY (address, rtarget, rname, type, rdata, zone);

CREATE MATERIALIZED VIEW IF NOT EXISTS sinkwatch_past_copy TO sinkwatch_past_by_data
AS SELECT * FROM sinkwatch_past;

CREATE TABLE IF NOT EXISTS sinkwatch_files
(
    source String,
    file String,
    rows UInt64,
    live UInt8, -- 1: the rows of the file count
    at UInt64   -- when this was said, microseconds since 1970: the latest holds
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (source, file);

CREATE VIEW IF NOT EXISTS sinkwatch_sightings AS
SELECT name, type, rdata, zone, min(first) AS first, max(last) AS last, sum(count) AS count
FROM sinkwatch_past
WHERE (source, file) IN
    (SELECT source, file FROM sinkwatch_files GROUP BY source, file HAVING argMax(live, at) = 1)
GROUP BY name, type, rdata, zone;
