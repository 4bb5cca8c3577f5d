using System.Diagnostics;
using BoxerMpi.LambdaBootstrap;

// AWS Lambda starts this executable for the runtime provided.al2023, and gives it one event after another.
if (Environment.GetEnvironmentVariable("AWS_LAMBDA_RUNTIME_API") is not { Length: > 0 } address)
{
    Console.Error.WriteLine("This is the bootstrap of a boxer function: AWS Lambda runs it (boxer lambda deploy).");
    return 2;
}

using RuntimeClient runtime = new(address);
DeployedProgram program;
try
{
    program = DeployedProgram.Read(AppContext.BaseDirectory);
}
catch (RankFailedException wrong)
{
    await runtime.FailInitAsync(wrong.Error);
    return 1;
}

TimeSpan init = DateTime.Now - Process.GetCurrentProcess().StartTime;
while (true)
{
    RuntimeEvent next = (await runtime.NextAsync()) with { Init = init };
    init = TimeSpan.Zero;
    try
    {
        RankResult result = await RankRun.RunAsync(program, next);
        await runtime.AnswerAsync(next.RequestId, result);
    }
    catch (RankFailedException failure)
    {
        await runtime.FailAsync(next.RequestId, failure.Error);
    }
    catch (Exception error) when (error is not HttpRequestException)
    {
        // Whatever an event holds, it ends itself and not the function.
        await runtime.FailAsync(next.RequestId, new ErrorReport("Boxer.Failed", $"The event could not be handled: {error.Message}"));
    }
}
