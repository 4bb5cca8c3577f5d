// The AWS SDK for JavaScript against the local service: node sdk.mjs ZIP, with endpoint, region and keys in the environment.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(process.env.PEERS + "/"));
const sdk = require("@aws-sdk/client-lambda");
const client = new sdk.LambdaClient({ maxAttempts: 1 });
const send = (name, input) => client.send(new sdk[name + "Command"](input));
const text = (payload) => Buffer.from(payload).toString("utf8").trim();
const FunctionName = "sdk";
const Role = "arn:aws:iam::123456789012:role/boxer";

const created = await send("CreateFunction", {
  FunctionName, Role, Runtime: "provided.al2023", Handler: "echo", Timeout: 30, MemorySize: 512,
  Code: { ZipFile: readFileSync(process.argv[2]) }, Environment: { Variables: { COLOUR: "blue" } },
});
assert.equal(created.$metadata.httpStatusCode, 201);
assert.equal(created.FunctionArn, "arn:aws:lambda:us-east-1:123456789012:function:sdk");
await sdk.waitUntilFunctionActiveV2({ client, maxWaitTime: 60 }, { FunctionName });

const listed = await send("ListFunctions", {});
assert.deepEqual(listed.Functions.map((one) => one.FunctionName), ["sdk"]);
assert.equal((await send("GetFunction", { FunctionName: created.FunctionArn })).Configuration.Environment.Variables.COLOUR, "blue");

const answer = await send("Invoke", { FunctionName, Payload: '{"a":[1,"ü"]}', LogType: "Tail" });
assert.equal(answer.StatusCode, 200);
assert.equal(answer.FunctionError, undefined);
assert.equal(answer.ExecutedVersion, "$LATEST");
assert.equal(text(answer.Payload), '{"a":[1,"ü"]}');
assert.match(Buffer.from(answer.LogResult, "base64").toString(), /^START RequestId/);
assert.equal((await send("Invoke", { FunctionName, InvocationType: "Event", Payload: "{}" })).StatusCode, 202);
assert.equal((await send("Invoke", { FunctionName, InvocationType: "DryRun" })).StatusCode, 204);

await send("UpdateFunctionConfiguration", { FunctionName, Handler: "fail" });
await sdk.waitUntilFunctionUpdatedV2({ client, maxWaitTime: 60 }, { FunctionName });
const failed = await send("Invoke", { FunctionName, Payload: "{}" });
assert.equal(failed.FunctionError, "Unhandled");
assert.equal(JSON.parse(text(failed.Payload)).errorType, "My.Error");

await send("PutFunctionConcurrency", { FunctionName, ReservedConcurrentExecutions: 0 });
await assert.rejects(send("Invoke", { FunctionName }), (error) => {
  assert.ok(error instanceof sdk.TooManyRequestsException);
  assert.equal(error.Reason, "ReservedFunctionConcurrentInvocationLimitExceeded");
  return error.$metadata.httpStatusCode === 429;
});
await send("PutFunctionEventInvokeConfig", { FunctionName, MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 });
assert.ok((await send("GetFunctionEventInvokeConfig", { FunctionName })).LastModified instanceof Date);
assert.equal((await send("GetAccountSettings", {})).AccountLimit.ConcurrentExecutions, 1000);
await assert.rejects(send("CreateFunction", { ...created, Role, Code: { ZipFile: readFileSync(process.argv[2]) } }), sdk.ResourceConflictException);
await assert.rejects(send("GetFunction", { FunctionName: "nobody" }), sdk.ResourceNotFoundException);
await assert.rejects(send("Invoke", { FunctionName: "nobody" }), (error) => error.name === "ResourceNotFoundException");
await send("DeleteFunction", { FunctionName });
assert.deepEqual((await send("ListFunctions", {})).Functions, []);
console.log("all as AWS's SDK expects it");
