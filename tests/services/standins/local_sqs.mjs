// A second, independent SQS (local-aws-sqs) on 127.0.0.1, by AWS JSON and AWS Query. LOCAL_SQS_PORT. It reports stale receipt handles
// in the Failed list of a batch and answers an empty receive with an empty body. It checks no signatures.
import { createSqsServer } from "local-aws-sqs";

await createSqsServer({
  port: Number(process.env.LOCAL_SQS_PORT),
  hostname: "127.0.0.1",
  accountId: "000000000000",
  emulateQueueCreationLifecycle: false,
});
