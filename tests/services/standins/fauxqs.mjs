// SNS and SQS (fauxqs) on 127.0.0.1 only; its own command listens on every address. FAUXQS_PORT; FAUXQS_DATA_DIR keeps everything in
// a database there, so that it survives an end of the process. It checks no signatures.
import { buildApp } from "fauxqs";
import { SqsStore } from "./node_modules/fauxqs/dist/sqs/sqsStore.js";
import { SnsStore } from "./node_modules/fauxqs/dist/sns/snsStore.js";
import { S3Store } from "./node_modules/fauxqs/dist/s3/s3Store.js";
import { PersistenceManager } from "./node_modules/fauxqs/dist/persistence.js";

const stores = { sqsStore: new SqsStore(), snsStore: new SnsStore(), s3Store: new S3Store() };
const folder = process.env.FAUXQS_DATA_DIR;
const persistence = folder ? new PersistenceManager(folder) : undefined;
if (persistence) {
  // The file is to outlive the process, not the machine.
  persistence.db.exec("PRAGMA synchronous = OFF");
  // Its own loses the count of receives, which the table refuses, so that a message cannot be given back.
  const giveBack = persistence.db.prepare(
    "UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL WHERE message_id = ?");
  persistence.updateMessageReady = (id) => giveBack.run(id);
  persistence.load(stores.sqsStore, stores.snsStore, stores.s3Store);
  for (const store of Object.values(stores)) store.persistence = persistence;
  for (const queue of stores.sqsStore.allQueues()) queue.persistence = persistence;
}
const app = buildApp({ logger: false, host: "localhost", stores });
if (persistence) app.addHook("preClose", () => { persistence.close(); });
for (const name of ["SIGTERM", "SIGINT"]) process.on(name, () => app.close().then(() => process.exit(0)));
await app.listen({ port: Number(process.env.FAUXQS_PORT), host: "127.0.0.1" });
