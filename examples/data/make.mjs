// Called by make.sh: node make.mjs SCALE OUT_DIR WORK_DIR
import { DuckDBInstance } from '@duckdb/node-api';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const [, , scaleText, out, work] = process.argv;
const scale = Number(scaleText);
const fail = message => { console.error(`make.sh: ${message}`); process.exit(1); };
if (scale > 1 && !Number.isInteger(scale)) fail(`a scale above 1 is a whole number (dbgen makes it in parts), not ${scaleText}`);

// Row counts that dbgen is known to give; other scales are only printed.
const known = { 0.01: [15000, 60175], 0.1: [150000, 600572], 1: [1500000, 6001215] };

const tables = {
    orders: 'SELECT o_orderkey, o_orderpriority FROM orders',
    lineitem: 'SELECT l_orderkey, l_extendedprice, l_discount FROM lineitem',
};

// Above scale 1 dbgen runs in steps, each into one part of the database file, so memory stays bounded.
const steps = Math.max(1, Math.floor(scale));
// Small row groups at small scales, so that 16 ranks still have something to slice. One thread: the same bytes every time.
const rowGroup = scale < 0.1 ? 2048 : scale < 1 ? 16384 : 122880;

const fileName = (table, step) => steps > 1 ? `${table}.${String(step).padStart(4, '0')}.parquet` : `${table}.parquet`;
const files = Object.fromEntries(Object.keys(tables).map(t => [t, Array.from({ length: steps }, (_, step) => fileName(t, step))]));
const strangers = readdirSync(out).filter(f => /^(orders|lineitem).*\.parquet$/.test(f) && !Object.values(files).flat().includes(f));
if (strangers.length > 0) fail(`${out} holds ${strangers[0]} of another scale; the join would read it too`);

const instance = await DuckDBInstance.create(steps > 1 ? join(work, 'tpch.db') : ':memory:');
const connection = await instance.connect();
const quoted = file => join(out, file).replaceAll("'", "''");
const scalar = async sql => Number((await connection.runAndReadAll(sql)).getRows()[0][0]);

await connection.run('SET threads = 1');
for (let step = 0; step < steps; step++) {
    await connection.run(steps > 1 ? `CALL dbgen(sf = ${scale}, children = ${steps}, step = ${step})` : `CALL dbgen(sf = ${scale})`);
    for (const [name, query] of Object.entries(tables)) {
        await connection.run(`COPY (${query}) TO '${quoted(files[name][step])}' (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE ${rowGroup})`);
    }
    if (steps > 1) {
        console.log(`part ${step + 1} of ${steps}`);
        for (const table of ['customer', 'lineitem', 'nation', 'orders', 'part', 'partsupp', 'region', 'supplier'])
            await connection.run(`DROP TABLE ${table}`);
    }
}

const counts = [];
for (const name of Object.keys(tables)) {
    const list = files[name].map(file => `'${quoted(file)}'`).join(', ');
    counts.push(await scalar(`SELECT count(*) FROM read_parquet([${list}])`));
    console.log(`${name}: ${counts.at(-1)} rows`);
}
if (known[scale] && known[scale].join() !== counts.join()) fail(`scale ${scale} should have ${known[scale].join(' and ')} rows`);
