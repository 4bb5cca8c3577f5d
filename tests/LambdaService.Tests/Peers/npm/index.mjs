// A function for AWS's own runtime client.
let calls = 0;

export const handler = async (event, context) => {
  if (event.fail) throw new TypeError("as asked");
  console.log("seen", context.awsRequestId);
  calls++;
  return {
    event, calls, id: context.awsRequestId, arn: context.invokedFunctionArn, name: context.functionName,
    memory: context.memoryLimitInMB, left: context.getRemainingTimeInMillis(), client: context.clientContext,
  };
};
